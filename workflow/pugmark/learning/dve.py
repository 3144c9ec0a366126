"""Descriptor vector exchange: local features that find a place of one animal again in a warped picture of it, by way of
another animal.

The descriptors of a picture are replaced by what they resemble in an auxiliary picture, and these must find the right
place in the warped picture. So what serves one animal alone, such as its spots, serves nothing, and parts of the body
are left. Source: Thewlis et al. (ICCV 2019); as used by Yu et al., Addressing the Elephant in the Room, equation 3.
"""

import torch
from torch.utils import checkpoint


def loss(here, auxiliary, there, targets, stride, power):
    """Mean over pictures and places u of sum_v Q_uv |g(u) - v|^power.

    here, auxiliary, there: descriptors, B x D x h x w, of the pictures, of others, and of the warped ones. targets:
    g(u), where each place lies in the warped picture, in pixels: B x h x w x 2, x and y. stride: pixels between places.
    Q = softmax(P' there), where P = softmax(here' auxiliary) auxiliary. Memory holds two n x n maps of one picture.
    """
    height, width = there.shape[2:]
    down, right = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    places = stride * torch.stack([right, down], 2).view(-1, 2).to(targets)
    parts = zip(here.flatten(2), auxiliary.flatten(2), there.flatten(2), targets.flatten(1, 2), strict=True)
    each = [checkpoint.checkpoint(_of_one, *part, places, power, use_reentrant=False) for part in parts]
    return torch.stack(each).mean()


def _of_one(here, auxiliary, there, targets, places, power):
    with torch.autocast(here.device.type, enabled=False):
        exchanged = torch.softmax(here.T @ auxiliary, 1) @ auxiliary.T
        found = torch.softmax(exchanged @ there, 1)
        return (found * torch.cdist(targets, places).pow(power)).sum(1).mean()
