"""Smooth random fields, the raw material of every texture."""

import cv2
import numpy as np


def fractal(rng, height, width, cell, octaves=4):
    """Fractal noise, float32 height x width, mean 0, standard deviation 1. cell: the coarsest wavelength, pixels."""
    total = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        size = max(cell / 2**octave, 1)
        grid = rng.standard_normal((int(height / size) + 2, int(width / size) + 2), dtype=np.float32)
        total += cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC) / 2**octave
    return (total - total.mean()) / total.std()


def smoothstep(values, low, high):
    """0 below `low`, 1 above `high`, a smooth cubic in between."""
    part = np.clip((values - low) / (high - low), 0, 1)
    return part * part * (3 - 2 * part)


def mix(first, second, share):
    """`first` * (1 - share) + `second` * share. A trailing colour axis is added to `share`."""
    share = np.asarray(share, np.float32)[..., None]
    return np.asarray(first, np.float32) * (1 - share) + np.asarray(second, np.float32) * share
