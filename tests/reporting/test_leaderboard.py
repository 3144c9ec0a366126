"""The leaderboard: figures equal those of the tables, and what is said of them is true."""

import re

import numpy as np
import pandas as pd
import pytest
from reporting.results_tree import METHODS, SCORES, Page, Tree, run

from pugmark import tables
from pugmark.metrics import paired
from pugmark.reporting import leaderboard, view
from pugmark.reporting.gather import Collection
from pugmark.stages import report


def test_every_number_of_the_leaderboard_is_the_mean_of_its_tables(page):
    for method, score in SCORES.items():
        mean = score if method == "oracle" else score + 0.005
        low, high = (f"{100 * min(mean + by, 1):.1f}" for by in (-0.05, 0.05))
        title = re.escape(f"The {method} method" + (", with timm/resnet10t" if method == "resnet50" else ""))
        assert re.search(rf"{method}\b[^%]*?{title} {100 * mean:.1f} {low}–{high} ", page.said), method
    assert "Chance random ranking, computed 23.0 25.0" in page.said


def test_each_seed_is_listed(page):
    assert re.search(r"resnet50 1 43\.2 38\.2–48\.2 .*? resnet50 2 44\.2 39\.2–49\.2", page.said)


def test_clusterings_show_values_and_a_dash_where_undefined(page):
    assert re.search(r"The cluster_contrast method dbscan 68\.5 58\.5 63\.5 – 4 12\.5 24", page.said)


def test_a_figure_that_no_clustering_has_is_no_column():
    metrics = pd.DataFrame({"metric": ["accuracy", "IDF1"], "value": [0.5, np.nan]})
    assert view.partition(metrics) == {"accuracy": "Accuracy"}


def test_published_numbers_stand_beside_and_are_marked_as_other_data(page):
    assert "Published, on other data" in page.said
    assert "mAP 33.1 LionData" in page.said
    assert re.search(r"LionData mAP 33\.1 disjoint individuals A\. Author, On resnet50, 2024", page.said)


def test_methods_below_a_frozen_network_are_flagged_and_others_are_not(page):
    flagged = re.findall(r"(\w+): mAP [\d.]+ % is not above the frozen network, imagenet", page.said)
    assert flagged == ["resnet50"] * len(["cross_sequence", "all"])
    assert "look for a leak" not in page.said


def test_gains_stand_in_the_table_and_in_words(page):
    # Mean average precisions of .685 and .505; the interval is one of four individuals.
    said = (
        "cluster_contrast: mAP 18.0 points above the best frozen network, imagenet; the 95 % interval of the difference"
    )
    assert f"{said} is +" in page.said
    assert "Gain in mAP" in page.said and re.search(r"\+18\.0 \+[\d.]+ to \+[\d.]+ over imagenet", page.said)
    assert re.search(r"-6\.8 .{0,20}over imagenet", page.said) and "resnet50: mAP -" not in page.said


def row(method, score, family="control", low=None, **more):
    cell = leaderboard.Cell(score, score - 0.05 if low is None else low, score + 0.05, ((1, score, score, score),))
    cells = {"mAP": cell} | {name: leaderboard.Cell(value, value, value, ()) for name, value in more.items()}
    return leaderboard.Row(method, method, family, "here", cells, 10)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([row("oracle", 1.0), row("new", 1.0, "supervised")], "look for a leak"),
        ([row("oracle", 0.97)], "labels or the protocol have a fault"),
        ([row("random", 0.4, low=0.3, mAP_chance=0.25)], "exceed chance"),
        ([row("pixels", 0.4), row("new", 0.4, "supervised")], "(40.0 %): no gain from training is seen."),
        ([row("pixels", 0.4), row("new", 0.2, "supervised")], "(40.0 %): training gained nothing."),
        ([row("pixels", 0.4), row("net", 0.2, "frozen")], "(40.0 %): its vectors tell no more."),
        ([row("net", 0.5, "frozen"), row("other", 0.4, "frozen")], ""),
        ([row("net", 0.5, "frozen"), row("mine", 0.4, "file")], "is not above the frozen network, net (50.0 %): its"),
        (
            [row("net", 0.5, "frozen"), row("new", 0.6, "video"), row("other", 0.7, "frozen")],
            "the frozen network, other",
        ),
        ([row("pixels", 0.4), row("sort", 0.3, "tracker")], ""),
        (
            [row("oracle", 1.0), row("random", 0.2, mAP_chance=0.2), row("pixels", 0.3), row("new", 0.9, "supervised")],
            "",
        ),
    ],
)
def test_warnings(rows, said):
    found = " ".join(sentence for sentences in leaderboard.warnings(rows).values() for sentence in sentences)
    assert said in found and bool(said) == bool(found)


def test_a_clustering_that_fails_the_oracle_is_told():
    oracle = row("oracle", 1.0, accuracy=0.41)
    said = leaderboard.unfit("dbscan", [row("pixels", 0.3, accuracy=0.2), oracle])
    assert "has an accuracy of 41.0 % by dbscan" in said
    assert leaderboard.unfit("dbscan", [row("oracle", 1.0, accuracy=1.0), row("pixels", 0.3, accuracy=0.2)]) is None
    assert leaderboard.unfit("argmax", [row("pixels", 0.3, accuracy=0.2)]) is None


@pytest.mark.parametrize(
    ("individuals", "said"), [(2, "too few for intervals"), (7, "only 7 individuals"), (20, None), (None, None)]
)
def test_few_individuals_are_told_beside_the_intervals(individuals, said):
    more = {} if individuals is None else {"individuals": float(individuals)}
    found = leaderboard.caution([row("new", 0.4, "supervised", **more)])
    assert found is None if said is None else said in found


def asked(ap, crops="abcdefgh"):
    return pd.DataFrame({"crop_id": list(crops), "individual": list("ssttuuvv")[: len(crops)], "ap": ap})


def test_a_gain_is_that_over_the_best_rival_on_common_queries():
    queries = {"new": asked([0.5, 0.9], "bc"), "pixels": asked([0.2, 0.4], "ab"), "net": asked([0.1, 0.1], "xy")}
    found = [row("new", 0.7, "supervised"), row("oracle", 1.0), row("pixels", 0.4), row("net", 0.3, "frozen")]
    gains = leaderboard.gains(found, lambda one: queries[one.name])
    told = {name: (gain.rival.name, round(gain.apart.value, 6), gain.apart.queries) for name, gain in gains.items()}
    assert told == {"new": ("pixels", 0.1, 1)}, "net and pixels share no query; controls have no rival"


def test_frozen_networks_are_compared_with_the_controls_alone():
    found = [row("new", 0.9, "video"), row("net", 0.6, "frozen"), row("own", 0.5, "file"), row("pixels", 0.3)]
    gains = leaderboard.gains(found, lambda one: asked([one.cells["mAP"].value] * 8))
    assert {name: gain.rival.name for name, gain in gains.items()} == {"new": "net", "net": "pixels", "own": "net"}


def test_verdicts_say_by_how_much_and_whether_that_is_certain():
    def said(value, low, high):
        return leaderboard.verdicts(
            {"new": leaderboard.Gain(row("pixels", 0.3), paired.Difference(value, low, high, 9))}
        )

    above = "new: mAP 20.0 points above the best control, pixels; "
    assert said(0.2, 0.12, 0.31) == [above + "the 95 % interval of the difference is +12.0 to +31.0."]
    assert said(0.2, -0.01, 0.31) == [
        above + "the 95 % interval of the difference is -1.0 to +31.0, so this may be chance."
    ]
    assert said(0.2, np.nan, np.nan) == [above + "too few individuals to say whether that is chance."]
    assert said(-0.2, -0.3, -0.1) == []


def metrics_of(**values):
    return pd.DataFrame([{"metric": "mAP", "protocol": name, "value": value} for name, value in values.items()])


def test_the_headline_comes_first_and_protocols_without_answers_not_at_all():
    metrics = metrics_of(all=0.5, cross_sequence=0.3, cross_station=np.nan)
    assert leaderboard.protocols(metrics, "cross_sequence") == ["cross_sequence", "all"]
    assert leaderboard.protocols(metrics, "mine") == ["all", "cross_sequence"]


def test_there_are_no_figures_where_every_animal_was_met_once_but_in_a_video():
    metrics = metrics_of(all=1.0, cross_sequence=np.nan)
    assert leaderboard.unanswered(metrics, "cross_sequence")
    assert leaderboard.protocols(metrics, "cross_sequence") == []
    # One video is one sequence: across sequences nothing can be found.
    assert leaderboard.protocols(metrics, "cross_sequence", film=True) == ["all"]
    assert not leaderboard.unanswered(metrics, "mine") and not leaderboard.unanswered(metrics[:0], "cross_sequence")


def test_the_page_says_what_to_do_where_every_animal_was_met_once(tmp_path):
    tree = Tree(tmp_path, "once", runs=[run("imagenet", 1, "once")])
    file = tmp_path / "results/once/runs/imagenet-s1/metrics.parquet"
    found = tables.read(file, "metrics")
    found.loc[(found["protocol"] == "cross_sequence") & (found["metric"] != "queries"), ["value", "low", "high"]] = (
        np.nan
    )
    found.loc[found["protocol"] == "all", ["value", "low", "high"]] = 1.0
    tables.write(file, "metrics", found, "evaluate")
    report.report(
        tmp_path / "results", tmp_path / "out", {"collections": {"once": tree.settings()}, "methods": METHODS}
    )
    said = Page((tmp_path / "out/index.html").read_text(encoding="utf-8")).said
    assert "No query has an answer across visits" in said and "in labels.csv" in said
    assert "mean over seeds, 95 % intervals" not in said and "Rank-1 Rank-5" not in said
    assert not (tmp_path / "out/once/leaderboard.tex").exists()


def test_a_variant_shows_what_its_method_published(tmp_path):
    variant = run("resnet50", 1, "one") | {"name": "mine", "run": "mine-s1"}
    metric = dict(method="mine", seed=1, protocol="all", metric="mAP", value=0.5, low=None, high=None, n=4)
    tables.write(tmp_path / "runs" / "mine-s1" / "metrics.parquet", "metrics", [metric], "evaluate")
    found = Collection("one", tmp_path, {"batches": [], "runs": [variant]}).metrics
    assert found[["name", "method"]].to_numpy().tolist() == [["mine", "resnet50"]]
