"""Re-identification by a vision transformer whose patches overlap, as TransReID and its followers train it.

Networks are timm's, with one class token. Source: He et al., TransReID: Transformer-based object re-identification
(ICCV 2021).
"""

import math

import torch
from torch import nn

from pugmark.learning import backbones, colours, instances, necks

PARAMS = necks.RECIPE | {
    "backbone": "timm/vit_base_patch16_224",  # [paper] a vision transformer of timm/NAME
    "weights": "vit_b16-imagenet21k",  # [paper] name of a weight file, null for random initialisation
    "colours": "half",  # [paper] statistics that the network learned with
    "patch_stride": 12,  # [paper] pixels from patch to patch; the patch's side for none that overlap
    "drop_path": 0.1,  # [paper] probability that the last block is skipped while training; earlier ones less
    "lr": 0.008,  # [paper] of all layers, twice that of biases; a cosine with five epochs of warm-up
    "weight_decay": 0.0001,  # [paper] of all layers
    "smoothing": 0.0,  # [paper] share of the label that all individuals get alike
}
"""Settings that the family shares; a method's file states what it has otherwise."""
ALLOWED = necks.RECIPE_ALLOWED | {
    "colours": ["half", "imagenet", "clip"],
    "patch_stride": ">= 1",
    "drop_path": ">= 0, < 1",
    "smoothing": ">= 0, < 1",
}


class Overlapping(nn.Module):
    """A vision transformer of timm for pictures of `height` x `width`, its patches `patch_stride` pixels apart.

    Its position embeddings are resized to the finer grid. Raises BackboneError for other networks.
    """

    def __init__(self, params, weights=None):
        super().__init__()
        from timm.models import VisionTransformer

        vit = backbones.backbone(params["backbone"], weights).body
        if not isinstance(vit, VisionTransformer) or vit.num_prefix_tokens != 1 or vit.pos_embed is None:
            raise backbones.BackboneError(
                f"{params['backbone']} is no vision transformer of timm with one class token: try vit_base_patch16_224."
            )
        size, sides, stride = (params["height"], params["width"]), vit.patch_embed.patch_size, params["patch_stride"]
        grid = [(length - side) // stride + 1 for length, side in zip(size, sides, strict=True)]
        # timm counts patches that do not overlap: it is given a picture that has as many of them.
        vit.set_input_size(tuple(count * side for count, side in zip(grid, sides, strict=True)))
        vit.patch_embed.img_size, vit.patch_embed.strict_img_size = size, True
        vit.patch_embed.proj.stride = (stride, stride)
        backbones.drop_paths(vit, params["drop_path"], params["backbone"])
        self.vit, self.colours = vit, colours.Restated(*colours.STATISTICS[params["colours"]])

    def embedded(self, images):
        """Images as of `transforms.normalise`, B x 3 x H x W -> the class token and those of the patches, B x N x D."""
        return self.vit.norm_pre(self.vit._pos_embed(self.vit.patch_embed(self.colours(images))))

    def before_last(self, tokens):
        """Tokens behind all blocks but the last, B x N x D."""
        for block in self.vit.blocks[:-1]:
            tokens = block(tokens)
        return tokens


class Learner(necks.Identification):
    """Classification and batch-hard triplet loss, trained by gradient descent with momentum."""

    def chosen_optimiser(self):
        """SGD; biases learn twice as fast."""
        parts = necks.with_fast_biases(self.model, self.params["lr"])
        return torch.optim.SGD(parts, self.params["lr"], momentum=0.9, weight_decay=self.params["weight_decay"])

    def chosen_schedule(self):
        """Five epochs of warm-up from a hundredth, along a cosine that ends at a five-hundredth."""
        epochs = self.params["epochs"]
        return torch.optim.lr_scheduler.LambdaLR(self.optimiser, lambda epoch: warmed(epoch, epochs))

    def triplet(self, vectors, labels):
        """Batch-hard triplet loss with a soft margin."""
        return instances.soft_triplet(vectors, labels)


def warmed(epoch, epochs, warmup=5, first=0.01, last=0.002):
    """Factor of the learning rate in `epoch`, counted from 0, of `epochs`."""
    if epoch < warmup:
        return first + (1 - first) * epoch / warmup
    return last + (1 - last) * (1 + math.cos(math.pi * epoch / max(1, epochs))) / 2
