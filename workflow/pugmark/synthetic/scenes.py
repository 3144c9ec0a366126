"""Stations: a fixed view of ground, trees and grass, drawn once from the station's seed."""

import functools
from dataclasses import dataclass

import cv2
import numpy as np

from pugmark.synthetic.noise import fractal, mix, smoothstep

# Far vegetation, straw, earth, grass: one row per kind of habitat, RGB reflectance.
PALETTES = np.array(
    [
        [(0.20, 0.25, 0.13), (0.62, 0.55, 0.36), (0.42, 0.33, 0.22), (0.45, 0.44, 0.22)],
        [(0.12, 0.20, 0.10), (0.38, 0.36, 0.22), (0.27, 0.21, 0.15), (0.24, 0.36, 0.14)],
        [(0.30, 0.28, 0.22), (0.58, 0.53, 0.46), (0.47, 0.42, 0.36), (0.42, 0.43, 0.26)],
        [(0.23, 0.29, 0.18), (0.55, 0.42, 0.30), (0.50, 0.32, 0.21), (0.50, 0.47, 0.26)],
    ],
    np.float32,
)
SUBPIXEL = 4  # fractional bits of the blades' coordinates


@dataclass(frozen=True)
class Station:
    """albedo: uint8 H x W x 3. horizon: row where the ground begins. falloff: share of the flash that returns from the
    ground, H x W. leafy: how much wind moves a pixel, H x W in 0..1. blades: root x, root y, tip dx, tip dy (px) of the
    grass in front of the camera, N x 4. greens: its colours, N x 3.
    """

    albedo: np.ndarray
    horizon: float
    falloff: np.ndarray
    leafy: np.ndarray
    blades: np.ndarray
    greens: np.ndarray

    def ground(self, depth):
        """Row of the feet and pixels per body length of a figure at `depth`, 0 (far) to 1 (near)."""
        height = len(self.albedo)
        row = self.horizon + (0.30 + 0.70 * depth) * (0.93 * height - self.horizon)
        return row, 0.86 * (row - self.horizon)


@functools.lru_cache(maxsize=16)
def station(seed, index, width, height):
    """The view of station `index`, the same in every batch."""
    rng = np.random.default_rng([seed, 2, index])
    far, straw, earth, grass = PALETTES[index % len(PALETTES)] * rng.uniform(0.9, 1.1)
    horizon = rng.uniform(0.32, 0.40) * height
    rows = np.arange(height, dtype=np.float32)[:, None]
    albedo = _forest(rng, width, height, horizon, far)
    below = smoothstep(rows + 5 * fractal(rng, height, width, 40), horizon - 6, horizon + 10)
    albedo = mix(albedo, _ground(rng, width, height, horizon, straw, earth), below)
    albedo = np.clip(albedo * 255, 0, 255).astype(np.uint8)
    _tufts(rng, albedo, horizon, grass)
    nearness = np.clip((rows - 0.6 * horizon) / (height - 0.6 * horizon), 0.08, 1)
    falloff = np.repeat(nearness**0.8, width, 1)
    leafy = (1 - below) * smoothstep(fractal(rng, height, width, 80), 0.0, 1.0)
    count = int(rng.integers(25, 60))
    tips = rng.normal(0, 0.05, count), -rng.uniform(0.05, 0.20, count)
    blades = np.stack([rng.uniform(0, width / height, count), np.full(count, 1.01), *tips], 1) * height
    greens = grass * rng.uniform(0.6, 1.2, (count, 1)) * 255
    return Station(albedo, horizon, falloff, leafy, blades, greens)


def _forest(rng, width, height, horizon, far):
    """Bushes and trunks behind the ground, lighter where the sky shows through."""
    texture = fractal(rng, height, width, 60, octaves=6)
    albedo = mix(far * 0.55, far * 1.5, smoothstep(texture, -1.2, 1.6))
    rows = np.arange(height, dtype=np.float32)[:, None]
    sky = smoothstep(texture + 1.5 * (1 - 2 * rows / horizon), 1.4, 2.2)
    albedo = mix(albedo, (0.80, 0.84, 0.86), 0.8 * sky)
    bark = 0.8 + 0.15 * fractal(rng, height, width, 12)
    columns = np.arange(width, dtype=np.float32)[None]
    for _ in range(rng.integers(3, 7)):
        girth = rng.uniform(0.008, 0.035) * height
        centre = rng.uniform(0, width) + rng.normal(0, 0.05) * rows + 2 * np.sin(rows / 40)
        foot = smoothstep(horizon + girth - rows, -2, 2)
        trunk = smoothstep(girth * (1.25 - 0.3 * rows / height) - np.abs(columns - centre), -1, 1) * foot
        rounded = (0.75 - 0.3 * (columns - centre) / (2 * girth))[..., None]
        albedo = mix(albedo, np.float32((0.30, 0.25, 0.20)) * bark[..., None] * rounded, trunk)
    return albedo


def _ground(rng, width, height, horizon, straw, earth):
    """Litter, stones and a trail in perspective: a texture on the plane in front of the camera."""
    size = 512
    texture = fractal(rng, size, size, 128, octaves=7)
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    depth = 1 / (np.maximum(rows - horizon, 0) / height + 0.06)
    across = (columns / width - 0.5) * depth
    at = across * 90 + rng.uniform(0, size), depth * 60
    litter = cv2.remap(texture, *(np.float32(axis) for axis in at), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    litter = litter * np.clip(3.5 / depth, 0.3, 1) + 0.35 * fractal(rng, height, width, 5, octaves=2)
    trail = np.exp(-((across - rng.uniform(-0.6, 0.6) - 0.15 * np.sin(depth)) ** 2) / 0.25)
    ground = mix(earth, straw, smoothstep(litter - 0.8 * trail, -1.6, 1.6))
    stones = smoothstep(fractal(rng, height, width, 18, octaves=2), 2.1, 2.5)
    return mix(ground, ground.mean((0, 1)) * 1.15, 0.8 * stones) * (1 + 0.06 * litter[..., None])


def _tufts(rng, albedo, horizon, grass):
    """Paint motionless grass tufts from far and small to near and large."""
    height, width = albedo.shape[:2]
    for depth in np.sort(rng.uniform(0, 1, 26)) ** 1.5:
        row, blades = horizon + depth * (height - horizon), int(rng.integers(8, 22))
        size = (0.025 + 0.10 * depth) * height
        roots = np.stack([rng.uniform(0, width) + rng.normal(0, 0.35 * size, blades), np.full(blades, row)], 1)
        tips = np.stack([rng.normal(0, 0.4 * size, blades), -rng.uniform(0.4, 1.0, blades) * size], 1)
        draw_blades(albedo, np.hstack([roots, tips]), grass * rng.uniform(0.5, 1.15, (blades, 1)) * 255)


def draw_blades(picture, blades, colours, sway=0.0):
    """Draw curved blades (root x, root y, tip dx, tip dy) into a uint8 picture. `sway` moves the tips, px."""
    bend = np.linspace(0, 1, 5)[None, :, None]
    roots, tips = blades[:, None, :2], blades[:, None, 2:]
    side, rise = (tips[..., :1] + np.reshape(sway, (-1, 1, 1))) * bend**2, tips[..., 1:] * bend
    curves = np.round((roots + np.concatenate([side, rise], 2)) * 2**SUBPIXEL).astype(np.int32)
    for curve, colour in zip(curves, colours, strict=True):
        cv2.polylines(picture, [curve], False, colour.tolist(), 1, cv2.LINE_AA, SUBPIXEL)


def background(view, rng):
    """The view at one moment, with wind in the leaves and camera shake: float32 H x W x 3 in 0..1."""
    height, width = view.leafy.shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    shake = np.float32(rng.normal(0, 0.15, 2))
    wind = [np.float32(0.7) * view.leafy * fractal(rng, height, width, 60, 1) for _ in range(2)]
    at = x + wind[0] + shake[0], y + wind[1] + shake[1]
    moved = cv2.remap(view.albedo, *at, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return moved.astype(np.float32) / 255
