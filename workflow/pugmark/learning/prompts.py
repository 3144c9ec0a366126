"""Words that are learned so that a text resembles the pictures of one individual, and the image tower that then follows
the texts. Source: Li, Sun and Li, CLIP-ReID (AAAI 2023); the CARE supplement, algorithms 1 to 3.

First stage: pictures and texts stand still, words move. Second stage: words and texts stand still, the image tower
moves. The texts of the individuals, one vector each, are prototypes.
"""

import shutil
from dataclasses import replace

import numpy as np
import torch
from torch.nn import functional as F

from pugmark.learning import clip, contrast, inference, samplers, trainer
from pugmark.runtime.devices import device

PARAMS = clip.PARAMS | {
    "noun": "animal",  # [paper] what the text calls it: the species
    "words": 4,  # [paper] that are learned, in each text
    "prompt_epochs": 120,  # [code] of the words; 0 leaves them random
    "prompt_lr": 0.00035,  # [code] of the words, falling along a cosine
    "prompt_batch": 64,  # [code] crops, while the words learn
}
ALLOWED = clip.ALLOWED | {
    "noun": "word",
    "words": ">= 1, <= 60",
    "prompt_epochs": ">= 0",
    "prompt_lr": "> 0",
    "prompt_batch": ">= 2",
}


def features(tower, crops, params):
    """The projected vectors of all crops as they are, float32 N x D, not normalised."""
    return torch.from_numpy(inference.extract(clip.Projected(tower), crops, params["height"], params["width"]))


def learned(learner, params, run):
    """Train the words of `learner` in a folder of their own."""
    first = replace(run, folder=run.folder and run.folder / "words")
    if first.folder:
        first.folder.mkdir(parents=True, exist_ok=True)
    trainer.train(learner, params["prompt_epochs"], first)


def prototypes(state):
    """The individuals that were learned, and the vector of each one's text: names, and float32 C x D."""
    return state["names"], state["prototypes"].float().numpy()


class Words(trainer.Learner):
    """Words that make the texts of individuals like their pictures, and unlike those of others.

    prompts: module from (vectors B x D, labels B) to words B x w x width. vectors: of all crops, N x D. similarity:
    function of two sets of vectors, B x D and C x D, to B x C.
    """

    amp = False

    def __init__(self, prompts, texts, vectors, labels, similarity, params, run):
        self.model, self.seed, self.similarity, self.batch = prompts, run.seed, similarity, params["prompt_batch"]
        self.texts = texts.to(device())
        self.ids, self.places = (part.to(device()) for part in clip.template(params["words"], params["noun"]))
        self.vectors, self.labels = vectors, torch.as_tensor(labels)
        self.optimiser = torch.optim.Adam(prompts.parameters(), params["prompt_lr"], weight_decay=1e-4)
        self.schedule = torch.optim.lr_scheduler.CosineAnnealingLR(
            self.optimiser, max(1, params["prompt_epochs"]), eta_min=1e-6
        )

    def batches(self, epoch):
        """Every crop once, shuffled: (vectors, labels)."""
        order = samplers.shuffled(len(self.labels), self.batch, np.random.default_rng((self.seed, epoch)))
        if min(map(len, order), default=0) < 2:
            raise trainer.TrainingError("A batch has one crop, which has nothing to be told from: name more crops.")
        return [(self.vectors[rows], self.labels[rows]) for rows in order]

    def loss(self, vectors, labels):
        """Both ways: pictures among texts and texts among pictures."""
        similarity, same = self.similarity(vectors, self.text(vectors, labels)), labels[:, None] == labels
        return contrast.supervised(similarity, same) + contrast.supervised(similarity.T, same)

    def text(self, vectors, labels):
        """The vectors of the texts of these crops, B x D."""
        return self.texts(self.ids, self.texts.prompts(self.ids, self.places, self.model(vectors, labels)))


@torch.no_grad()
def texts(learner, vectors, labels, block=256):
    """The texts of `vectors` (N x D) with `labels` (N) under trained Words: float32 N x D, on the processor."""
    learner.texts.cpu()
    learner.ids, learner.places = learner.ids.cpu(), learner.places.cpu()
    parts = zip(vectors.split(block), labels.split(block), strict=True)
    return torch.cat([learner.text(*part) for part in parts])


class Following(clip.Tuned):
    """The image tower, tuned towards the prototypes, float32 C x D, as well. similarity: as of Words."""

    def __init__(self, crops, params, run, tower, prototypes, similarity, identity, smoothing):
        super().__init__(crops, params, run, tower, identity)
        self.model.register_buffer("prototypes", prototypes)
        self.similarity, self.softened = similarity, smoothing

    def loss(self, images, indices):
        """The losses of the tuned tower, and cross-entropy of the projected vector over all prototypes."""
        vectors, labels = self.model["necked"](images), self.model.labels[indices]
        logits = self.similarity(vectors[2].float(), self.model.prototypes)
        return self.told_apart(vectors, labels) + F.cross_entropy(logits, labels, label_smoothing=self.softened)


def followed(following, names, params, run):
    """The state of a method: train the image tower, then remove the folder of the words' training."""
    trainer.train(following, params["epochs"], run)
    if run.folder:
        shutil.rmtree(run.folder / "words", ignore_errors=True)
    model = following.model
    return {"model": model["necked"].state_dict(), "prototypes": model.prototypes.cpu(), "names": names}
