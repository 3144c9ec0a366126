"""Draw one picture of a station: view, shadows, animals and people by depth, foreground grass, the camera's light."""

from dataclasses import dataclass

import cv2
import numpy as np

from pugmark.synthetic import camera, scenes
from pugmark.synthetic.ribbons import Figure


@dataclass(frozen=True)
class Actor:
    """A figure and the pixel (column x, row y) of the picture at which it stands."""

    figure: Figure
    x: float
    y: float


def draw_frame(view, light, actors, rng):
    """The picture (uint8 H x W x 3) and the visible pixels of each actor (bool H x W), in the order of `actors`."""
    picture, falloff = scenes.background(view, rng), view.falloff.copy()
    masks = [None] * len(actors)
    for index in sorted(range(len(actors)), key=lambda index: actors[index].y):
        actor = actors[index]
        colour, alpha = _placed(actor, light, falloff.shape)
        picture *= (1 - _shadow(actor, light, falloff.shape))[..., None]
        picture *= 1 - alpha[..., None]
        picture += colour * (1 + 0.07 * rng.standard_normal(alpha.shape, np.float32))[..., None]
        row = min(int(actor.y), len(falloff) - 1)
        falloff += alpha * (view.falloff[row] - falloff)
        masks = [mask if mask is None else mask & (alpha < 0.5) for mask in masks]
        masks[index] = alpha >= 0.5
    reflectance = np.clip(picture * 255, 0, 255).astype(np.uint8)
    scenes.draw_blades(reflectance, view.blades, view.greens, sway=rng.normal(0, 0.8, len(view.blades)))
    return camera.expose(reflectance, falloff, light, rng), masks


def _placed(actor, light, shape):
    """Colour and alpha of the actor on a picture of `shape`. Long exposures at night blur it by motion."""
    figure = actor.figure
    shift = np.float32([[1, 0, actor.x - figure.x], [0, 1, actor.y - figure.y]])
    layers = [cv2.warpAffine(layer, shift, shape[::-1]) for layer in (figure.colour, figure.alpha)]
    return [cv2.blur(layer, (3, 1)) for layer in layers] if light.night else layers


def _shadow(actor, light, shape):
    """Share of the ground's light that the actor blocks: its outline, laid flat and blurred."""
    figure = actor.figure
    flat, slant = -0.06 if light.night else -0.16, light.slant
    laid = [[1, slant, actor.x - figure.x - slant * figure.y], [0, flat, actor.y - flat * figure.y]]
    outline = cv2.warpAffine(np.ascontiguousarray(figure.alpha), np.float32(laid), shape[::-1])
    return (0.3 if light.night else 0.5) * cv2.GaussianBlur(outline, (0, 0), shape[0] / 120)
