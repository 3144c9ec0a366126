"""Which place of one picture looks like a given place of another, to a network: cosines of its local features.

Source: Yu et al., Addressing the Elephant in the Room, Fig. 4, with descriptors of Thewlis et al., Unsupervised
Learning of Landmarks by Descriptor Vector Exchange (ICCV 2019). Any feature maps can take the descriptors' place.
"""

import torch
from torch.nn import functional as F


def match(here, there, place, inside=None):
    """Where `there` looks most like `place` (row, column) of `here`: ((row, column), cosines h x w).

    here, there: feature maps, D x H x W and D x h x w. inside: bool h x w, where to look, None for everywhere.
    """
    wanted = F.normalize(here[:, place[0], place[1]], dim=0)
    cosines = torch.einsum("d,dhw->hw", wanted, F.normalize(there, dim=0))
    candidates = cosines if inside is None or not inside.any() else cosines.masked_fill(~inside, -torch.inf)
    return _place(candidates), cosines


def hottest(heat, inside):
    """The (row, column) of the greatest value of a map, H x W, inside a mask, bool H x W; anywhere if it is empty."""
    return _place(heat.masked_fill(~inside, -1) if inside.any() else heat)


def _place(values):
    down, right = divmod(int(values.argmax()), values.shape[1])
    return down, right
