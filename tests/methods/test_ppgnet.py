"""PPGNet: streams that only the training has, the loss, and what is refused."""

import numpy as np
import pytest
import torch
from methods import small
from torch.nn import functional as F

from pugmark.learning import joints
from pugmark.learning import run as runs
from pugmark.learning.backbones import BackboneError, backbone
from pugmark.methods import ppgnet


def learner(seen, **settings):
    torch.manual_seed(0)
    params = small.params("ppgnet", settings)
    whole = backbone(params["backbone"], last_stride=1)
    made = ppgnet.PPGNet(seen, params, runs.Run(1), whole, ppgnet.Parts(params, whole.size))
    made.model.eval()
    return made


def test_the_loss_is_the_weighted_sum(seen):
    made = learner(seen)
    images, at = torch.randn(4, 3, 32, 32), torch.tensor([0, 1, 3, 4])
    necked, labels = made.model["necked"], made.model.labels[at]
    (whole,) = necked.body(images)
    limbs = ppgnet.transforms.normalise(made.limbs[at].flatten(0, 1)).view(4, 6, 3, 64, 64)
    body, legs = necked.parts(ppgnet.transforms.normalise(made.trunks[at]), limbs)

    def classified(number, vectors):
        logits = made.model["classifiers"][number](necked.necks[number](vectors))
        return F.cross_entropy(logits, labels, label_smoothing=0.1)

    expected = classified(0, whole)
    for part in (body, legs):
        expected = expected + 1.5 * classified(1, whole + part) + 2 * made.triplet(whole + part, labels)
    torch.testing.assert_close(made.loss(images, at), expected)


def test_each_limb_has_a_stream_of_its_own(seen):
    parts = learner(seen).model["necked"].parts
    trunk, limbs = torch.randn(1, 3, 64, 128), torch.randn(1, 6, 3, 64, 64)
    body, before = parts(trunk, limbs)
    swapped = limbs[:, [1, 0, 2, 3, 4, 5]]
    assert torch.equal(parts(trunk, swapped)[0], body) and not torch.allclose(parts(trunk, swapped)[1], before)


def test_parts_are_those_of_the_crops(seen):
    made, known = learner(seen), joints.read(small.JOINTS)
    at, crop_id = 5, seen.meta["crop_id"][5]
    np.testing.assert_array_equal(made.trunks[at].movedim(0, -1), joints.trunk(seen.image(at), known[crop_id]))
    np.testing.assert_array_equal(made.limbs[at].movedim(1, -1), joints.limbs(seen.image(at), known[crop_id]))
    assert made.trunks.any() and made.limbs.any()


def test_only_the_stream_of_the_whole_picture_is_kept_and_used(seen):
    params = small.params("ppgnet", {"epochs": 1})
    state = ppgnet.fit(seen, params, runs.Run(1))
    assert not any("parts" in name or name.startswith("necks.1") for name in state["model"])
    alone = params | {"joints": None, "part_backbone": "nothing"}
    np.testing.assert_array_equal(ppgnet.embed(seen, alone, state), ppgnet.embed(seen, params, state))


def test_the_gradient_of_the_parts_reaches_the_whole_picture(seen):
    made = learner(seen)
    necked = made.model["necked"]
    made.loss(torch.randn(4, 3, 32, 32), torch.tensor([0, 1, 3, 4])).backward()
    assert all(any(part.grad is not None for part in stream.parameters()) for stream in necked.parts.limbs)
    assert all(part.grad is not None for part in necked.body.parameters())


def test_without_joints_it_refuses_to_learn(seen):
    with pytest.raises(joints.JointsError, match="name a table of them under `joints`"):
        ppgnet.fit(seen, small.params("ppgnet", {"joints": None}), runs.Run(1))


def test_parts_need_a_network_with_stages(seen):
    with pytest.raises(BackboneError, match="has no layer3: choose a ResNet as part_backbone"):
        learner(seen, part_backbone="timm/test_vit")


def test_the_rate_warms_up_and_halves():
    factors = [ppgnet.halved(epoch) for epoch in (0, 24, 39, 40, 80, 159, 160, 400)]
    assert factors == pytest.approx([0.04, 1, 1, 0.5, 0.25, 0.125, 0.0625, 2**-7])


def test_its_pictures_are_turned_and_recoloured(seen):
    (images, _), (again, _) = (next(iter(learner(seen).batches(epoch))) for epoch in (0, 1))
    assert images.shape == again.shape and not torch.equal(images, again)
