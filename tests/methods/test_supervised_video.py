"""Which frames are labelled, which validate, when training stops and what it keeps."""

import numpy as np
import pandas as pd
import pytest
import torch
from learning import crop_tables

from pugmark import methods
from pugmark.learning import crops, trainer
from pugmark.learning import run as runs
from pugmark.methods import supervised_video
from pugmark.stages import train

SMALL = {"backbone": "timm/test_resnet", "weights": None, "height": 32, "width": 32}


@pytest.fixture
def seen(tmp_path):
    table, labels, split = crop_tables.rows(individuals=3, frames=8)
    crop_tables.write(tmp_path, table, labels, split)
    return crops.read_split(tmp_path / "batches", split, 255)


def settings(**changed):
    return methods.resolve("supervised_video", SMALL | changed)


def rows(frames, animals=2):
    """Frames of two videos in the split table; the second is a day earlier than the first."""
    parts = []
    for name, sequence, day in (("late", "1", "2024-05-02"), ("early", "2", "2024-05-01")):
        numbers = np.repeat(np.arange(frames // 2), animals)
        seconds = pd.Timestamp(day) + pd.to_timedelta(numbers, unit="s")
        ids = [f"{name}-f{number}" for number in numbers]
        parts.append(
            pd.DataFrame({"media_id": ids, "frame_number": numbers, "timestamp": seconds, "sequence": sequence})
        )
    return pd.concat(parts, ignore_index=True)


def test_published_numbers_of_frames():
    assert supervised_video.held(1200, settings()) == 200
    assert supervised_video.held(200, settings(frames=100, validation=100)) == 100


@pytest.mark.parametrize("split", ["random", "temporal"])
@pytest.mark.parametrize(("frames", "teach", "validate"), [(3000, 1000, 200), (2400, 1000, 200), (240, 100, 20)])
def test_half_of_the_frames_at_least_remain_unseen(split, frames, teach, validate):
    meta, params = rows(frames), settings(split=split)
    chosen = supervised_video.choose(meta, params, 1)
    members, validating = supervised_video.parts(meta.iloc[chosen].reset_index(drop=True), params, 1)
    assert len(members) == teach and all(len(frame) == 2 for frame in members)
    assert len(validating) == 2 * validate
    assert not {row for frame in members for row in frame} & set(validating.tolist())
    assert len(chosen) == 2 * (teach + validate)


def test_the_first_frames_in_time_teach_and_the_next_validate():
    meta, params = rows(24), settings(split="temporal", frames=4, validation=2)
    labelled = meta.iloc[supervised_video.choose(meta, params, 1)].reset_index(drop=True)
    members, validating = supervised_video.parts(labelled, params, 1)
    assert {labelled["media_id"][frame[0]] for frame in members} == {f"early-f{i}" for i in range(4)}
    assert set(labelled["media_id"][validating]) == {"early-f4", "early-f5"}
    # Where no time is known, sequence by sequence.
    untimed = meta.assign(timestamp=pd.NaT).sample(frac=1, random_state=0)
    chosen = supervised_video.choose(untimed, params, 1)
    assert set(untimed["media_id"].iloc[chosen]) == {f"late-f{i}" for i in range(6)}


def test_random_frames_depend_on_the_seed_and_not_on_the_order_of_the_rows():
    meta, params = rows(40), settings(frames=8, validation=4)
    chosen = [set(meta["media_id"].iloc[supervised_video.choose(meta, params, seed)]) for seed in (1, 2)]
    assert chosen[0] != chosen[1]
    shuffled = meta.sample(frac=1, random_state=0)
    assert set(shuffled["media_id"].iloc[supervised_video.choose(shuffled, params, 1)]) == chosen[0]
    # Of either video some, which the first frames are not.
    assert {name.split("-")[0] for name in chosen[0]} == {"early", "late"}


def test_too_few_frames_are_explained(seen):
    with pytest.raises(trainer.TrainingError, match="1 frames are labelled"):
        supervised_video.FrameClassification(seen.take(range(3)), settings(), runs.Run(1))


def test_patience():
    learner = object.__new__(supervised_video.FrameClassification)
    learner.params = {"patience": 2}
    history = [{"validation": loss} for loss in (1.0, 0.5, 0.7, 0.4, 0.4, 0.6)]
    assert [learner.finished(history[:n]) for n in range(1, 7)] == [False] * 5 + [True]


@pytest.fixture
def scripted(monkeypatch):
    """Validation losses as if from a list, and the state of the network after each epoch."""
    states = []

    def after_epoch(losses):
        def told(learner):
            states.append({name: value.clone() for name, value in learner.model["network"].state_dict().items()})
            # Equal logits but for the true class, whose advantage is less the greater the loss.
            logits = -losses[len(states) - 1] * torch.nn.functional.one_hot(learner.expected, 3).float()
            monkeypatch.setattr(supervised_video.inference, "extract", lambda *_: logits.numpy())
            original(learner)

        original = supervised_video.FrameClassification.after_epoch
        monkeypatch.setattr(supervised_video.FrameClassification, "after_epoch", told)
        return states

    return after_epoch


def test_training_stops_after_the_patience_and_keeps_the_best_epoch(seen, scripted, tmp_path):
    states = scripted([3, 1, 2, 2, 2, 0])
    found = train.fit("supervised_video", seen, settings(epochs=6, patience=3), runs.Run(1, folder=tmp_path, key="k"))
    assert len(states) == 5
    assert all(torch.equal(found["model"][name], value) for name, value in states[1].items())
    assert not all(torch.equal(states[4][name], value) for name, value in states[1].items())
    assert found["names"] == ["cow 0", "cow 1", "cow 2"]


def test_a_training_stopped_for_good_stays_so_and_its_best_epoch_survives(seen, scripted, tmp_path):
    states, run = scripted([3, 1, 2, 2, 2, 2]), runs.Run(1, folder=tmp_path, key="k")
    params = settings(epochs=6, patience=3)
    first = train.fit("supervised_video", seen, params, run)
    again = train.fit("supervised_video", seen, params, run)
    assert len(states) == 5
    assert all(torch.equal(again["model"][name], value) for name, value in first["model"].items())


def test_validation_crops_teach_nothing_and_have_one_view(seen):
    learner = supervised_video.FrameClassification(seen, settings(frames=3, validation=1), runs.Run(1))
    assert [len(learner.frames), len(learner.validating)] == [6, 6]
    taught = {i for epoch in range(3) for batch in learner.order(epoch) for i in batch}
    assert len(taught) == 18
    assert not set(seen.meta["crop_id"].iloc[list(taught)]) & set(learner.validating.meta["crop_id"])
    views = next(iter(learner.batches(0)))
    assert len(views) == 2 and len(views[0]) == len(views[1]) == 6


def test_argmax_of_a_vector_is_the_most_probable_name(seen):
    params = settings(frames=5, validation=1, epochs=12, lr=0.5, scale=[0.9, 1.0], flip=0)
    state = train.fit("supervised_video", seen, params, runs.Run(1))
    vectors = supervised_video.embed(seen, params, state)
    assert vectors.shape == (24, 3) and (vectors >= 0).all()
    named = [state["names"][i] for i in vectors.argmax(1)]
    assert (np.array(named) == seen.meta["individual"]).mean() > 0.8
