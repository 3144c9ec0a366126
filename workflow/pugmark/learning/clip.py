"""CLIP's two towers for re-identification: three vectors of a picture, and texts of which some words are learned.

Networks are open_clip's. The three vectors are those of CLIP-ReID: of a transformer the class token before the last
block, the one behind it, and its projection into the space shared with text; of a ResNet the averaged maps of the last
two stages, and the projection. Source: Li, Sun and Li, CLIP-ReID (AAAI 2023).
"""

from types import SimpleNamespace

import torch
from torch import nn

from pugmark.learning import backbones, colours, inference, necks, norm
from pugmark.learning.backbones import BackboneError

PARAMS = necks.PARAMS | {
    "backbone": "open_clip/ViT-B-16-quickgelu",  # [paper] a CLIP of open_clip/NAME
    "weights": "clip-vit-b16-openai",  # [paper] name of a file of both towers, null for random initialisation
    "height": 224,  # [ours: animals are no upright people] pixels
    "width": 224,  # [ours: animals are no upright people] pixels
    "colours": "clip",  # [ours: what the network learned with] the code has half, from -1 to 1
    "epochs": 60,  # [code] each takes the crops once, as far as they fill batches; 0 trains nothing
    "lr": 0.000005,  # [code] of all layers, twice that of biases
    "weight_decay": 0.0001,  # [code] of all layers
}
"""Settings that the family shares; a method's file states what it has otherwise."""
ALLOWED = necks.ALLOWED | {"backbone": ["open_clip/*"], "colours": ["clip", "half"]}


class Tower(nn.Module):
    """The image tower of a CLIP as the body of `necks.Necked`: images -> (early, late, projected)."""

    def __init__(self, tower, statistics):
        super().__init__()
        self.tower, self.colours = tower, colours.Restated(*colours.STATISTICS[statistics])
        transformer = hasattr(tower, "transformer")
        width = tower.ln_post.normalized_shape[0] if transformer else tower.layer4[-1].bn3.num_features
        self.sizes = (width, width, tower.output_dim) if transformer else (width // 2, width, tower.output_dim)
        self.vectors = self._of_transformer if transformer else self._of_resnet

    @property
    def backbone(self):
        """The tower, for those who explain it."""
        return backbones.Backbone(self.tower, nn.Identity(), self.sizes[2])

    def forward(self, images):
        """Images as of `transforms.normalise`, B x 3 x H x W -> three vectors, B x D each."""
        return self.vectors(self.colours(images))

    def _of_transformer(self, images):
        tokens, blocks = self.tower._embeds(images), self.tower.transformer.resblocks
        for block in blocks[:-1]:
            tokens = block(tokens)
        late = self.tower.ln_post(blocks[-1](tokens))[:, 0]
        return tokens[:, 0], late, late @ self.tower.proj

    def _of_resnet(self, images):
        maps = self.tower.stem(images)
        for stage in (self.tower.layer1, self.tower.layer2, self.tower.layer3):
            maps = stage(maps)
        last = self.tower.layer4(maps)
        return maps.mean((2, 3)), last.mean((2, 3)), self.tower.attnpool(last)


class Texts(nn.Module):
    """The text tower of a CLIP, frozen: it turns prompts with learned words into vectors."""

    def __init__(self, clip):
        super().__init__()
        kept = ("token_embedding", "positional_embedding", "transformer", "ln_final", "text_projection")
        for name in kept:
            setattr(self, name, getattr(clip, name))
        self.register_buffer("mask", clip.attn_mask, persistent=False)
        self.requires_grad_(False)

    @property
    def width(self):
        """Length of the embedding of a word."""
        return self.token_embedding.embedding_dim

    def prompts(self, ids, places, words):
        """Embeddings of the text `ids` (int64 L) with `words` (B x w x width) at `places` (int64 w): B x L x width."""
        fixed = self.token_embedding(ids).expand(len(words), -1, -1).clone()
        fixed[:, places] = words.to(fixed.dtype)
        return fixed

    def forward(self, ids, embedded):
        """B x L x width -> B x D. The vector is read at the end of the text, the highest of its `ids` (int64 L)."""
        states = self.transformer(embedded + self.positional_embedding, attn_mask=self.mask)
        ended = self.ln_final(states)[:, ids.argmax()]
        linear = isinstance(self.text_projection, nn.Linear)
        return self.text_projection(ended) if linear else ended @ self.text_projection


def towers(params, weights=None):
    """(Tower, Texts, logit scale) of the CLIP that `params` name. weights: a `Weights` file of both towers, or None."""
    import open_clip

    name = params["backbone"].removeprefix("open_clip/")
    made = backbones.clip(name, (params["height"], params["width"]))
    if not hasattr(made, "token_embedding") or not (hasattr(made.visual, "proj") or hasattr(made.visual, "attnpool")):
        raise BackboneError(f"open_clip/{name} is not built as CLIP is: choose one of the ViT-* or RN* that are.")
    if weights is not None:
        state = backbones.read_state(weights.path)
        open_clip.model.resize_pos_embed(state, SimpleNamespace(visual=made.visual))
        backbones.take(made, state, weights)
    return Tower(made.visual, params["colours"]), Texts(made), made.logit_scale.exp().item()


def template(slots, noun):
    """The text "a photo of a X ... X NOUN." as ids, int64 of 77, and the places of its `slots` words X, int64."""
    import open_clip

    filler = "x"
    tokenizer = open_clip.SimpleTokenizer()
    ids = tokenizer(f"a photo of a {' '.join([filler] * slots)} {noun}.")[0]
    (word,) = tokenizer.encode(filler)
    places = torch.nonzero(ids == word).flatten()[:slots]
    return ids, places


def image_network(params, weights=None):
    """The image tower with its necks."""
    return necked(towers(params, weights)[0])


def necked(tower):
    """A Tower with a neck behind each of its vectors."""
    return necks.Necked(tower, tower.sizes)


def embed(crops, params, state):
    """float32 N x D: the late vector and its projection side by side, before the necks."""
    return norm.unit(inference.extract(network(params, state), crops, params["height"], params["width"]))


def network(params, state):
    """The trained image tower, B x 3 x H x W -> B x D."""
    trained = image_network(params)
    trained.load_state_dict(state["model"])
    return LateAndProjected(trained)


class Projected(nn.Module):
    """Images -> the last of a Tower's vectors."""

    def __init__(self, tower):
        super().__init__()
        self.tower = tower

    @property
    def backbone(self):
        """The tower, for those who explain it."""
        return self.tower.backbone

    def forward(self, images):
        """B x 3 x H x W -> B x D."""
        return self.tower(images)[2]


class LateAndProjected(nn.Module):
    """Images -> the second and third vectors of a `necks.Necked` Tower in a row."""

    def __init__(self, necked):
        super().__init__()
        self.necked = necked

    @property
    def backbone(self):
        """The tower, for those who explain it."""
        return self.necked.backbone

    def forward(self, images):
        """B x 3 x H x W -> B x D, not normalised."""
        return torch.cat(self.necked(images)[1:], 1)


class Tuned(necks.Identification):
    """The image tower, tuned by classification of the late and the projected vector and triplet loss of all three.

    identity: share of each cross-entropy.
    """

    def __init__(self, crops, params, run, tower, identity=1.0):
        super().__init__(crops, params, run, necked(tower), ((0.0, 1.0), (identity, 1.0), (identity, 1.0)))
        self.model["necked"].necks[0].requires_grad_(False)  # its vector is not classified
        self.model["classifiers"][0].requires_grad_(False)

    def chosen_optimiser(self):
        """Adam; biases learn twice as fast."""
        parts = necks.with_fast_biases(self.model, self.params["lr"])
        return torch.optim.Adam(parts, self.params["lr"], weight_decay=self.params["weight_decay"])

    def chosen_schedule(self):
        """The rate grows over 10 epochs from a tenth, and falls to a tenth after 30 and again after 50 epochs."""
        return torch.optim.lr_scheduler.LambdaLR(self.optimiser, stepped)


def stepped(epoch):
    """Factor of the learning rate in `epoch`, counted from 0."""
    return min(1.0, 0.1 + 0.09 * epoch) * 0.1 ** ((epoch >= 30) + (epoch >= 50))
