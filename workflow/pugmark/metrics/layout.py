"""A map of vectors: t-SNE of the crops of a few individuals, and how well these are apart in the space itself.

A map pulls groups apart that are not, so it never stands without the silhouette score. Sources: van der Maaten and
Hinton, Visualizing data using t-SNE (2008); Rousseeuw, Silhouettes (1987).
"""

import numpy as np
from sklearn.manifold import TSNE
from sklearn.metrics import silhouette_score

INDIVIDUALS, EACH = 15, 40
"""Most individuals on a map, and most crops of each."""


def chosen(names, first=()):
    """Rows of up to EACH crops of up to INDIVIDUALS individuals: those in `first`, then those with most crops.

    names: of the individual of each crop, None where it has none. Individuals with one crop are left out.
    """
    known, counts = np.unique([name for name in names if name is not None], return_counts=True)
    several = [(name not in first, -count, name) for name, count in zip(known, counts, strict=True) if count > 1]
    wanted = [name for _, _, name in sorted(several)[:INDIVIDUALS]]
    rows = [[row for row, name in enumerate(names) if name == one][:EACH] for one in wanted]
    return np.array(sorted(row for part in rows for row in part), int)


def placed(vectors):
    """Places on the map, float32 N x 2, of unit vectors, N x D with N of 5 or more: by their cosines, the same each
    time."""
    perplexity = min(30.0, (len(vectors) - 1) / 3)
    made = TSNE(metric="cosine", init="pca", perplexity=perplexity, random_state=0)
    return made.fit_transform(np.asarray(vectors, np.float32))


def silhouette(vectors, names):
    """Mean silhouette from -1 to 1, by cosines, of vectors whose individuals are `names`; NaN for fewer than two."""
    several = 1 < len(set(names)) < len(names)
    return float(silhouette_score(vectors, names, metric="cosine")) if several else float("nan")
