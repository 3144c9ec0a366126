"""Unit norm, in a module of its own: controls and trackers need it, and need not import torch."""

import numpy as np


def unit(features):
    """Scale rows to unit norm, float32. A zero row has no direction and becomes the constant vector."""
    features = np.asarray(features, np.float32)
    norms = np.linalg.norm(features, axis=1, keepdims=True)
    return np.where(norms > 0, features / np.maximum(norms, 1e-12), 1 / np.sqrt(features.shape[1])).astype(np.float32)
