"""Which crops form a batch: pure functions from labels and a random generator to lists of lists of indices."""

import numpy as np


def shuffled(count, size, rng):
    """Shuffled batches of `size` over 0 to count - 1. A smaller last batch is dropped unless it is the only one."""
    return _cut(rng.permutation(count).tolist(), size)


def pseudo_label_batches(labels, classes, images, count, rng):
    """`count` batches of up to `classes` labels with `images` crops each. Crops labelled -1 are never drawn.

    Each pass takes the labels once, in random order. A label gives a random anchor and images - 1 other crops, drawn
    with replacement if it has too few. With fewer labels than `classes`, every batch holds all labels.
    Source: Ge et al., SpCL (2020), as used by the whole pseudo-label family.
    """
    members = _members(labels)
    size = min(classes, len(members))
    found = []
    while len(found) < count:
        order = rng.permutation(len(members))
        for start in range(0, len(members) - size + 1, size):
            found.append([i for label in order[start : start + size] for i in _anchored(members[label], images, rng)])
    return found[:count]


def stream_batches(labels, size, images, count, rng):
    """`count` batches of `size` crops, cut from passes over all labels in random order. No label may be -1.

    A label gives a random anchor and images - 1 other crops, drawn with replacement if it has too few. A label with a
    single crop gives it once. The incomplete batch at the end of a pass is dropped; a pass shorter than `size` forms
    one batch. Source: Ge et al., SpCL (2020), where each outlier is a class of its own.
    """
    members = _members(labels)
    found = []
    while len(found) < count:
        drawn = (members[label] for label in rng.permutation(len(members)))
        taken = (_anchored(own, images if len(own) > 1 else 1, rng) for own in drawn)
        found += _cut([i for crops in taken for i in crops], size)
    return found[:count]


def identity_batches(labels, classes, images, rng):
    """One epoch of batches of `classes` labels x `images` crops. No chunk of crops is used twice.

    A label's crops are shuffled and cut into chunks of `images`. A label with fewer crops draws with replacement. The
    epoch ends when fewer than `classes` labels have chunks left. Source: Luo et al., Bag of Tricks (2019).
    """
    chunks = [_chunks(rng.permutation(own), images, rng) for own in _members(labels)]
    size = min(classes, len(chunks))
    found = []
    while len(left := [own for own in chunks if own]) >= size > 0:
        chosen = rng.choice(len(left), size, replace=False)
        found.append([i for label in chosen for i in left[label].pop()])
    return found


def triplets(labels, size, rng):
    """One epoch of batches of size // 3 triplets: a crop, another of its label, and one of another label, in turn.

    Every crop that is not alone of its label is once the first of a triplet. An incomplete batch at the end is dropped
    unless it is the only one. Without two labels there are none. Source: Yu et al., Addressing the Elephant in the
    Room.
    """
    labels = np.asarray(labels)
    members = dict(zip(np.unique(labels).tolist(), _members(labels), strict=True))
    if len(members) < 2:
        return []
    found = []
    for anchor in rng.permutation(len(labels)).tolist():
        own = members[labels[anchor]]
        if len(own) > 1:
            positive = rng.choice(own[own != anchor])
            other = rng.choice([label for label in members if label != labels[anchor]])
            found.append([anchor, int(positive), int(rng.choice(members[other]))])
    return [[crop for triplet in batch for crop in triplet] for batch in _cut(found, size // 3)]


def _cut(order, size):
    found = [order[start : start + size] for start in range(0, len(order), size)]
    return found[:-1] if len(found) > 1 and len(found[-1]) < size else found


def _members(labels):
    labels = np.asarray(labels)
    return [np.flatnonzero(labels == label) for label in np.unique(labels[labels >= 0])]


def _anchored(own, images, rng):
    anchor = rng.integers(len(own))
    others = np.delete(own, anchor) if len(own) > 1 else own
    return [int(own[anchor]), *rng.choice(others, images - 1, replace=len(others) < images - 1).tolist()]


def _chunks(own, images, rng):
    if len(own) < images:
        return [rng.choice(own, images).tolist()]
    return [own[start : start + images].tolist() for start in range(0, len(own) - images + 1, images)]
