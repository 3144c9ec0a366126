"""A walking cat in profile. A few numbers define its pose; a stack of ribbons draws it."""

from dataclasses import dataclass, replace

import numpy as np

from pugmark.synthetic.ribbons import Canvas, Ribbon

EXTENT = (-1.45, -1.05, 1.25, 0.1)
DAYLIGHT, FLASH = (0.62, 0.16, 0.30), (0.30, 0.68, 0.06)
TRUNK = np.array(
    [(-0.52, -0.51, 0.13), (-0.38, -0.52, 0.185), (-0.08, -0.51, 0.18), (0.22, -0.50, 0.205), (0.42, -0.52, 0.17)]
)
NECK = np.array([(0.18, -0.06, 0.128), (0.28, -0.09, 0.115)])  # from the shoulder
HEAD = np.array([(0.36, -0.12, 0.112), (0.43, -0.115, 0.10), (0.52, -0.085, 0.066)])
GAIT = {"hind": (0.0, 0.5), "front": (0.25, 0.75)}  # near and far leg, share of a cycle (lateral-sequence walk)


@dataclass(frozen=True)
class Pose:
    """phase: of the gait, 0..1. In radians: neck, the upward turn of neck and head; nod, that of the head alone; yaw,
    the turn of the body out of the picture plane. In body lengths: arch of the back, roll of the flank about the spine,
    height of the tail's tip (tail), stride.
    """

    phase: float
    neck: float
    nod: float
    arch: float
    yaw: float
    roll: float
    tail: float
    stride: float


def random_pose(rng):
    """A random pose of a passing animal, with its head anywhere from low to high."""
    return Pose(
        phase=rng.uniform(),
        neck=rng.choice([rng.normal(0.1, 0.15), rng.uniform(-0.9, -0.4)], p=[0.7, 0.3]),
        nod=rng.uniform(-0.35, 0.25),
        arch=rng.uniform(-0.04, 0.05),
        yaw=rng.uniform(-0.6, 0.6),
        roll=rng.uniform(-0.06, 0.06),
        tail=rng.uniform(-0.1, 0.6),
        stride=rng.uniform(0.2, 0.42),
    )


def draw_animal(sheet, pose, scale, viewpoint, night):
    """The animal as a `Figure`, facing `viewpoint` (left or right).

    sheet: coat of the visible flank, the left one if the animal faces left. scale: pixels per body length.
    """
    canvas = Canvas(EXTENT, scale, FLASH if night else DAYLIGHT)
    for ribbon in _ribbons(pose, night):
        canvas.paint(_turned(ribbon, pose.yaw), sheet, pose.roll)
    return canvas.figure(viewpoint)


def _ribbons(pose, night):
    trunk = TRUNK.copy()
    trunk[1:4, 1] -= pose.arch * np.array([0.5, 1, 0.5])
    shoulder = trunk[-1, :2]
    neck = _placed(NECK, shoulder, pose.neck)
    skull = _placed(HEAD - (*NECK[1, :2], 0), neck[1, :2], pose.neck + pose.nod)
    joints = {"hind": trunk[1, 0], "front": trunk[3, 0] + 0.14}
    far, near = ([_leg(kind, pose, joint, side) for kind, joint in joints.items()] for side in (1, 0))
    body = Ribbon(tuple(map(tuple, np.r_[trunk, neck])), window=(0.0, 0.06))
    return [*far, _tail(pose), body, *near, *_head(skull, night)]


def _leg(kind, pose, joint, far):
    """A leg from its joint at column `joint`. The foot is on the ground for 60 % of the cycle, then swings forward."""
    phase = (pose.phase + GAIT[kind][far]) % 1
    swing = max(phase - 0.6, 0) / 0.4
    reach = 0.5 - phase / 0.6 if phase < 0.6 else swing - 0.5
    lift = 0.10 * np.sin(np.pi * swing)
    top = np.array([joint + 0.05 * far, -0.44])
    foot = np.array([joint + pose.stride * reach + (0.0 if kind == "front" else -0.05), -0.035 - lift])
    bends = [(0.42, 0.035), (0.74, -0.045)] if kind == "hind" else [(0.42, -0.035), (0.8, 0.01)]
    radii = (0.135, 0.092, 0.055, 0.048, 0.036) if kind == "hind" else (0.11, 0.075, 0.053, 0.050, 0.038)
    joints = [top, *(top + share * (foot - top) + (off * (1 + 0.5 * swing), 0) for share, off in bends), foot]
    joints.append((foot[0] + 0.06, foot[1] + 0.012))
    points = tuple((*point, radius) for point, radius in zip(joints, radii, strict=True))
    window = (0.1 if kind == "hind" else 1.0, 0.75)
    return Ribbon(points, window, tint=0.55 if far else 1.0, melt=0.0 if far else 0.35)


def _tail(pose):
    sag = -0.50 - 0.3 * pose.tail
    root, tip = ((-0.55, -0.53, 0.055), (-0.70, -0.46, 0.045)), (-1.02, sag - 0.2 * pose.tail, 0.038)
    return Ribbon((*root, (-0.86, sag + 0.18, 0.04), tip), window=(0.3, 1.05), tint=0.9)


def _head(skull, night):
    """Far ear, skull, near ear, muzzle, nose and eye. The eye shines in the flash."""
    direction = skull[2, :2] - skull[0, :2]
    direction /= np.hypot(*direction)
    up = np.array([direction[1], -direction[0]])
    crown, muzzle = skull[0, :2], skull[2, :2]

    def dot(at, radius, colour, tint=1.0, to=(0.004, 0.0)):
        return Ribbon(((*at, radius), (*(at + to), radius * 0.6)), colour=colour, tint=tint)

    ear = crown + 0.075 * up - 0.01 * direction
    return [
        dot(ear + 0.03 * direction, 0.04, (0.35, 0.25, 0.16), 0.7, to=0.05 * up),
        Ribbon(tuple(map(tuple, skull)), window=(1.4, 0.2)),
        dot(ear, 0.042, (0.22, 0.15, 0.10), to=0.055 * up - 0.01 * direction),
        dot(muzzle - 0.005 * up, 0.045, (0.85, 0.78, 0.68)),
        dot(muzzle + 0.045 * direction, 0.02, (0.10, 0.06, 0.06)),
        dot(crown + 0.10 * direction + 0.035 * up, 0.017, (3.0, 3.0, 3.0) if night else (0.05, 0.05, 0.03)),
    ]


def _placed(points, origin, angle):
    """Points (x, y, radius) turned upwards by `angle` and moved to `origin`."""
    cos, sin = np.cos(angle), np.sin(angle)
    turned = points[:, :2] @ np.array([[cos, -sin], [sin, cos]])
    return np.c_[turned + origin, points[:, 2]]


def _turned(ribbon, yaw):
    """Foreshorten the ribbon by the body's yaw. The end that comes nearer is larger and lower in the picture."""
    points = np.array(ribbon.points)
    points *= 1 + 0.18 * np.sin(yaw) * points[:, :1]
    points[:, 0] *= np.cos(yaw)
    points[:, 1] += 0.06 * np.sin(yaw) * points[:, 0]
    return replace(ribbon, points=tuple(map(tuple, points)))
