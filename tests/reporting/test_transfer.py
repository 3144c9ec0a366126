"""The matrix of training and test: whose media are one test, and what the page shows of it."""

import pandas as pd
import pytest
from reporting.results_tree import METHODS, Tree, run

from pugmark.reporting import transfer
from pugmark.reporting.gather import Collection
from pugmark.stages import report


def known(method, collection, train_on):
    return run(method, 1, train_on) | {"run": f"{method}-s1", "train_on": train_on}


@pytest.fixture
def settings(tmp_path):
    """Yaks and tigers, each trained on its own; the tigers' media once more under the yaks' model."""
    folders = {"tigers": "/data/tigers", "yaks": "/data/yaks", "tigers_by_yaks": "/data/tigers"}
    taught = {"tigers": "tigers", "yaks": "yaks", "tigers_by_yaks": "yaks"}
    made = {}
    for name in folders:
        runs = [known(method, name, taught[name]) for method in ("resnet50", "random", "imagenet")]
        tree = Tree(tmp_path, name, batches=("b1",), runs=runs)
        made[name] = tree.settings() | {"folders": {"b1": folders[name]}}
    return made


def collections(folder, settings):
    return [Collection(name, folder / "results" / name, own) for name, own in settings.items()]


def test_collections_of_the_same_media_are_one_test(tmp_path, settings):
    for order in (list(settings), list(settings)[::-1]):
        made = transfer.matrices(collections(tmp_path, {name: settings[name] for name in order}))
        # Only what is trained here is transferred: no control and no frozen network.
        assert [(one["method"], one["metric"]) for one in made] == [("resnet50", "mAP"), ("resnet50", "rank1")]
        assert set(made[0]["values"]) == {("tigers", "tigers"), ("yaks", "yaks"), ("yaks", "tigers")}
        assert sorted(made[0]["trained"]) == ["tigers", "yaks"] and sorted(made[0]["tested"]) == ["tigers", "yaks"]
        assert made[0]["values"]["yaks", "tigers"].value == pytest.approx(0.4321)


def test_without_a_model_used_elsewhere_there_is_no_matrix(tmp_path, settings):
    del settings["tigers_by_yaks"]
    assert transfer.matrices(collections(tmp_path, settings)) == []
    report.report(tmp_path / "results", tmp_path / "out", {"collections": settings, "methods": METHODS})
    assert 'id="transfer"' not in (tmp_path / "out/index.html").read_text()
    assert not (tmp_path / "out/transfer.csv").exists()


def test_the_page_shows_the_matrix_and_gives_it_as_a_table(tmp_path, settings):
    report.report(tmp_path / "results", tmp_path / "out", {"collections": settings, "methods": METHODS})
    page = (tmp_path / "out/index.html").read_text()
    assert '<a href="#transfer">' in page and "<caption>resnet50, Rank-1</caption>" in page
    table = pd.read_csv(tmp_path / "out/transfer.csv")
    row = table[(table["train_on"] == "yaks") & (table["test_on"] == "tigers") & (table["metric"] == "mAP")].iloc[0]
    assert row["method"] == "resnet50" and row["value"] == pytest.approx(0.4321) and row["low"] < row["high"]
