"""MegaDescriptor: a Swin transformer that learned individuals of dozens of public animal data sets, as it came.

Its model card states colours from -1 to 1, its configuration file ImageNet's, which the authors' own tools use: so they
are the default, and `colours: half` is the other.
"""

from pugmark.learning import frozen
from pugmark.learning.frozen import embed, fit, network

__all__ = ["embed", "fit", "network"]
TITLE = "MegaDescriptor-L-384"
SOURCE = "Cermak et al., WildlifeDatasets: an open-source toolkit for animal re-identification (WACV 2024)"
FAMILY = "frozen"
LABELS = "none"
PARAMS = frozen.PARAMS | {
    "backbone": "timm/swin_large_patch4_window12_384",  # [paper] T, S and B are of 224 pixels
    "weights": "megadescriptor-l-384",  # [paper] name of a weight file, null for a random network
    "height": 384,  # [paper] pixels
    "width": 384,  # [paper] pixels
}
ALLOWED = frozen.ALLOWED
PUBLISHED = [{"data": "17 sets, mean", "metric": "rank1", "value": 0.755, "setting": "as WildFusion reports it"}]
