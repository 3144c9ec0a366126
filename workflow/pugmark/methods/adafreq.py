"""AdaFreq: a vision transformer that also learns from the high frequencies of the patches it attends to.

A grey picture without its low frequencies, into which a random box of the full spectrum is put back, passes through the
same transformer. Of its patches those alone are seen to which the class token of the plain picture attends most. Both
class tokens are classified and pulled apart, and the tokens of both pictures are drawn together. Inference needs the
plain picture alone.

Public code puts the class token last but reads the first, and never selects the last patch. This does neither.
"""

import torch
from torch import nn
from torch.nn import functional as F

from pugmark.learning import inference, necks, norm, patches, trainer
from pugmark.learning.backbones import Backbone
from pugmark.learning.transforms import MEAN, STD

TITLE = "AdaFreq"
SOURCE = "Adaptive high-frequency transformer for diverse wildlife re-identification (ECCV 2024)"
FAMILY = "supervised"
LABELS = "identity"
PARAMS = patches.PARAMS | {
    "epochs": 150,  # [code] each takes the crops once, as far as they fill batches; 0 trains nothing
    "identities": 8,  # [code] individuals in a batch
    "lr": 0.001,  # [code] of all layers, twice that of biases; for some data the code has 0.01
    "flip": 0.0,  # [code] probability; the flanks of an animal differ
    "erasing": 0.0,  # [code] probability of random erasing
    "cutoff": 70.0,  # [code] periods across the picture at which the high-pass lets two fifths through
    "kept": 0.5,  # [code] share of the patches that the second pass sees: 220 of 441
    "high_identity": 0.1,  # [code] share of the classification of the second pass; the first has the rest
    "high_triplet": 0.2,  # [code] weight of the triplet loss of the second pass; the first has 0.7
    "closeness": 0.1,  # [code] weight of the difference of both passes' tokens
}
ALLOWED = patches.ALLOWED | {
    "cutoff": "> 0.0",
    "kept": "> 0, <= 1",
    "high_identity": ">= 0, <= 1",
    "high_triplet": ">= 0",
    "closeness": ">= 0",
}
PUBLISHED = []


def fit(crops, params, run):
    """Train on plain pictures and on their high frequencies."""
    network = necked(params, run.file(params["weights"]))
    trainer.train(Learner(crops, params, run, network), params["epochs"], run)
    return {"model": network.state_dict()}


def embed(crops, params, state):
    """float32 N x D: the class token of the plain picture, behind its neck."""
    return norm.unit(inference.extract(network(params, state), crops, params["height"], params["width"]))


def network(params, state):
    """The trained network, B x 3 x H x W -> B x D."""
    trained = necked(params)
    trained.load_state_dict(state["model"])
    return Plain(trained)


def necked(params, weights=None):
    """The transformer with a neck behind the class token of either pass."""
    passes = Passes(patches.Overlapping(params, weights))
    width = passes.whole.vit.embed_dim
    return necks.Necked(necks.One(Backbone(passes, nn.Identity(), width)), (width, width))


class Passes(nn.Module):
    """The transformer, over a plain picture alone or over its high frequencies as well."""

    def __init__(self, whole):
        super().__init__()
        self.whole = whole

    def forward(self, images):
        """B x 3 x H x W -> the class token, B x D."""
        return self.behind(self.whole.before_last(self.whole.embedded(images)))[:, 0]

    def both(self, images, high, kept):
        """Pictures and their high frequencies -> tokens of both, B x (1 + K) x D each: the class, and K patches alike.

        K is the share `kept` of all patches. The first patches are those to which the class token attends most.
        """
        tokens = self.whole.before_last(self.whole.embedded(images))
        attention = class_attention(self.whole.vit.blocks[-1], tokens)
        chosen = attention.topk(max(1, int(kept * attention.shape[1])), 1).indices
        seen = self.whole.before_last(selected(self.whole.embedded(high), chosen))
        return selected(self.behind(tokens), chosen), self.behind(seen)

    def behind(self, tokens):
        """Tokens behind the last block."""
        return self.whole.vit.norm(self.whole.vit.blocks[-1](tokens))


def class_attention(block, tokens):
    """How much the class token, the first of B x (1 + N) x D, attends to each patch: B x N, the mean over the heads."""
    part = block.attn
    queries, keys, _ = part.qkv(block.norm1(tokens)).unflatten(2, (3, part.num_heads, -1)).permute(2, 0, 3, 1, 4)
    queries, keys = part.q_norm(queries[:, :, :1]), part.k_norm(keys)
    return (part.scale * queries @ keys.transpose(2, 3)).softmax(3).mean(1)[:, 0, 1:]


def selected(tokens, chosen):
    """The class token and the patches `chosen`, int64 B x K: B x (1 + N) x D -> B x (1 + K) x D."""
    patch = tokens[:, 1:].gather(1, chosen[..., None].expand(-1, -1, tokens.shape[2]))
    return torch.cat((tokens[:, :1], patch), 1)


@torch.no_grad()
def high_frequencies(images, cutoff, box):
    """Grey pictures without low frequencies, of normalised images B x 3 x H x W, and normalised likewise.

    box: (top, bottom, left, right) of the spectrum, its mean in the middle, in which all stays as it is.
    """
    mean, std, share = (images.new_tensor(row).view(3, 1, 1) for row in (MEAN, STD, (0.299, 0.587, 0.114)))
    spectrum = torch.fft.fftshift(torch.fft.fft2((share * (images * std + mean)).sum(1)), (1, 2))
    down, across = (torch.arange(length, device=images.device) - length // 2 for length in images.shape[2:])
    passed = spectrum * (1 - torch.exp(-(down[:, None] ** 2 + across**2) / (2 * cutoff**2)))
    top, bottom, left, right = box
    passed[:, top:bottom, left:right] = spectrum[:, top:bottom, left:right]
    grey = torch.fft.ifft2(torch.fft.ifftshift(passed, (1, 2))).abs()
    low, high = grey.amin((1, 2), keepdim=True), grey.amax((1, 2), keepdim=True)
    return (((grey - low) / (high - low).clamp(min=1e-6))[:, None] - mean) / std


def random_box(height, width):
    """(top, bottom, left, right) of a box that takes half to all of an area and is cut at the edges, as in CutMix."""
    side = (1 - 0.5 * torch.rand(()).item()) ** 0.5
    ends = []
    for length in (height, width):
        middle, half = int(torch.randint(length, ())), int(side * length) // 2
        ends += [max(0, middle - half), min(length, middle + half)]
    return ends


class Plain(nn.Module):
    """Images -> the class token behind its neck."""

    def __init__(self, necked):
        super().__init__()
        self.backbone, self.neck = necked.backbone, necked.necks[0]

    def forward(self, images):
        """B x 3 x H x W -> B x D."""
        return self.neck(self.backbone(images))


class Learner(patches.Learner):
    """Classification and triplet loss of both passes, and the difference of their tokens."""

    def __init__(self, crops, params, run, necked):
        high = params["high_identity"]
        super().__init__(crops, params, run, necked, ((1 - high, 0.7), (high, params["high_triplet"])))

    def loss(self, images, indices):
        """The weighted sum."""
        box = random_box(*images.shape[2:])
        with torch.autocast(images.device.type, enabled=False):
            high = high_frequencies(images.float(), self.params["cutoff"], box)
        plain, other = self.model["necked"].backbone.body.both(images, high, self.params["kept"])
        apart = self.told_apart((plain[:, 0], other[:, 0]), self.model.labels[indices])
        return apart + self.params["closeness"] * F.smooth_l1_loss(plain[:, 1:].float(), other[:, 1:].float())
