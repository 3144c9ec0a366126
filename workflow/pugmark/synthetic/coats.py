"""Coat patterns, one per individual and flank. The Swift-Hohenberg equation grows them from the individual's seed."""

import functools

import numpy as np

from pugmark.synthetic.noise import fractal, smoothstep

DENSITY = 128  # pixels of the sheet per body length
SHEET = (160, 256)  # height, width; holds trunk, head, legs and tail side by side
STEPS = 30  # stops long before the pattern is regular: irregular spots distinguish individuals
DARK = 0.33  # share of the flank that spots and rosettes cover
SIDES = ("left", "right")


@functools.lru_cache(maxsize=256)
def coat(seed, individual, side):
    """Darkness and rosette filling of one flank, float32 2 x SHEET in 0..1.

    The two flanks of an individual have different patterns of the same style (wavelength and spottedness). All
    individuals have the same share of dark hair, so brightness alone identifies nobody.
    """
    style = np.random.default_rng([seed, 1, individual])
    wavelength, spots = style.uniform(0.17, 0.32) * DENSITY, style.uniform(0.0, 1.4)
    rng = np.random.default_rng([seed, 1, individual, SIDES.index(side)])
    field = swift_hohenberg(rng, wavelength, spots)
    edge, inner = np.quantile(field, [1 - DARK, 1 - DARK / 3])
    ringed = smoothstep(fractal(rng, *SHEET, cell=60, octaves=1), -0.2, 0.4)
    filling = smoothstep(field, inner - 0.15, inner + 0.15) * ringed
    return np.stack([smoothstep(field, edge - 0.15, edge + 0.15) * (1 - filling), filling]).astype(np.float32)


def swift_hohenberg(rng, wavelength, spots, growth=0.4, step=0.3):
    """A Turing pattern on the sheet, standard deviation 1. `spots` near 1 gives spots, near 0 a labyrinth of stripes.

    u' = (growth - (1 + laplace / k^2)^2) u + spots u^2 - u^3 with k = 2 pi / wavelength (Swift & Hohenberg 1977,
    doi:10.1103/PhysRevA.15.319, eq. 17 with the quadratic term), solved semi-implicitly in Fourier space.
    """
    height, width = SHEET
    squared = np.fft.fftfreq(height)[:, None] ** 2 + np.fft.rfftfreq(width)[None] ** 2
    linear = growth - (1 - squared * wavelength**2) ** 2
    u = 0.3 * fractal(rng, height, width, cell=wavelength / 2, octaves=2)
    for _ in range(STEPS):
        change = np.fft.rfft2(u + step * u * u * (spots - u))
        u = np.fft.irfft2(change / (1 - step * linear), s=SHEET)
    return (u - u.mean()) / u.std()
