"""What the figures show, read from their artists; and that equal figures are equal bytes."""

import math
import re
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from reporting.results_tree import EVIL
from reporting.test_leaderboard import row

from pugmark.reporting import drawing, plots, sightings, training
from pugmark.reporting.gather import Collection


def lines(panel):
    """The points of each line of a panel, rounded."""
    return [np.round(line.get_xydata(), 6).tolist() for line in panel.get_lines()]


def test_dots_stand_at_their_values_and_intervals_at_their_ends():
    figure = plots.dots([row("new", 0.5, "supervised"), row("pixels", 0.3)], {"mAP": 0.1}, {"mAP": "mAP"})
    (panel,) = figure.axes
    assert lines(panel) == [[[10, 0], [10, 1]], [[50, 0]], [[30, 1]]], "chance, then a dot per method"
    ends = [np.round(interval.get_segments()[0], 6).tolist() for interval in panel.collections]
    assert ends == [[[45, 0], [55, 0]], [[25, 1], [35, 1]]]
    assert [label.get_text() for label in panel.get_yticklabels()] == ["new", "pixels"]
    hollow = [line.get_markerfacecolor() for line in panel.get_lines()[1:]]
    assert hollow == [drawing.ACCENT, drawing.GROUND]


def test_timeline_joins_successive_frames_and_sets_other_names_apart():
    frame = pd.DataFrame(
        {"cluster": 0, "individual": ["Ana", "Ana", "Ana", "Bo"], "frame_number": [0, 5, 15, 10], "sequence": "film"}
    )
    (panel,) = plots.timeline(sightings.groups(frame), frame["frame_number"]).axes
    right, wrong = ([path.get_extents().bounds for path in bars.get_paths()] for bars in panel.collections)
    assert [(x, width) for x, _, width, _ in right] == [(0, 10), (15, 5)]
    assert [(x, width) for x, _, width, _ in wrong] == [(10, 5)]
    assert panel.get_xlim() == (0, 20)


def test_curves_keep_the_last_attempt_of_an_epoch_and_leave_out_what_is_not_finite(written):
    folder, settings = written
    collection = Collection("bench", folder / "results/bench", settings["collections"]["bench"])
    assert sorted(collection.history("resnet50-s1")) == [0, 1, 2]
    figure = plots.curves({"m": {1: {0: {"epoch": 0, "loss": 2.0}, 1: {"epoch": 1, "loss": float("nan")}}}})
    assert lines(figure.axes[0]) == [[[0, 2.0]]]


def test_accuracies_stand_on_one_scale_and_steps_beside_epochs():
    told = {epoch: {training.ACCURACY: share, "steps": 40 * epoch} for epoch, share in ((1, 0.25), (2, 0.75))}
    figure = plots.curves({"m": {1: told}})
    assert lines(figure.axes[0]) == [[[1, 0.25], [2, 0.75]]] and figure.axes[0].get_ylim() == (0, 1)
    assert figure.subfigs[0].get_suptitle() == "m: 80 steps"
    assert plots.curves({}) is None


def test_a_plot_sets_means_and_bars_against_the_number():
    points = {"a": [(0.2, 0.6, 0.5, 0.8), (0.0, 0.4, 0.3, 0.5)], "b": [(0.2, 0.6, 0.5, math.nan)]}
    (panel,) = plots.against("area", "mAP", points).axes
    dodge = 0.2 * plots.DODGE / 2
    assert lines(panel)[0] == [[pytest.approx(-dodge), 40], [pytest.approx(0.2 - dodge), 60]]
    bars = [np.round(segment[:, 1], 6).tolist() for segment in panel.collections[0].get_segments()]
    assert bars == [[30, 50], [50, 80]]
    assert [label.get_text() for label in panel.get_xticklabels()] == ["0", "0.2"]
    assert panel.get_xscale() == "linear"


def test_probabilities_stand_against_what_came_true_with_intervals_and_numbers():
    bins = [{"at": 0.2, "value": 0.3, "low": 0.1, "high": 0.5, "n": 12}]
    bins += [{"at": 0.9, "value": 1.0, "low": math.nan, "high": math.nan, "n": 3}]
    (panel,) = plots.reliability(bins).axes
    assert lines(panel) == [[[0, 0], [100, 100]], [[20, 30]], [[90, 100]]]
    assert np.round(panel.collections[0].get_segments()[0], 6).tolist() == [[20, 10], [20, 50]]
    assert not np.size(panel.collections[1].get_segments()), "no bar without an interval"
    assert [(text.get_text(), text.get_position()[0]) for text in panel.texts] == [("12", 20), ("3", 90)]


def test_numbers_over_decades_stand_on_a_logarithmic_axis():
    (panel,) = plots.against("lr", "mAP", {"": [(10.0**-power, 0.5, 0.4, 0.6) for power in (1, 2, 3)]}).axes
    assert panel.get_xscale() == "log"


def test_a_figure_suits_the_page_and_is_the_same_each_time():
    def made():
        return drawing.svg(plots.dots([row("<script> $x$ 豹", 0.5)], {}, {"mAP": "mAP"}), f"Of {EVIL} \\1")

    element = made()
    assert element == made()
    assert "<script" not in element and "豹" in element and "$x$" in element
    assert not re.search(r"url\(|https?:|#0101|<style|font-family", element)
    assert ("var(--ink)" in element and "var(--accent)" in element) or "var(--soft)" in element
    whole = ElementTree.fromstring(drawing.standalone(element, ".plot { --ink: #000; }"))
    ids = [part.get("id") for part in whole.iter() if part.get("id")]
    used = {part.get("{http://www.w3.org/1999/xlink}href")[1:] for part in whole.iter() if part.tag.endswith("use")}
    assert used == set(ids)
