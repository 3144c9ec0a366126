"""The page of a study: figures over seeds against hand values, and what the page says of them."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from reporting.results_tree import EVIL, METHODS, Page, Tree, run
from reporting.test_resources import Measured

from pugmark import tables
from pugmark.reporting import resources, study, training
from pugmark.reporting.gather import Collection
from pugmark.stages import report

GRID = [["area", ["0.0", "0.1"]], ["layer", ["conv1", EVIL]]]
CELLS = [
    {"name": f"noise.{area}-{at}", "cell": f"{area}-{at}", "at": [area, GRID[1][1][at]], "trainable": "full"}
    for area in ("0.0", "0.1")
    for at in (0, 1)
]
STUDY = {
    "name": "noise",
    "title": f"Areas {EVIL}",
    "source": "A. Author, Fig. 3",
    "collections": None,
    "axes": GRID,
    "cells": CELLS,
    "metrics": None,
    "published": {
        "pandas": {"0.0-0": {"mAP": 0.416, "memory_gb": 1.044}},
        "lions": {"0.0-0": {"mAP": [0.5, 0.021]}, "closed": {"rank1": 0.918}},
    },
}


def cell_run(cell, method, seed, collection="bench"):
    name = f"{cell['name']}-s{seed}"
    model = f"{collection}/models/{name}/0123456789ab"
    return run(method, seed, collection) | {"run": name, "name": cell["name"], "model": model}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Two methods stand for the two areas; the first cell has two seeds, the others one; one run was measured."""
    folder = tmp_path_factory.mktemp("study")
    runs = [cell_run(CELLS[0], "cluster_contrast", seed) for seed in (1, 2)]
    runs += [cell_run(CELLS[1], "cluster_contrast", 1), cell_run(CELLS[2], "resnet50", 1), run("random", 1, "bench")]
    tree = Tree(folder, "bench", runs=runs)
    other = Tree(folder, "other", labelled=False, runs=[cell_run(CELLS[0], "cluster_contrast", 1, "other")])
    wild = Tree(folder, "wild", runs=[run("random", 1, "wild")])
    groups = [
        {"epoch": epoch, "crop_id": crop["crop_id"], "cluster": at % 4 if epoch > 1 or at % 2 else -1}
        for epoch in (1, 2)
        for at, crop in enumerate(tree.crops)
    ]
    tables.write(folder / "results" / runs[0]["model"] / "groups.parquet", "groups", groups, "train")
    measured(folder / "results", runs)
    settings = {
        "collections": {"bench": tree.settings(), "other": other.settings(), "wild": wild.settings()},
        "methods": METHODS,
        "studies": [STUDY, STUDY | {"name": "nowhere", "cells": [CELLS[3]], "axes": GRID[:1]}],
    }
    report.main(
        ["--results", str(folder / "results"), "--out", str(folder / "out"), "--settings", json.dumps(settings)]
    )
    return folder, settings


def measured(results, runs):
    """What Snakemake and the logs say of the trainings of two runs, the second on a GPU."""
    book = Measured(results)
    for known, seconds, peak in ((runs[0], 90, 700.0), (runs[1], 30, 900.0)):
        wildcards = {"collection": "bench", "run": known["run"], "version": "0123456789ab"}
        line = {"rule_name": "train", "s": seconds, "max_rss": peak, "mean_load": 90.0, "threads": 2}
        path = results / "benchmarks/train/bench" / known["run"] / "0123456789ab.jsonl"
        path.parent.mkdir(parents=True)
        path.write_text(
            json.dumps(line | {"wildcards": wildcards, "resources": {"mem_mb": 4000, "runtime": 60}}) + "\n"
        )
    on_gpu = {"gpu": "NVIDIA H100", "gpu_mb": 1500, "gpu_utilisation": 50.0}
    book.used(f"train/bench/{runs[1]['run']}/0123456789ab.log", **on_gpu)


@pytest.fixture(scope="module")
def page(written):
    return Page((written[0] / "out/studies/noise.html").read_text(encoding="utf-8"))


def test_the_interval_is_students():
    # Mean 0.5, s = 0.1, t(0.975, 2) = 4.302653: 0.5 -+ 4.302653 * 0.1 / sqrt(3).
    low, high = study.interval([0.4, 0.5, 0.6])
    assert low == pytest.approx(0.5 - 0.248414, abs=1e-6) and high == pytest.approx(0.5 + 0.248414, abs=1e-6)
    # t(0.975, 1) = 12.706205, and s / sqrt(2) of two values is half their distance.
    assert study.interval([0.1, 0.3])[1] == pytest.approx(0.2 + 12.706205 * 0.1, abs=1e-6)


def metrics(*values, metric="mAP"):
    rows = [
        {"protocol": "all", "metric": metric, "seed": seed, "value": value, "low": 0.1, "high": 0.2}
        for seed, value in enumerate(values)
    ]
    return pd.DataFrame(rows)


def test_a_figure_of_one_seed_keeps_its_own_interval_and_of_several_is_cut_at_the_bounds():
    one = study.figure(metrics(0.15), "all", "mAP")
    assert (one.value, one.low, one.high, one.values) == (0.15, 0.1, 0.2, (0.15,))
    two = study.figure(metrics(0.9, 0.5, np.nan), "all", "mAP")
    assert (two.value, two.low, two.high) == (pytest.approx(0.7), 0.0, 1.0)
    assert study.figure(metrics(0.9, 0.5, metric="ARI"), "all", "ARI").low == -1.0
    assert study.figure(metrics(np.nan), "all", "mAP") is None
    assert study.figure(metrics(0.5), "cross_sequence", "mAP") is None


@pytest.mark.parametrize(
    ("names", "family", "chosen"),
    [
        ({"kmeans", "kmeans, all crops", "dbscan"}, "video", "kmeans, all crops"),
        ({"kmeans", "kmeans, all crops", "dbscan"}, "label-free", "kmeans"),
        ({"argmax", "argmax, unseen crops"}, "supervised", "argmax, unseen crops"),
        ({"dbscan, all crops"}, "label-free", "dbscan, all crops"),
        ({"tracks", "kmeans"}, "tracker", "tracks"),
        (set(), "video", None),
    ],
)
def test_a_method_is_judged_by_the_clustering_and_the_crops_that_suit_its_family(names, family, chosen):
    assert study.clustering(names, family) == chosen


def test_trainings_are_found_by_their_model(written):
    found = resources.trainings(written[0] / "results/benchmarks", written[0] / "results/logs")
    first, second = (f"bench/models/{CELLS[0]['name']}-s{seed}/0123456789ab" for seed in (1, 2))
    assert found[first] == {"seconds": 90.0, "mb": 700.0, "gpu": None}
    assert found[second] == {"seconds": 30.0, "mb": 1500, "gpu": "NVIDIA H100"}


def test_accuracy_over_training_is_that_of_the_best_match(written):
    folder, settings = written
    collection = Collection("bench", folder / "results/bench", settings["collections"]["bench"])
    # Names go round by four, as the groups do; at first every other crop, which is two of the names, is left out.
    assert training.accuracies(collection, collection.runs[0]) == {1: 0.5, 2: 1.0}
    assert training.accuracies(collection, collection.runs[1]) == {}
    first = training.histories(collection)[CELLS[0]["name"]]
    assert first[1][2][training.ACCURACY] == 1.0 and training.ACCURACY not in first[2][2]


def test_the_controls_stand_below_under_the_protocol_of_the_cells(page):
    assert re.search(r"Control random 20\.0( \S+)? 30\.0", page.said)
    assert "Control resnet50" not in page.said and "Control noise" not in page.said


def test_a_row_tells_mean_interval_published_seeds_time_and_memory(page):
    # Two seeds of 0.68 and 0.69: 0.685 -+ 12.706 * 0.005.
    assert re.search(r"0\.0 conv1 full 68\.5 62\.1–74\.9 41\.6 pandas 50 ± 2\.1 lions 78\.5 72\.1–84\.9", page.said)
    assert re.search(r"68\.5 62\.1–74\.9 2 1 min 1 500 MB NVIDIA H100 1\.044 GB pandas", page.said)
    # One seed: the interval of its run.
    assert re.search(r"0\.1 conv1 full 43\.2 38\.2–48\.2 53\.2 48\.2–58\.2", page.said)


def test_a_cell_that_has_no_run_is_a_row_of_dashes(page):
    assert re.search(rf"0\.1 {re.escape(EVIL)} full – – – 0 – –", page.said)


def test_published_figures_of_what_is_no_cell_stand_apart(page):
    assert "Published, but not run here Cell Figure Published closed Rank-1 91.8 lions How to read it" in page.said


def test_two_axes_are_a_table_of_their_own(page):
    table = (
        re.escape(rf"area \ layer conv1 {EVIL}") + r" 0\.0 68\.5 62\.1–74\.9 68\.0 63\.0–73\.0 0\.1 43\.2 38\.2–48\.2 –"
    )
    assert re.search(table, page.said)


def test_the_page_says_how_intervals_and_protocols_are_meant(page):
    assert "Student's quantile 0.975" in page.said and "resampling individuals" in page.said
    assert "mAP: protocol cross_sequence." in page.said and "Accuracy: clusters of dbscan." in page.said


def test_collections_without_the_study_are_left_out_and_one_without_names_says_so(page, written):
    heads = re.findall(r"<h2>(.*?)</h2>", (written[0] / "out/studies/noise.html").read_text(encoding="utf-8"))
    assert heads == ["bench", "other", "Published, but not run here", "How to read it"]
    assert "No cell has a figure here" in page.said
    nowhere = (written[0] / "out/studies/nowhere.html").read_text(encoding="utf-8")
    assert "No collection runs this study." in nowhere


def test_the_report_links_each_study_and_each_study_the_report(written, page):
    index = Page((written[0] / "out/index.html").read_text(encoding="utf-8"))
    assert "studies/noise.html" in index.hrefs and "#studies" in index.hrefs and "studies" in index.ids
    assert page.hrefs.count("../index.html") == 1
    assert "accuracy by matching" in index.said


def test_untrusted_text_is_escaped_and_nothing_is_fetched(written, page):
    html = (written[0] / "out/studies/noise.html").read_text(encoding="utf-8")
    assert [tag for tag, _ in page.tags].count("script") == 1
    assert not re.search(r"https?://|//\w+\.|@import|url\(", html)
    assert page.hrefs == ["data:,", "../index.html"]


def test_only_an_axis_of_numbers_is_plotted():
    rows = [{"cell": cell, "figures": {"mAP": study.Figure(0.5, 0.4, 0.6, (0.5,), "all")}} for cell in CELLS]
    plot = study._plot(GRID, rows, "mAP")
    assert "conv1" in plot and "&lt;script&gt;" in plot and "<script>" not in plot
    assert study._plot([["x", ["a", "b"]], ["y", ["1", "nan"]]], rows, "mAP") is None
