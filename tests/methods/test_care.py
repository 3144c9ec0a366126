"""CLIP-ReID and CARE: what learns in which phase, the prototypes, and the words."""

import numpy as np
import pytest
import torch
from methods import small

from pugmark.learning import clip, prompts, trainer, transforms
from pugmark.learning import run as runs
from pugmark.methods import care, clip_reid


def first_phase(seen, **settings):
    """(tower, learner of the words, vectors, labels) of CARE."""
    torch.manual_seed(0)
    params = small.params("care", settings)
    tower, texts, _ = clip.towers(params)
    vectors, labels = prompts.features(tower, seen, params), seen.labels()[0]
    words = care.Generator(vectors.shape[1], 1 if params["shared_words"] else 3, params["words"], texts.width)
    learner = prompts.Words(words, texts, vectors, labels, care.Cosine(10.0), params, runs.Run(1))
    return tower, learner, vectors, torch.from_numpy(labels)


def bits(module):
    return {name: part.clone() for name, part in module.state_dict().items()}


def same(module, before):
    return [name for name, part in module.state_dict().items() if not torch.equal(part, before[name])] == []


def test_words_alone_learn_in_the_first_phase(seen):
    tower, learner, vectors, labels = first_phase(seen)
    images, texts, words = bits(tower), bits(learner.texts), bits(learner.model)
    loss = learner.loss(vectors, labels)
    loss.backward()
    assert all(part.grad.abs().sum() > 0 for part in learner.model.parameters())
    assert all(part.grad is None for module in (tower, learner.texts) for part in module.parameters())
    prompts.learned(learner, small.params("care"), runs.Run(1))
    assert same(tower, images) and same(learner.texts, texts)
    assert not any(torch.equal(part, words[name]) for name, part in learner.model.state_dict().items())


def test_learned_words_tell_an_individual_from_others(seen):
    settings = {"prompt_lr": 0.01, "prompt_epochs": 20}
    _, learner, vectors, labels = first_phase(seen, **settings)

    def advantage():
        """How much nearer pictures are to texts of their individual than to those of others."""
        cosines = learner.similarity(vectors, prompts.texts(learner, vectors, labels)) / 10
        own = labels[:, None] == labels
        return (cosines[own].mean() - cosines[~own].mean()).item()

    before = advantage()
    prompts.learned(learner, small.params("care", settings), runs.Run(1))
    assert advantage() > before + 0.05


def test_a_batch_of_one_is_refused(seen):
    _, learner, _, _ = first_phase(seen, prompt_batch=11)  # of 12 crops one is left over
    orders = [len(labels) for _, labels in learner.batches(0)]
    assert min(orders) >= 2 and sum(orders) in (11, 12)
    learner.labels = learner.labels[:1]
    with pytest.raises(trainer.TrainingError, match="name more crops"):
        learner.batches(0)


def test_a_text_depends_on_its_picture_and_on_its_individual(seen):
    _, learner, vectors, _ = first_phase(seen)
    both = vectors[:1].expand(2, -1)
    words = learner.model(both, torch.tensor([0, 1]))
    torch.testing.assert_close(
        words - learner.model.words[:2], (words - learner.model.words[:2])[:1, :1].expand_as(words)
    )
    assert not torch.equal(words[0], words[1])
    pictures = prompts.texts(learner, vectors[[0, 3]], torch.zeros(2, dtype=torch.int64))
    assert not torch.allclose(pictures[0], pictures[1], atol=1e-6)
    _, shared, _, _ = first_phase(seen, shared_words=True)
    assert torch.equal(*shared.model(both, torch.tensor([0, 1])))


def test_without_the_shift_the_prompts_are_those_of_clip_reid(seen):
    _, learner, vectors, labels = first_phase(seen)
    for part in learner.model.shift.parameters():
        part.data.zero_()
    own = clip_reid.Own(3, 2, learner.texts.width)
    own.words.data.copy_(learner.model.words)
    torch.testing.assert_close(learner.model(vectors, labels), own(vectors, labels))


def test_a_prototype_is_the_mean_of_the_texts_of_all_its_pictures(seen):
    _, learner, vectors, labels = first_phase(seen)
    kept = torch.tensor([0, 1, 2, 3, 4, 6])  # the third individual has one picture
    vectors, labels = vectors[kept], labels[kept]
    bank = care.averaged(prompts.texts(learner, vectors, labels), labels, 3)
    alone = [prompts.texts(learner, vectors[row : row + 1], labels[row : row + 1])[0] for row in range(6)]
    for label in range(3):
        expected = torch.stack([alone[row] for row in range(6) if labels[row] == label]).mean(0)
        torch.testing.assert_close(bank[label], expected, atol=1e-5, rtol=0)
    order = torch.tensor([5, 2, 0, 1, 4, 3])
    again = care.averaged(prompts.texts(learner, vectors[order], labels[order], block=4), labels[order], 3)
    torch.testing.assert_close(again, bank, atol=1e-5, rtol=0)


def second_phase(seen):
    tower, learner, vectors, labels = first_phase(seen)
    bank = care.averaged(prompts.texts(learner, vectors, labels), labels, 3)
    params = small.params("care")
    following = prompts.Following(seen, params, runs.Run(1), tower, bank, learner.similarity, 1.0, 0.0)
    return following, learner, bank


def test_the_image_tower_alone_follows_the_prototypes(seen):
    following, learner, bank = second_phase(seen)
    texts, words, before = bits(learner.texts), bits(learner.model), bits(following.model["necked"])
    following.model.train()
    images, indices = next(iter(following.batches(0)))
    following.loss(images, indices).backward()
    learning = {name for name, part in following.model.named_parameters() if part.grad is not None}
    frozen = {"necked.necks.0.weight", "classifiers.0.weight"} | {f"necked.necks.{i}.bias" for i in range(3)}
    assert learning == {name for name, _ in following.model.named_parameters()} - frozen
    following.model.zero_grad()
    trainer.train(following, 1, runs.Run(1))
    assert torch.equal(following.model.prototypes.cpu(), bank) and not following.model.prototypes.requires_grad
    assert same(learner.texts, texts) and same(learner.model, words)
    assert not same(following.model["necked"].body, {n[5:]: p for n, p in before.items() if n.startswith("body.")})


def test_the_loss_over_prototypes_by_hand(seen, monkeypatch):
    following, _, _ = second_phase(seen)
    monkeypatch.setattr(following, "told_apart", lambda vectors, labels: 0.0)
    vector = torch.tensor([[3.0, 4.0]])
    following.model.register_buffer("prototypes", torch.tensor([[5.0, 0.0], [0.0, 2.0]]))
    following.model["necked"].forward = lambda images: (vector, vector, vector)
    following.model.register_buffer("labels", torch.tensor([1]))
    # Cosines .6 and .8, times ten.
    expected = np.log(np.exp(6) + np.exp(8)) - 8
    assert following.loss(None, torch.tensor([0])).item() == pytest.approx(expected, rel=1e-5)


def test_pictures_of_unseen_animals_meet_no_prototype(seen):
    params = small.params("care", {"epochs": 1})
    state = care.fit(seen, params, runs.Run(1))
    assert not any("prototype" in name or "token" in name for name in state["model"])
    names, bank = care.prototypes(state)
    assert names == ["cow 0", "cow 1", "cow 2"] and bank.shape == (3, 32)
    state["prototypes"] = None
    vectors = care.embed(seen, params, state)
    assert vectors.shape == (12, 64 + 32)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_pictures_and_texts_are_told_apart_both_ways(seen):
    _, learner, vectors, _ = first_phase(seen)
    learner.similarity = lambda rows, columns: torch.tensor([[2.0, 0.0], [1.0, 0.0]])
    by_rows = (np.log(np.exp(2) + 1) - 2 + np.log(np.e + 1)) / 2
    by_columns = (np.log(np.exp(2) + np.e) - 2 + np.log(2)) / 2
    found = learner.loss(vectors[[0, 1]], torch.tensor([0, 1])).item()
    assert found == pytest.approx(by_rows + by_columns, rel=1e-5)


def test_the_vectors_of_the_first_phase_are_the_projected_ones(seen):
    tower, _, vectors, _ = first_phase(seen)
    recipe = transforms.test_recipe(32, 32)
    images = transforms.normalise(torch.stack([recipe(seen.image(row)) for row in range(12)]))
    torch.testing.assert_close(vectors, tower.eval()(images)[2], atol=0.02, rtol=0.02)  # bfloat16 on some processors


def test_the_label_of_a_prototype_may_be_softened(seen, monkeypatch):
    following, _, _ = second_phase(seen)
    monkeypatch.setattr(following, "told_apart", lambda vectors, labels: 0.0)
    following.model["necked"].forward = lambda images: (torch.zeros(1, 2),) * 3
    following.similarity, following.softened = lambda rows, columns: torch.tensor([[1.0, 0.0]]), 0.2
    following.model.register_buffer("labels", torch.tensor([0]))
    total = np.log(np.e + 1)
    expected = 0.9 * (total - 1) + 0.1 * total
    assert following.loss(None, torch.tensor([0])).item() == pytest.approx(expected, rel=1e-5)


def test_kappa_scales_the_cosines(seen):
    states = [care.fit(seen, small.params("care", {"kappa": kappa}), runs.Run(1)) for kappa in (None, 1.0)]
    assert not torch.equal(*(state["prototypes"] for state in states))
    torch.testing.assert_close(
        care.Cosine(3.0)(torch.tensor([[0.0, 2.0]]), torch.tensor([[3.0, 4.0]]))[0, 0].item(), 2.4
    )


def test_two_of_three_vectors_are_classified_and_biases_learn_twice_as_fast(seen):
    params = small.params("clip_reid", {"identity_weight": 0.25})
    learner = clip.Tuned(seen, params, runs.Run(1), clip.towers(params)[0], 0.25)
    assert learner.shares == ((0.0, 1.0), (0.25, 1.0), (0.25, 1.0))
    weights, biases = learner.optimiser.param_groups
    assert biases["initial_lr"] == 2 * weights["initial_lr"] == pytest.approx(2 * params["lr"])
    assert all(part.ndim < 2 for part in biases["params"]) and len(biases["params"]) > 10


def test_the_words_of_clip_reid_cost_what_its_settings_say(seen):
    states = [
        clip_reid.fit(seen, small.params("clip_reid", {"identity_weight": share, "smoothing": soft}), runs.Run(1))
        for share, soft in ((0.25, 0.1), (1.0, 0.1), (0.25, 0.0))
    ]
    first = [state["model"]["body.tower.conv1.weight"] for state in states]
    assert not torch.equal(first[0], first[1]) and not torch.equal(first[0], first[2])
