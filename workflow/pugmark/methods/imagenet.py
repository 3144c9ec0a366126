"""A network as it came, never shown an animal of the collection. Every trained method should beat it.

With `weights: null` the network is random: what its architecture finds without any knowledge.
"""

from pugmark.learning import frozen
from pugmark.learning.frozen import embed, fit, network

__all__ = ["embed", "fit", "network"]
TITLE = "ImageNet features"
SOURCE = "He et al., Deep residual learning for image recognition (CVPR 2016), frozen"
FAMILY = "frozen"
LABELS = "none"
PARAMS = frozen.PARAMS
ALLOWED = frozen.ALLOWED
PUBLISHED = []
