"""The camera: the light of a sequence (daylight or infra-red flash) and the sensor's noise."""

from dataclasses import dataclass

import cv2
import numpy as np

from pugmark.synthetic.noise import fractal

NEAR_INFRARED = np.float32([0.5, 0.3, 0.2])  # how much of each colour the sensor sees under the flash


@dataclass(frozen=True)
class Light:
    """How a sequence is lit. night: infra-red flash, no colour. gain: exposure. slant: of shadows, columns per row.
    By day only: warmth, red over blue; dapple, sunlight between leaves, H x W, around 1.
    """

    night: bool
    gain: float
    slant: float
    warmth: float
    dapple: np.ndarray


def random_light(rng, night, width, height):
    """The light of one sequence."""
    dapple = 1 + rng.uniform(0, 0.10) * fractal(rng, height, width, 90, octaves=2)
    gain, slant, warmth = rng.uniform(0.8, 1.15), rng.uniform(-0.3, 0.3), rng.uniform(-0.07, 0.10)
    return Light(night, gain, slant, warmth, dapple.astype(np.float32))


def expose(albedo, falloff, light, rng):
    """Turn reflectance (uint8 H x W x 3) into a noisy uint8 picture of the same shape.

    falloff: share of the flash that returns from each pixel, H x W.
    """
    height, width = falloff.shape
    y, x = np.linspace(-1, 1, height, dtype=np.float32)[:, None], np.linspace(-1, 1, width, dtype=np.float32)
    corner = x * x + y * y
    if light.night:
        beam = np.exp(-0.75 * corner) * falloff * np.float32(light.gain * 1.55 / 255)
        picture = (0.03 + (albedo @ NEAR_INFRARED) * beam) ** np.float32(0.85)
        noisy = picture + np.float32(0.028) * rng.standard_normal(picture.shape, np.float32)
        return cv2.cvtColor(np.clip(noisy * 255, 0, 255).astype(np.uint8), cv2.COLOR_GRAY2RGB)
    tone = np.float32(light.gain * rng.normal(1, 0.012) / 255) * (1 - np.float32(0.10) * corner) * light.dapple
    picture = albedo * tone[..., None] * np.float32([1 + light.warmth, 1, 1 - light.warmth])
    noisy = picture + np.float32(0.014) * rng.standard_normal(picture.shape, np.float32)
    return np.clip(noisy * 255, 0, 255).astype(np.uint8)
