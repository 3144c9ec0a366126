"""What a method is shown of crops: with their background, without it, or the background alone."""

import json

import pytest
from planning.cats import cats

from pugmark.planning.configuration import ConfigError
from pugmark.planning.plan import Plan
from pugmark.planning.settings import Settings


def told(tmp_path, mask, **views):
    """What the training and the embedding of a run with these views are told to fill."""
    config = cats(tmp_path)
    config["mask"] = mask
    config["methods"]["mine"] |= views
    plan = Plan(config)
    training = json.loads(plan.models.training(plan.run("cats", "mine-s1")))
    embedding = json.loads(Settings(plan).embed("cats", "mine-s1", plan.batches("cats")[0]))
    return [{key: one[key] for key in ("fill", "shown") if key in one} for one in (training, embedding)]


GREY = {"policy": "grabcut", "fill": 127}


@pytest.mark.parametrize(
    ("mask", "views", "trained", "tested"),
    [
        (GREY, {}, {"fill": 127}, {"fill": 127}),
        ({"policy": "grabcut", "fill": None}, {}, {"fill": None}, {"fill": None}),
        (GREY, {"train_view": "original"}, {"fill": None}, {"fill": None}),
        (GREY, {"train_view": "original", "test_view": "masked"}, {"fill": None}, {"fill": 127}),
        (GREY, {"test_view": "original"}, {"fill": 127}, {"fill": None}),
        ({"policy": "grabcut", "fill": None}, {"train_view": "masked"}, {"fill": 255}, {"fill": 255}),
        (GREY, {"train_view": "background"}, *[{"fill": 127, "shown": "background"}] * 2),
        ({"policy": "none"}, {"train_view": "original"}, {"fill": None}, {"fill": None}),
    ],
)
def test_each_view_is_what_it_says(tmp_path, mask, views, trained, tested):
    assert told(tmp_path, mask, **views) == [trained, tested]


@pytest.mark.parametrize(
    ("mask", "views", "said"),
    [
        (GREY, {"train_view": "maskd"}, "methods.mine, train_view: Unknown view 'maskd': did you mean 'masked'?"),
        (
            {"policy": "none"},
            {"test_view": "background"},
            "methods.mine, test_view: background needs masks: set `mask.policy`",
        ),
    ],
)
def test_what_cannot_be_shown_is_one_sentence(tmp_path, mask, views, said):
    with pytest.raises(ConfigError) as error:
        told(tmp_path, mask, **views)
    assert str(error.value).startswith(said)


def test_the_report_tells_the_views_as_settings(tmp_path):
    config = cats(tmp_path)
    config["mask"] = GREY
    config["methods"]["mine"] |= {"train_view": "masked", "test_view": "original"}
    changes = Plan(config).run("cats", "mine-s1").changes
    assert changes["train_view"] == "masked" and changes["test_view"] == "original"


def test_the_ready_made_study_of_the_background_has_the_papers_four_cells_and_a_control(tmp_path):
    config = cats(tmp_path)
    config["mask"] = GREY
    config["studies"] = {"bias": {"like": "background_bias", "settings": {"weights": None}}}
    runs = {run.label: (run.train_view, run.test_view) for run in Plan(config).runs("cats") if run.seed == 1}
    assert {label: views for label, views in runs.items() if label.startswith("bias.")} == {
        "bias.original_original": ("original", "original"),
        "bias.original_masked": ("original", "masked"),
        "bias.masked_masked": ("masked", "masked"),
        "bias.masked_original": ("masked", "original"),
        "bias.background_only": ("background", "background"),
    }
