"""Rules that choose the animal among candidate masks. They work on arrays, without models.

S is IS-Net's salient foreground and {m_k} are SAM's masks of everything. All are bool arrays in the shape of the padded
box. A policy returns the foreground, or None if it accepts nothing.

Source: "Addressing the Elephant in the Room", equations 1, 9 and 10, and its authors' code. Equation 1 keeps masks that
score *below* the threshold, A.8 those that do not. Both scores measure agreement with S, so this module follows A.8.
The union of two areas in equation 9 is read as the area of the union. `agreeing` is this project's own.
"""

import numpy as np

MIN_COVERAGE = 0.01
PLAUSIBLE = 0.25, 0.95
"""Shares of the detected box that an animal fills: less is an eye or a leg, more is the whole box."""
ALIKE = 0.65
"""IoU from which two results confirm each other."""
SURE = 0.8
"""IoU from which no further result is asked for."""


def iou(mask, salient):
    """Pixels in both over pixels in either; 0 if both are empty. Equation 9."""
    return (mask & salient).sum() / max((mask | salient).sum(), 1)


def coverage(mask, salient):
    """The share of `mask` that is salient; 0 for an empty mask. Equation 10."""
    return (mask & salient).sum() / max(mask.sum(), 1)


def union_iou(salient, masks, theta=0.3):
    """The union of the masks whose IoU with S is at least theta. Equations 1 and 9."""
    return _union([mask for mask in masks if iou(mask, salient) >= theta])


def union_coverage(salient, masks, theta=0.5):
    """The union of the masks whose coverage by S is at least theta. Equations 1 and 10."""
    return _union([mask for mask in masks if coverage(mask, salient) >= theta])


def largest_or_complement(salient, masks, theta=0.3, min_area=0.1):
    """SAM's largest mask, or its complement if that mask is the background. The authors' code for ATRW.

    The mask is the background if S covers more than `min_area` of the box and its IoU with S is below theta.
    """
    if not masks:
        return None
    largest = max(masks, key=np.count_nonzero)
    is_background = salient.mean() > min_area and iou(largest, salient) < theta
    return nonempty(~largest if is_background else largest)


def isnet_only(salient, min_coverage=MIN_COVERAGE):
    """S, or None if it covers less than `min_coverage`: min-max scaling finds something even without an animal."""
    return salient if salient.mean() >= min_coverage else None


def agreeing(results, body):
    """The union of the two results that agree best, or None where no two do.

    results: iterable of masks of one animal, made in different ways; those after a sure agreement are not asked for. A
    result counts if it is plausible inside `body`, a bool mask of the detected box.
    """
    plausible, best, found = [], ALIKE, None
    for mask in results:
        if not PLAUSIBLE[0] <= mask[body].mean() <= PLAUSIBLE[1]:
            continue
        for other in plausible:
            if (alike := iou(mask, other)) >= best:
                best, found = alike, mask | other
        plausible.append(mask)
        if found is not None and best >= SURE:
            break
    return found


def nonempty(mask):
    """The mask, or None if no pixel is set."""
    return mask if mask.any() else None


def _union(masks):
    return nonempty(np.logical_or.reduce(masks)) if masks else None
