"""The training loop beside what the contract of the methods proves."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

from pugmark import tables
from pugmark.learning import checkpoint, trainer
from pugmark.learning.run import Run, key
from pugmark.weights import WeightsError


class Line(trainer.Learner):
    """Fits y = 2 x by gradient descent; batches are the same four points."""

    def __init__(self, lr=0.1, clip=None):
        self.model, self.clip = torch.nn.Linear(1, 1, bias=False), clip
        self.model.weight.data.zero_()
        self.optimiser = torch.optim.SGD(self.model.parameters(), lr=lr)
        self.schedule = torch.optim.lr_scheduler.StepLR(self.optimiser, 2, 0.5)

    def batches(self, epoch):
        x = torch.tensor([[1.0], [2.0]])
        return [(x, 2 * x)] * 2

    def loss(self, x, y):
        return torch.mean((self.model(x) - y) ** 2)

    def figures(self):
        return {"slope": self.model.weight.item()}


def test_one_epoch_by_hand(tmp_path):
    learner = Line()
    trainer.train(learner, 1, Run(0, folder=tmp_path))
    # loss = 2.5 (w - 2)^2, so w goes 0, 1, 1.5 and the losses are 10 and 2.5.
    line = json.loads((tmp_path / "history.jsonl").read_text())
    assert line == {"epoch": 1, "steps": 2, "loss": 6.25, "lr": pytest.approx(0.1), "slope": 1.5}


def test_the_schedule_steps_by_epoch(tmp_path):
    trainer.train(Line(), 3, Run(0, folder=tmp_path))
    lines = [json.loads(line) for line in (tmp_path / "history.jsonl").read_text().splitlines()]
    assert [line["lr"] for line in lines] == pytest.approx([0.1, 0.1, 0.05])
    assert [line["steps"] for line in lines] == [2, 4, 6]


def test_gradients_are_clipped():
    learner = Line(clip=1.0)
    trainer.train(learner, 1, Run(0))
    assert learner.model.weight.item() == pytest.approx(0.2, abs=1e-6)


def test_a_loss_that_is_no_number_is_a_clear_error():
    with pytest.raises(trainer.TrainingError, match=r"loss is (inf|nan) at epoch \d+, step \d: lower"):
        trainer.train(Line(lr=1e20), 50, Run(0))


def test_no_batch_is_a_clear_error(monkeypatch):
    monkeypatch.setattr(Line, "batches", lambda self, epoch: [])
    with pytest.raises(trainer.TrainingError, match="too few training crops"):
        trainer.train(Line(), 1, Run(0))


def test_a_checkpoint_of_another_key_is_ignored(tmp_path, caplog):
    caplog.set_level("INFO")
    trainer.train(Line(), 1, Run(0, folder=tmp_path, key="old"))
    trainer.train(Line(), 1, Run(0, folder=tmp_path, key="new"))
    assert "starting anew" in caplog.text
    assert json.loads((tmp_path / "history.jsonl").read_text())["slope"] == 1.5


def test_a_finished_training_is_not_repeated_and_its_history_comes_back(tmp_path):
    trainer.train(Line(), 2, Run(0, folder=tmp_path))
    history = (tmp_path / "history.jsonl").read_text()
    (tmp_path / "history.jsonl").unlink()
    learner = trainer.train(Line(), 2, Run(0, folder=tmp_path))
    assert (tmp_path / "history.jsonl").read_text() == history
    assert learner.model.weight.item() == json.loads(history.splitlines()[1])["slope"]


@pytest.fixture
def saved(monkeypatch):
    """The epochs after which a checkpoint is written."""
    epochs, save = [], checkpoint.save

    def noted(path, content):
        epochs.append(len(content["history"]))
        save(path, content)

    monkeypatch.setattr(checkpoint, "save", noted)
    return epochs


def test_checkpoints_are_minutes_apart_and_the_first_and_the_last_epoch_have_one(tmp_path, monkeypatch, saved):
    now = [0.0]
    monkeypatch.setattr(trainer.time, "monotonic", lambda: now[0])
    figures = Line.figures

    def slow(self):
        now[0] += 130  # an epoch
        return figures(self)

    monkeypatch.setattr(Line, "figures", slow)
    trainer.train(Line(), 6, Run(0, folder=tmp_path))
    assert trainer.CHECKPOINT_SECONDS == 300 and saved == [1, 4, 6]


def test_a_training_that_ends_by_itself_has_a_last_checkpoint_too(tmp_path, monkeypatch, saved):
    monkeypatch.setattr(Line, "finished", lambda self, history: len(history) == 2)
    trainer.train(Line(), 5, Run(0, folder=tmp_path))
    assert saved == [1, 2]


def test_resuming_from_an_older_epoch_equals_never_stopping(tmp_path, monkeypatch, saved):
    """Cut off in the fourth epoch, with a checkpoint of the second: the third is learned again."""
    whole = trainer.train(Line(), 6, Run(0, folder=tmp_path / "whole"))
    batches = Line.batches

    def cut(self, epoch):
        monkeypatch.setattr(trainer, "CHECKPOINT_SECONDS", 0 if epoch == 1 else 300)
        if epoch == 3:
            raise KeyboardInterrupt
        return batches(self, epoch)

    saved.clear()
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Line, "batches", cut)
        trainer.train(Line(), 6, Run(0, folder=tmp_path / "cut"))
    assert saved == [1, 2] and len((tmp_path / "cut/history.jsonl").read_text().splitlines()) == 3
    resumed = trainer.train(Line(), 6, Run(0, folder=tmp_path / "cut"))
    assert torch.equal(resumed.model.weight, whole.model.weight)
    assert (tmp_path / "cut/history.jsonl").read_text() == (tmp_path / "whole/history.jsonl").read_text()


def test_random_states_survive_a_file(tmp_path):
    import random

    import numpy as np

    checkpoint.seed_all(3)
    random.gauss(0, 1)
    checkpoint.save(tmp_path / "c", checkpoint.rng_state())
    expected = random.gauss(0, 1), np.random.normal(), torch.rand(1)
    checkpoint.seed_all(4)
    checkpoint.restore_rng(checkpoint.load(tmp_path / "c"))
    assert (random.gauss(0, 1), np.random.normal(), torch.rand(1)) == expected


def test_files_of_equal_content_have_equal_bytes(tmp_path):
    for name in ("first", "second.pt"):
        checkpoint.save(tmp_path / name, {"tensor": torch.arange(5.0), "n": 1})
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second.pt").read_bytes()


def test_missing_weights_are_named():
    assert Run(0).file(None) is None
    with pytest.raises(WeightsError, match=r"'resnet50-imagenet': add --weights resnet50-imagenet=PATH"):
        Run(0).file("resnet50-imagenet")


def test_the_key_follows_settings_and_crops():
    import pandas as pd

    class Seen:
        meta = pd.DataFrame({"crop_id": ["a", "b"]})

    class Other:
        meta = pd.DataFrame({"crop_id": ["a", "c"]})

    assert key({"lr": 1}, {}, Seen) == key({"lr": 1}, {}, Seen)
    assert len({key({"lr": 1}, {}, Seen), key({"lr": 2}, {}, Seen), key({"lr": 1}, {}, Other)}) == 3


def test_collapse_ends_the_training_with_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(Line, "figures", lambda self: {"spread": 1e-6})
    with pytest.raises(trainer.TrainingError, match=r"same vector after epoch 1 .*collapsed"):
        trainer.train(Line(), 3, Run(0, folder=tmp_path))
    assert "1e-06" in (tmp_path / "history.jsonl").read_text()  # the figures that show why it ended


def test_spread_by_hand():
    corners = torch.tensor([[1.0, 0], [0, 1], [-1, 0], [0, -1]])
    assert trainer.spread(corners) == 1
    assert trainer.spread(corners[:2]) == pytest.approx(0.5)
    assert trainer.spread(corners[[0, 0]]) == 0


def test_a_learner_says_when_it_is_finished_also_to_a_resumed_training(tmp_path, monkeypatch):
    monkeypatch.setattr(Line, "finished", lambda self, history: len(history) == 2)
    for _ in range(2):
        trainer.train(Line(), 5, Run(0, folder=tmp_path))
        assert len((tmp_path / "history.jsonl").read_text().splitlines()) == 2


def test_groups_of_every_epoch_are_kept_across_an_interruption(tmp_path, monkeypatch):
    def groups(self):
        return np.array([self.epochs_done, -1])

    def after_epoch(self):
        self.schedule.step()
        self.epochs_done = self.schedule.last_epoch

    monkeypatch.setattr(Line, "groups", groups)
    monkeypatch.setattr(Line, "after_epoch", after_epoch)
    Line.crops = type("Crops", (), {"meta": pd.DataFrame({"crop_id": ["a", "b"]})})
    for epochs in (1, 3):
        trainer.train(Line(), epochs, Run(0, folder=tmp_path))
    table = tables.read(tmp_path / "groups.parquet", "groups")
    found = list(zip(table["epoch"], table["crop_id"], table["cluster"], strict=True))
    assert found == [(e, crop, e if crop == "a" else -1) for e in (1, 2, 3) for crop in "ab"]
