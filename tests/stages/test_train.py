"""The train stage: who is trained on, what lies beside the model, equal bytes."""

import json

import pandas as pd
import pytest
import torch
from learning import crop_tables

from pugmark import methods, tables
from pugmark.learning import checkpoint
from pugmark.stages import train

SMALL = {"backbone": "timm/test_resnet", "weights": None, "height": 32, "width": 32, "epochs": 2, "batch": 4}


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def collection(tmp_path):
    table, labels, split = crop_tables.rows(individuals=3, frames=4)
    split.loc[split["frame_number"] == 3, "split"] = "test"
    split.loc[0, "individual"] = None
    crop_tables.write(tmp_path, table, labels, split)
    return tmp_path


def run(collection, out, method="resnet50", **overrides):
    settings = {"method": method, "params": methods.resolve(method, overrides), "seed": 1, "fill": 255}
    argv = ["--split", collection / "split.parquet", "--folder", collection / "batches", "--out", out / "model.pt"]
    argv += ["--trained", out / "trained.parquet"]
    train.main([str(word) for word in [*argv, "--settings", json.dumps(settings | {"individuals": 3, "manifest": {}})]])
    return checkpoint.load(out / "model.pt")


def test_the_crops_that_it_learned_from_are_named(collection, tmp_path):
    run(collection, tmp_path / "run", **SMALL)
    split = tables.read(collection / "split.parquet", "split")
    expected = split.loc[(split["split"] == "train") & split["individual"].notna(), "crop_id"]
    assert sorted(tables.read(tmp_path / "run/trained.parquet", "trained")["crop_id"]) == sorted(expected)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"FAMILY": "supervised", "LABELS": "identity"}, ["b"]),
        ({"FAMILY": "supervised", "LABELS": "identity+orientation"}, ["b"]),
        ({"FAMILY": "label-free", "LABELS": "none"}, ["a", "b"]),
        ({"FAMILY": "control", "LABELS": "none"}, ["a", "b"]),
        ({"FAMILY": "video", "LABELS": "count"}, ["a", "b", "c", "d"]),
        ({"FAMILY": "supervised", "LABELS": "identity", "CHOOSES": True}, ["b", "c", "d"]),
    ],
)
def test_who_is_trained_on(facts, expected):
    split = pd.DataFrame(
        {"crop_id": list("abcd"), "individual": [None, "x", "x", "y"], "split": ["train", "train", "test", "unused"]}
    )
    assert train.chosen(split, methods.OPTIONAL | facts)["crop_id"].tolist() == expected


def test_a_model_holds_what_embedding_needs_and_nothing_is_left_over(collection, tmp_path):
    model = run(collection, tmp_path / "run", **SMALL)
    assert sorted(model) == ["method", "params", "seed", "state", "weights"]
    assert model["params"]["epochs"] == 2 and model["weights"] == []
    lines = [json.loads(line) for line in (tmp_path / "run/history.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2] and all(line["loss"] > 0 for line in lines)
    left = sorted(path.name for path in (tmp_path / "run").iterdir())
    assert left == ["history.jsonl", "model.json", "model.pt", "trained.parquet"]


def test_equal_inputs_give_equal_bytes(collection, tmp_path):
    for name in ("first", "second"):
        run(collection, tmp_path / name, **SMALL)
    for file in ("model.pt", "history.jsonl"):
        assert (tmp_path / "first" / file).read_bytes() == (tmp_path / "second" / file).read_bytes()


def test_an_interrupted_stage_goes_on_and_a_changed_one_starts_anew(collection, tmp_path, monkeypatch, capsys):
    expected = run(collection, tmp_path / "whole", **SMALL)

    def stop(path, content, save=checkpoint.save):
        save(path, content)
        raise KeyboardInterrupt

    for name in ("same", "other"):
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(checkpoint, "save", stop)
            run(collection, tmp_path / name, **SMALL)
    found = run(collection, tmp_path / "same", **SMALL)
    assert "going on after epoch 1" in capsys.readouterr().err
    assert all(torch.equal(value, found["state"]["model"][key]) for key, value in expected["state"]["model"].items())
    run(collection, tmp_path / "other", **SMALL, lr=0.01)
    assert "starting anew" in capsys.readouterr().err


def test_a_control_leaves_an_empty_history(collection, tmp_path):
    assert run(collection, tmp_path / "run", "random")["state"] == {"seed": 1}
    assert (tmp_path / "run/history.jsonl").read_text() == ""


def test_nobody_named_is_one_clear_error(collection, tmp_path):
    split = pd.read_parquet(collection / "split.parquet")
    crop_tables.write(collection, *crop_tables.rows(3, 4)[:2], split.assign(individual=None))
    with pytest.raises(train.NothingToLearnError, match=r"no crop for training resnet50 with an individual: name"):
        run(collection, tmp_path / "run", **SMALL)


def test_weights_are_recorded(collection, tmp_path):
    import torchvision

    from pugmark import weights

    path = tmp_path / "w.pth"
    torch.save(torchvision.models.resnet18().state_dict(), path)
    files = weights.verified([f"mine={path}"], {"mine": {"sha256": weights.sha256(path), "licence": "CC0"}})
    params = methods.resolve("imagenet", {"backbone": "resnet18", "weights": "mine"})
    split, folder = collection / "split.parquet", collection / "batches"
    out, trained = tmp_path / "run/model.pt", tmp_path / "run/trained.parquet"
    model = train.train(split, folder, out, trained, "imagenet", params, 1, files=files)
    assert tables.read(trained, "trained").empty, "a frozen network learns from nothing"
    assert model["weights"] == [{"name": "mine", "sha256": weights.sha256(path), "licence": "CC0"}]
    assert torch.equal(model["state"]["model"]["backbone.body.conv1.weight"], torch.load(path)["conv1.weight"])
