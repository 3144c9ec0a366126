"""The chain that masks a box: the chosen policy first, then its fallbacks, then no mask at all.

The paper's policies treat the padded box as a photograph of its own, and IS-Net sees only its pixels. In a tight box it
often finds an eye or a leg. `isnet_contexts` therefore shows it the detected box in up to four surroundings, and
believes what two of them have in common.

SAM embeds the whole image once, and its masks of everything are cut to each box. In the paper, `predictor_center_box`
prompts SAM with the full-image box and the centre of a cropped photograph. Here the prompts are the padded box and its
centre, on that one embedding.
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from pugmark import literals
from pugmark.masking import boxes, policies
from pugmark.masking.grabcut import grabcut

UNMASKED = "unmasked"
FALLBACKS = ("predictor_center_box", "isnet_contexts", "grabcut")
CONTEXTS = (0.05, 0.3, 0.6, 1.0)
"""Surroundings in which IS-Net is shown a detected box: shares of its size that are added on each side."""


class PolicyError(ValueError):
    """A policy that does not exist, lacks a model, or does not take a given threshold."""


class Picture:
    """One image, uint8 H x W x 3, with its SAM embedding, which is computed on first use."""

    def __init__(self, pixels, sam, isnet):
        self.pixels, self.isnet, self._sam = pixels, isnet, sam

    @functools.cached_property
    def sam(self):
        """The embedded image, shared by all boxes."""
        return self._sam.embed(self.pixels)


class Subject:
    """One padded box (left, top, right, bottom) of a Picture, and the detected box in it.

    Each model's result for the box is computed once.
    """

    def __init__(self, picture, box, detected):
        self.picture, self.box, self.detected = picture, box, detected

    @functools.cached_property
    def salient(self):
        """S, the salient foreground: bool, the box's height x width."""
        return self._salient_in(self.box)

    @functools.cached_property
    def masks(self):
        """{m_k}, SAM's masks of everything: list of arrays like S."""
        return self.picture.sam.masks(self.box)

    def prompted(self):
        """SAM's single mask for the box and its centre."""
        return policies.nonempty(self.picture.sam.prompt(self.box))

    def in_contexts(self):
        """IS-Net's foreground where two of the surroundings agree; None where none do."""
        height, width = self.picture.pixels.shape[:2]
        # At the edges of the picture several surroundings are one.
        seen = functools.cache(lambda box: self._pasted(self._salient_in(box), box))
        found = (seen(boxes.grown(self.detected, width, height, share)) for share in CONTEXTS)
        left, top, right, bottom = self.detected
        body = self._pasted(np.ones((bottom - top, right - left), bool), self.detected)
        return policies.agreeing(found, body) if body.any() else None

    def _salient_in(self, box):
        return self.picture.isnet.salient(boxes.window(self.picture.pixels, box))

    def _pasted(self, mask, box):
        """`mask` of another box, as bool in the shape of this one."""
        whole = np.zeros(self.picture.pixels.shape[:2], bool)
        boxes.window(whole, box)[:] = mask
        return boxes.window(whole, self.box)

    def cut(self):
        """GrabCut's foreground; None for a sliver, or if the foreground is almost nothing or almost everything."""
        mask = grabcut(self.picture.pixels, self.box)
        usable = mask is not None and policies.MIN_COVERAGE <= mask.mean() <= 1 - policies.MIN_COVERAGE
        return mask if usable else None


class Policy(NamedTuple):
    """How a policy masks a Subject, the models it needs and the thresholds it takes."""

    find: Callable
    models: tuple = ()
    thresholds: tuple = ()


BOTH = ("sam", "isnet")
POLICIES = {
    "union_iou": Policy(lambda it, **at: policies.union_iou(it.salient, it.masks, **at), BOTH, ("theta",)),
    "union_coverage": Policy(lambda it, **at: policies.union_coverage(it.salient, it.masks, **at), BOTH, ("theta",)),
    "largest_or_complement": Policy(
        lambda it, **at: policies.largest_or_complement(it.salient, it.masks, **at), BOTH, ("theta", "min_area")
    ),
    "predictor_center_box": Policy(Subject.prompted, ("sam",)),
    "isnet_contexts": Policy(Subject.in_contexts, ("isnet",)),
    "isnet_only": Policy(lambda it: policies.isnet_only(it.salient), ("isnet",)),
    "grabcut": Policy(Subject.cut),
    "none": Policy(lambda it: None),
}


class Chain:
    """A policy and those of its fallbacks whose models are given.

    sam, isnet: a `sam.Sam` and an `isnet.IsNet`, or None. thresholds: of the policy, to replace its defaults. Raises
    PolicyError.
    """

    def __init__(self, policy, sam=None, isnet=None, **thresholds):
        given = {name for name, model in (("sam", sam), ("isnet", isnet)) if model}
        _check(policy, given, thresholds)
        self.policy, self._sam, self._isnet = policy, sam, isnet
        self.steps = {policy: functools.partial(POLICIES[policy].find, **thresholds)}
        for name in FALLBACKS:
            if policy != "none" and given.issuperset(POLICIES[name].models):
                self.steps.setdefault(name, POLICIES[name].find)

    def picture(self, pixels):
        """The Picture of one image. Mask all its boxes before you make the next Picture."""
        return Picture(pixels, self._sam, self._isnet)

    def mask(self, picture, box, detected):
        """(bool mask of the padded box's height x width, the step that made it), or (None, "unmasked").

        box, detected: (left, top, right, bottom) of the padded box, and of the box as it was detected.
        """
        subject = Subject(picture, box, detected)
        for name, find in self.steps.items():
            mask = find(subject)
            if mask is not None:
                return mask, name
        return None, UNMASKED


def _check(policy, given, thresholds):
    if policy not in POLICIES:
        raise PolicyError(literals.unknown(policy, POLICIES, "mask policy"))
    if missing := [name for name in POLICIES[policy].models if name not in given]:
        names = {"sam": "sam_vit_b, sam_vit_l or sam_vit_h", "isnet": "isnet-general-use"}
        wanted = " and ".join(names[name] for name in missing)
        raise PolicyError(f"The mask policy {policy} needs the weights of {wanted}: give them, or choose grabcut.")
    if unknown := set(thresholds) - set(POLICIES[policy].thresholds):
        raise PolicyError(f"The mask policy {policy} has no {', '.join(sorted(unknown))}: leave it out.")
