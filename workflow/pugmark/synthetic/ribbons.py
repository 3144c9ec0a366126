"""Ribbons: rounded limbs of varying width along a curve, with surface coordinates and soft edges."""

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.interpolate import make_interp_spline

from pugmark.synthetic.noise import mix, smoothstep

BACK, BELLY = (0.70, 0.52, 0.29), (0.86, 0.79, 0.66)
SPOT, ROSETTE = (0.10, 0.075, 0.06), (0.50, 0.33, 0.16)


@dataclass(frozen=True)
class Ribbon:
    """A limb, in body lengths. y points down and is 0 on the ground.

    points: x, y, radius of each control point. window: where on the coat sheet its surface begins (u, v, body lengths).
    tint: brightness, below 1 for limbs on the far side. colour: RGB, None for a coat. melt: share of its length over
    which it fades into what is beneath.
    """

    points: tuple
    window: tuple = (0.0, 0.0)
    tint: float = 1.0
    colour: tuple | None = None
    melt: float = 0.0


@dataclass(frozen=True)
class Figure:
    """A cut-out: colour (H x W x 3, premultiplied by alpha) and alpha (H x W), float32 in 0..1. The pixel x, y is the
    point on the ground at its middle.
    """

    colour: np.ndarray
    alpha: np.ndarray
    x: float
    y: float


class Canvas:
    """A transparent picture on which ribbons are painted, each over the last, at `scale` pixels per body length.

    extent: x0, y0, x1, y1 in body lengths. light: shares of ambient, frontal and overhead light.
    """

    def __init__(self, extent, scale, light):
        self.extent, self.scale, self.light = extent, scale, light
        shape = tuple(int(np.ceil((extent[axis + 2] - extent[axis]) * scale)) for axis in (1, 0))
        self.colour, self.alpha = np.zeros((*shape, 3), np.float32), np.zeros(shape, np.float32)

    def paint(self, ribbon, sheet=None, roll=0.0):
        """Paint a ribbon in its own colour or with the coat of `sheet`, rolled on its axis by `roll` body lengths."""
        curve = _curve(ribbon.points, self.extent, self.scale)
        area, along, across, up, cover = _surface(curve, self.alpha.shape)
        facing = np.sqrt(np.clip(1 - across**2, 0, 1))
        if ribbon.colour is None:
            colour = _coat(sheet, along / self.scale, across, up, ribbon, curve[:, 2].mean() / self.scale, roll)
        else:
            colour = np.asarray(ribbon.colour, np.float32)
        ambient, front, overhead = self.light
        shade = ribbon.tint * (ambient + front * facing + overhead * up)
        if ribbon.melt:
            cover = cover * smoothstep(along / _arc(curve)[-1], 0.0, ribbon.melt)
        part = cover[..., None]
        self.colour[area] = self.colour[area] * (1 - part) + np.clip(colour * shade[..., None], 0, 1) * part
        self.alpha[area] = self.alpha[area] * (1 - cover) + cover

    def figure(self, viewpoint):
        """The painted figure: facing right as drawn, or mirrored to face left."""
        x, y = -self.extent[0] * self.scale, -self.extent[1] * self.scale
        if viewpoint == "right":
            return Figure(self.colour, self.alpha, x, y)
        return Figure(self.colour[:, ::-1], self.alpha[:, ::-1], self.alpha.shape[1] - 1 - x, y)


def _curve(points, extent, scale, spacing=4.0):
    """A dense curve through the control points, in pixels; rows of x, y, radius."""
    points = (np.asarray(points, float) - (extent[0], extent[1], 0)) * scale
    chord = _arc(points)
    at = np.linspace(0, chord[-1], max(int(chord[-1] / spacing), 2) + 1)
    spline = make_interp_spline(chord, points[:, :2], k=min(3, len(points) - 1))
    return np.c_[spline(at), np.interp(at, chord, points[:, 2])].astype(np.float32)


def _arc(points):
    """Length along a polyline up to each of its points."""
    return np.r_[0, np.cumsum(np.hypot(*np.diff(points[:, :2], axis=0).T))].astype(np.float32)


def _surface(curve, shape):
    """The ribbon's area on the canvas (slices), and for each pixel along (px), across (-1..1), up (-1..1) and cover.

    The ribbon is the union of circles along the curve. A pixel belongs to the circle in which it lies deepest.
    """
    centre, radius = curve[:, :2], curve[:, 2]
    low = np.maximum(np.floor((centre - radius[:, None]).min(0) - 1).astype(int), 0)
    high = np.minimum(np.ceil((centre + radius[:, None]).max(0) + 2).astype(int), shape[::-1])
    y, x = np.mgrid[low[1] : high[1], low[0] : high[0]].astype(np.float32)
    gap = np.hypot(x[..., None] - centre[:, 0], y[..., None] - centre[:, 1]) - radius
    nearest = gap.argmin(-1)
    tangent = np.gradient(centre, axis=0)
    tangent_x, tangent_y = (tangent / np.hypot(*tangent.T)[:, None])[nearest].transpose(2, 0, 1)
    off_x, off_y = x - centre[nearest, 0], y - centre[nearest, 1]
    along = _arc(centre)[nearest] + off_x * tangent_x + off_y * tangent_y
    across = np.clip((off_x * tangent_y - off_y * tangent_x) / radius[nearest], -1, 1)
    cover = np.clip(0.5 - gap.min(-1), 0, 1)
    return (slice(low[1], high[1]), slice(low[0], high[0])), along, across, across * tangent_x, cover


def _coat(sheet, along, across, up, ribbon, radius, roll):
    """Colour of a furred surface with a light belly. The coat is wrapped on a cylinder that is seen from the side."""
    density = sheet.shape[2] / 2.0
    u = ((ribbon.window[0] + along) * density).astype(np.float32)
    v = ((ribbon.window[1] + roll + radius * (1 - np.arcsin(across))) * density).astype(np.float32)
    dark, filling = (cv2.remap(layer, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP) for layer in sheet)
    base = mix(BELLY, BACK, smoothstep(up, -0.9, -0.1))
    fade = smoothstep(up, -1.0, -0.6)
    return mix(mix(base, ROSETTE, filling * fade), SPOT, dark * fade)
