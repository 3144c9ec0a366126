"""GrabCut from a box: a mask without weights (Rother, Kolmogorov and Blake, SIGGRAPH 2004; OpenCV's implementation)."""

import cv2
import numpy as np

from pugmark.masking import boxes

LONG_SIDE = 256
LEAST_SIDE = 8
CONTEXT = 0.1
CORE = 0.7
ITERATIONS = 2


def grabcut(image, box):
    """The bool foreground of the box (left, top, right, bottom) of a uint8 image, H x W x 3; None for a sliver.

    Works on the box and a tenth of its size around it, shrunk to 256 pixels on the long side. A box whose shorter side
    is then under 8 pixels is a sliver. Equal pixels give equal masks.
    """
    left, top, right, bottom = box
    around = boxes.grown(box, image.shape[1], image.shape[0], CONTEXT)
    x, y = around[:2]
    context = boxes.window(image, around)
    scale = min(1.0, LONG_SIDE / max(context.shape[:2]))
    if scale * min(right - left, bottom - top) < LEAST_SIDE:
        return None
    small = cv2.resize(context, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    labels = _trimap(small.shape[:2], np.array([left - x, top - y, right - x, bottom - y]) * scale)
    cv2.setRNGSeed(0)
    cv2.grabCut(small, labels, None, np.zeros((1, 65)), np.zeros((1, 65)), ITERATIONS, cv2.GC_INIT_WITH_MASK)
    body = _body(np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8))
    whole = cv2.resize(body, context.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    return whole[top - y : bottom - y, left - x : right - x] > 0


def _trimap(shape, box):
    """GrabCut's initial labels: background around the box, animal in its core, probable labels in between.

    Without a certain core, GrabCut labels grey night pictures entirely as background. The corners outside the inscribed
    ellipse provide background even when the box fills the image. Where colours say little, these labels keep too much
    rather than too little: a lost head harms identification more than a few leaves.
    """
    left, top, right, bottom = np.round(box).astype(int)
    labels = np.full(shape, cv2.GC_BGD, np.uint8)
    labels[top:bottom, left:right] = cv2.GC_PR_BGD
    centre, axes = ((left + right) // 2, (top + bottom) // 2), np.array([right - left, bottom - top]) // 2
    cv2.ellipse(labels, centre, axes.tolist(), 0, 0, 360, cv2.GC_PR_FGD, cv2.FILLED)
    cv2.ellipse(labels, centre, np.round(CORE * axes).astype(int).tolist(), 0, 0, 360, cv2.GC_FGD, cv2.FILLED)
    return labels


def _body(foreground):
    """The largest connected part, with holes filled: a white blaze on a black cow is not background."""
    outlines, _ = cv2.findContours(foreground, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    largest = max(outlines, key=cv2.contourArea)
    return cv2.drawContours(np.zeros_like(foreground), [largest], 0, 1, cv2.FILLED)
