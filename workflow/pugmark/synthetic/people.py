"""A walking person: surveys also photograph people, and those pictures must be kept out."""

import numpy as np

from pugmark.synthetic.animals import DAYLIGHT, FLASH
from pugmark.synthetic.ribbons import Canvas, Ribbon

EXTENT = (-0.6, -1.75, 0.6, 0.1)  # in body lengths of the cat, about 1.05 m
SKIN, CLOTH = (0.45, 0.31, 0.23), ((0.33, 0.36, 0.22), (0.24, 0.27, 0.38), (0.46, 0.40, 0.30))


def draw_person(dress, phase, scale, viewpoint, night):
    """A person at `phase` (0..1) of the stride. dress: order of the cloth colours; the rest as in `draw_animal`."""
    jacket, trousers = (CLOTH[index] for index in dress[:2])
    swing = 0.12 + 0.20 * abs(np.sin(np.pi * phase))  # feet never meet: the figure would look like a post
    canvas = Canvas(EXTENT, scale, FLASH if night else DAYLIGHT)
    for side, tint in ((-1, 0.6), (1, 1.0)):
        foot = side * swing
        leg = ((0, -0.85, 0.11), (foot * 0.5 + 0.03, -0.45, 0.075), (foot, -0.05, 0.055), (foot + 0.1, -0.035, 0.04))
        arm = ((0, -1.33, 0.07), (-foot * 0.5 - 0.03, -1.07, 0.05), (-foot + 0.05, -0.85, 0.04))
        limbs = [Ribbon(leg, colour=trousers, tint=tint), Ribbon(arm, colour=jacket, tint=tint)]
        torso = [Ribbon(((0, -0.85, 0.13), (0.01, -1.1, 0.15), (0.01, -1.33, 0.15)), colour=jacket)]
        for ribbon in limbs if side < 0 else [limbs[0], *torso, limbs[1]]:
            canvas.paint(ribbon)
    canvas.paint(Ribbon(((0.01, -1.45, 0.06), (0.02, -1.52, 0.10), (0.03, -1.58, 0.10)), colour=SKIN))
    canvas.paint(Ribbon(((-0.02, -1.62, 0.08), (0.03, -1.64, 0.09)), colour=(0.20, 0.14, 0.10)))
    return canvas.figure(viewpoint)
