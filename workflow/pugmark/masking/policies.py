"""Which of the candidate masks are the animal: rules on arrays, without models.

S is the salient foreground that IS-Net finds, {m_k} are SAM's masks of everything, all bool and of one shape: the
padded box. A policy returns the foreground, or None where it accepts nothing.

Source: "Addressing the Elephant in the Room", equations 1, 9 and 10, and its authors' code. Equation 1 keeps a mask
where its score is *below* the threshold, A.8 where it is not; both scores measure agreement with S, so the latter.
The union of two areas in equation 9 is the area of the union.
"""

import numpy as np

MIN_COVERAGE = 0.01


def iou(mask, salient):
    """Pixels in both over pixels in either; 0 where both are empty. Equation 9."""
    return (mask & salient).sum() / max((mask | salient).sum(), 1)


def coverage(mask, salient):
    """The share of `mask` that is salient; 0 for an empty mask. Equation 10."""
    return (mask & salient).sum() / max(mask.sum(), 1)


def union_iou(salient, masks, theta=0.3):
    """The union of the masks whose IoU with S is at least theta. Equations 1 and 9."""
    return _union([mask for mask in masks if iou(mask, salient) >= theta])


def union_coverage(salient, masks, theta=0.5):
    """The union of the masks of which at least the share theta is salient. Equations 1 and 10."""
    return _union([mask for mask in masks if coverage(mask, salient) >= theta])


def largest_or_complement(salient, masks, theta=0.3, min_area=0.1):
    """SAM's largest mask, or its complement where it must be the background. The authors' code for ATRW.

    It is the background where S is more than `min_area` of the box and yet the two agree by an IoU below theta.
    """
    if not masks:
        return None
    largest = max(masks, key=np.count_nonzero)
    is_background = salient.mean() > min_area and iou(largest, salient) < theta
    return nonempty(~largest if is_background else largest)


def isnet_only(salient, min_coverage=MIN_COVERAGE):
    """S itself. Its min-max scaling finds something even where there is no animal, hence the least share of the box."""
    return salient if salient.mean() >= min_coverage else None


def nonempty(mask):
    """The mask, or None where no pixel is set."""
    return mask if mask.any() else None


def _union(masks):
    return nonempty(np.logical_or.reduce(masks)) if masks else None
