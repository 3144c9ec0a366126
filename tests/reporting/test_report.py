"""The report on small but complete results trees: what the page says equals what the tables hold."""

import json
import re
from urllib.parse import unquote
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from reporting.results_tree import EVIL, METHODS, SCORES, Page, Tree, ellipse, jpeg, make, run

from pugmark import tables
from pugmark.reporting import leaderboard, pictures, plots, sightings, strips, summary, tally, training, view
from pugmark.reporting.gather import Collection
from pugmark.stages import ingest, report


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    settings = make(folder)
    report.main(
        ["--results", str(folder / "results"), "--out", str(folder / "out"), "--settings", json.dumps(settings)]
    )
    return folder, settings


@pytest.fixture(scope="module")
def page(written):
    return Page((written[0] / "out/index.html").read_text(encoding="utf-8"))


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


def test_settings_that_differ_from_a_methods_file_are_listed(page):
    assert "resnet50 backbone: timm/resnet10t, epochs: 3 cluster_contrast all as there" in page.said


def test_skipped_files_are_shown_with_reason_and_stage_counts(page):
    assert "unreadable: image file is truncated : 2" in page.said
    assert f"b1/x/{EVIL}.jpg" in page.said
    assert "duplicate : 2" in page.said
    assert "ingest ignored: other suffix 3" in page.said
    assert "detect dropped: outside the image 2" in page.said
    assert "hidden" not in page.said


def test_summary_figures(written):
    folder, settings = written
    found = summary.figures(Collection("bench", folder / "results/bench", settings["collections"]["bench"]))
    assert found == {
        "Media files read": 24,
        "Media files skipped": 4,
        "Animal boxes": 24,
        "People kept out": 4,
        "Crops": 24,
        "Named individuals": 4,
        "Stations": 3,
    }


def test_motion_and_licence_warnings(page):
    assert page.said.count("Motion cannot tell people from animals.") == 1
    assert "ultralytics is AGPL-3.0." in page.said
    assert "yolo11n AGPL-3.0 detect ab12ab12ab12" in page.said


def test_masks_state_their_fallback_rate(page):
    assert "It left 25.0 % of the boxes to a later step" in page.said


def test_unlabelled_collections_say_who_was_seen_where(page):
    assert "No animal here has a name" in page.said
    assert re.search(r"Cluster 1 Wald <b>0</b> 2024-05-03 22:34 2024-05-04 22:34 2 2", page.said)


def test_one_cluster_of_everything_is_called_no_separation(tmp_path, page):
    tree = Tree(tmp_path, "herd", labelled=False, runs=[run("cluster_contrast", 1, "herd")])
    file = tmp_path / "results/herd/runs/cluster_contrast-s1/clusters.parquet"
    tables.write(file, "clusters", tables.read(file, "clusters").assign(cluster=0, score=0.5), "cluster")
    settings = {"title": "Herd", "collections": {"herd": tree.settings()}, "methods": METHODS}
    report.main(["--results", str(tmp_path / "results"), "--out", str(tmp_path), "--settings", json.dumps(settings)])
    assert "This separates nobody" in Page((tmp_path / "index.html").read_text(encoding="utf-8")).said
    assert "This separates nobody" not in page.said


def test_a_collection_without_crops_or_tables_is_still_a_section(page):
    assert page.said.count("This collection has no crops") == 2


def test_a_batch_of_which_nothing_could_be_used_is_told(tmp_path, page):
    batch = tmp_path / "july & august"
    batch.mkdir()
    for name in ("a.heic", "b.heic", "c.NEF", "d.jpg"):
        (batch / name).write_bytes(b"no picture")
    out = tmp_path / "results/herd/batches" / batch.name / "media.parquet"
    ingest.main(["--batch", str(batch), "--out", str(out)])
    settings = Tree(tmp_path, "herd", batches=()).settings() | {"batches": [batch.name]}
    settings = {"title": "Herd", "collections": {"herd": settings}, "methods": METHODS}
    report.main(["--results", str(tmp_path / "results"), "--out", str(tmp_path), "--settings", json.dumps(settings)])
    said = " ".join(Page((tmp_path / "index.html").read_text(encoding="utf-8")).said.split())
    assert "No picture or video of batch july & august could be used. 1 file could not be read" in said
    assert "Files of these kinds were passed over: .heic (2), .nef (1)." in said
    assert "No picture or video of batch b1" not in page.said


def test_untrusted_text_is_escaped_everywhere(written, page):
    assert [tag for tag, _ in page.tags].count("script") == 1
    assert not [tag for tag, attributes in page.tags if any(name.startswith("on") for name in attributes)]
    assert "Wald <b>0</b>" in page.said
    assert 'Ana "la\' roja"' in page.said and "Éloïse & Söhne" in page.said
    assert any(EVIL in image["alt"] for image in page.images)
    for path in (written[0] / "out").rglob("*.svg"):
        tags = {element.tag.rpartition("}")[2] for element in ElementTree.parse(path).iter()}
        assert tags <= {"svg", "style", "title", "text", "line", "circle", "g", "polyline"}, path


def test_every_picture_exists_and_has_an_alternative_text(written, page):
    out = written[0] / "out"
    assert len(page.images) > 30
    for image in page.images:
        with Image.open(out / unquote(image["src"])) as opened:
            assert opened.size == (int(image["width"]), int(image["height"]))
        assert image["alt"]
    for href in page.hrefs:
        target = href.removeprefix("#")
        assert target in page.ids if href.startswith("#") else href == "data:," or (out / unquote(href)).exists()


def test_the_five_pictures_exist_for_every_collection(written):
    folder, settings = written
    for name in settings["collections"]:
        found = {path.name for path in (folder / "out" / name).iterdir()}
        assert found >= {"leaderboard.svg", "curves.svg", "strips.jpg", "clusters.jpg", "masks.jpg"}


def test_nothing_is_fetched(written):
    page = (written[0] / "out/index.html").read_text(encoding="utf-8")
    assert not re.search(r"https?://|//\w+\.|@import|url\(", page)


def test_equal_tables_give_equal_bytes(written, tmp_path):
    folder, settings = written
    report.report(folder / "results", tmp_path, settings)
    first = {path.relative_to(folder / "out"): path.read_bytes() for path in (folder / "out").rglob("*.*")}
    again = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*.*")}
    assert first == again


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


def test_strips_take_right_and_wrong_queries_and_pass_over_unanswerable_ones():
    queries = pd.DataFrame(
        {
            "crop_id": [f"c{at}" for at in range(20)],
            "positives": [0] * 4 + [2] * 16,
            "neighbours": [["c1", "c2"]] * 20,
            "correct": [[at % 4 == 0, True] for at in range(20)],
        }
    )
    picked = strips.pick(queries)
    right = [int(crop[1:]) % 4 == 0 for crop in picked]
    assert right == [True] * 4 + [False] * 4
    assert not {"c0", "c1", "c2", "c3"} & set(picked)
    assert picked == strips.pick(queries.iloc[::-1])


def test_verdicts_say_whether_a_method_stands_apart_from_the_best_control():
    controls = [row("oracle", 1.0), row("pixels", 0.3), row("random", 0.2)]
    assert leaderboard.verdicts([*controls, row("new", 0.5, "supervised")]) == [
        "new: mAP 20.0 points above the best control, pixels; the intervals do not overlap."
    ]
    (near,) = leaderboard.verdicts([*controls, row("new", 0.38, "supervised")])
    assert "8.0 points" in near and "may be chance" in near
    assert leaderboard.verdicts([*controls, row("new", 0.25, "supervised")]) == []
    assert leaderboard.verdicts([*controls, row("sort", 0.5, "tracker")]) == []


def test_verdicts_compare_with_frozen_networks_too_and_those_with_the_controls_alone():
    found = [row("oracle", 1.0), row("new", 0.9, "video"), row("net", 0.6, "frozen"), row("own", 0.5, "file")]
    assert leaderboard.verdicts([*found, row("pixels", 0.3)]) == [
        "new: mAP 30.0 points above the best frozen network, net; the intervals do not overlap.",
        "net: mAP 30.0 points above the best control, pixels; the intervals do not overlap.",
    ]


def test_a_clustering_that_fails_the_oracle_is_told():
    oracle = row("oracle", 1.0, accuracy=0.41)
    said = leaderboard.unfit("dbscan", [row("pixels", 0.3, accuracy=0.2), oracle])
    assert "has an accuracy of 41.0 % by dbscan" in said
    assert leaderboard.unfit("dbscan", [row("oracle", 1.0, accuracy=1.0), row("pixels", 0.3, accuracy=0.2)]) is None
    assert leaderboard.unfit("argmax", [row("pixels", 0.3, accuracy=0.2)]) is None


def test_pictures_without_time_are_counted_where_nothing_joins_them_to_others():
    nothing, noon = pd.NaT, pd.Timestamp("2024-05-31 12:00")
    media = pd.DataFrame(
        [
            ("image", nothing, "a"),  # alone
            ("image", nothing, "b"),  # of one clip with the next
            ("image", nothing, "b"),
            ("image", noon, "c"),
            ("video", nothing, "d"),  # alone, and so are its frames
            ("frame", nothing, "d"),
            ("frame", nothing, "d"),
        ],
        columns=["kind", "timestamp", "sequence"],
    ).assign(status="ok", path="x.jpg", station=None, time_doubt=None)
    empty = pd.DataFrame({"label": [], "detector": []})
    assert tally.of_batch("b1", media, empty, []).alone == 2


def test_times_in_doubt_are_told_with_the_files():
    media = pd.DataFrame({"path": ["a", "b", "v", "v"], "kind": ["image", "image", "video", "frame"]})
    media = media.assign(status="ok", station=None, timestamp=pd.NaT, sequence="s")
    media["time_doubt"] = [None, "clock never set", "in the future", "in the future"]
    empty = pd.DataFrame({"label": [], "detector": []})
    found = tally.reasons([tally.of_batch("b1", media, empty, [])], "doubted")
    assert found == {"clock never set": (1, [("b1", "b")]), "in the future": (1, [("b1", "v")])}


def test_a_protocol_without_answers_is_not_the_headline():
    # One video is one sequence: across sequences nothing can be found.
    rows = [("all", 0.5), ("cross_sequence", np.nan), ("cross_station", 0.4)]
    metrics = pd.DataFrame([{"metric": "mAP", "protocol": protocol, "value": value} for protocol, value in rows])
    assert leaderboard.protocols(metrics, "cross_sequence") == ["all", "cross_station", "cross_sequence"]
    assert leaderboard.protocols(metrics.fillna(0.3), "cross_sequence")[0] == "cross_sequence"


def test_a_variant_shows_what_its_method_published(tmp_path):
    variant = run("resnet50", 1, "one") | {"name": "mine", "run": "mine-s1"}
    metric = dict(method="mine", seed=1, protocol="all", metric="mAP", value=0.5, low=None, high=None, n=4)
    tables.write(tmp_path / "runs" / "mine-s1" / "metrics.parquet", "metrics", [metric], "evaluate")
    found = Collection("one", tmp_path, {"batches": [], "runs": [variant]}).metrics
    assert found[["name", "method"]].to_numpy().tolist() == [["mine", "resnet50"]]


def test_a_crop_without_a_name_is_neither_right_nor_wrong_in_its_cluster():
    frame = pd.DataFrame(
        {
            "crop_id": list("abc"),
            "cluster": [0, 0, 0],
            "individual": pd.Series(["Ana", "Bo", None], dtype="str"),
            "sequence": ["s1", "s2", "s3"],
            "score": [0.9, 0.8, 0.7],
        }
    )
    (group,) = sightings.groups(frame)
    assert [tile.correct for tile in view._row(group)] == [group.name == "Ana", group.name == "Bo", None]


def test_groups_state_name_purity_and_disagreements():
    frame = pd.DataFrame(
        {
            "crop_id": list("abcdefg"),
            "cluster": [0, 0, 0, 1, 1, 2, -1],
            "individual": ["Ana", "Ana", "Bo", "Ana", None, "Cy", "Bo"],
            "sequence": ["s1", "s2", "s1", "s3", "s3", "s4", "s5"],
        }
    )
    first, second, third, noise = sightings.groups(frame)
    assert (first.name, first.purity, second.name, second.purity) == ("Ana", 2 / 3, "Ana", 1.0)
    assert (third.cluster, noise.label) == (2, "Noise")
    assert [group.named for group in (first, second, third)] == [3, 1, 1], "of two crops in the second one is named"
    assert sightings.errors(frame) == {"split": 1, "combined": 1, "single": 2, "sequences": 5, "excluded": 1}


def film(folder, *runs, **algorithms):
    """A collection of one video: `algorithms` {run: (algorithm, protocol, ARI or None)} take the place of dbscan."""
    tree = Tree(folder, "film", video=True, batches=["film"], runs=list(runs))
    for name, (algorithm, protocol, ari) in algorithms.items():
        place = tree.folder / "runs" / f"{name}-s1"
        clusters = tables.read(place / "clusters.parquet", "clusters").assign(algorithm=algorithm)
        tables.write(place / "clusters.parquet", "clusters", clusters, "cluster")
        metric = dict(method=name, seed=1, protocol=protocol, metric="ARI", value=ari, low=None, high=None, n=4)
        tables.write(place / "metrics.parquet", "metrics", [metric] if ari is not None else [], "evaluate")
    return Collection("film", tree.folder, tree.settings())


def test_the_gallery_and_timeline_of_a_video_show_the_run_that_agrees_best_over_all_crops(tmp_path):
    pairs, tracker = run("cluster_contrast", 1, "film"), run("resnet50", 1, "film") | {"family": "tracker"}
    shown = {"cluster_contrast": ("kmeans", "kmeans, all crops", 0.8), "resnet50": ("tracks", "tracks, all crops", 0.3)}
    collection = film(tmp_path, pairs, tracker, **shown)
    assert sightings.choose(collection) == ("cluster_contrast-s1", "kmeans")
    gallery = view.clusters(collection)
    assert len(gallery["sheet"].rows) == 5 and [video for video, _ in gallery["timelines"]] == ["film-film"]


@pytest.mark.parametrize("algorithm", ["tracks", "argmax"])
@pytest.mark.parametrize("ari", [0.3, None])
def test_tracks_and_named_outputs_are_shown_like_any_clusters_with_names_and_without(tmp_path, algorithm, ari):
    family = {"tracks": "tracker", "argmax": "supervised"}[algorithm]
    only = run("resnet50", 1, "film") | {"family": family}
    collection = film(tmp_path, only, resnet50=(algorithm, f"{algorithm}, unseen crops", ari))
    assert sightings.choose(collection) == ("resnet50-s1", algorithm)
    gallery = view.clusters(collection)
    (_, plot) = gallery["timelines"][0]
    assert [line["group"].label for line in plot["lines"]] == [*(f"Cluster {at}" for at in (1, 2, 0, 3)), "Noise"]
    assert all(row for row in gallery["sheet"].rows)


def test_timeline_joins_successive_frames_and_sets_other_names_apart():
    frame = pd.DataFrame(
        {"cluster": 0, "individual": ["Ana", "Ana", "Ana", "Bo"], "frame_number": [0, 5, 15, 10], "sequence": "film"}
    )
    plot = plots.timeline(sightings.groups(frame), frame["frame_number"])
    (line,) = plot["lines"]
    unit = plots.SPAN / 20
    assert line["right"] == [(plots.LABEL, 10 * unit), (plots.LABEL + 15 * unit, 5 * unit)]
    assert line["wrong"] == [(plots.LABEL + 10 * unit, 5 * unit)]


def test_curves_keep_the_last_attempt_of_an_epoch_and_leave_out_what_is_not_finite(written):
    folder, settings = written
    collection = Collection("bench", folder / "results/bench", settings["collections"]["bench"])
    assert sorted(collection.history("resnet50-s1")) == [0, 1, 2]
    plot = plots.curves({"m": {1: {0: {"epoch": 0, "loss": 2.0}, 1: {"epoch": 1, "loss": float("nan")}}}})
    assert plot["rows"][0]["panels"][0]["lines"] == [[(0.0, plots.CURVE[1])]]


def test_accuracies_stand_on_one_scale():
    plot = plots.curves({"m": {1: {epoch: {training.ACCURACY: share} for epoch, share in ((1, 0.25), (2, 0.75))}}})
    (panel,) = plot["rows"][0]["panels"]
    width, height = plots.CURVE
    assert panel["lines"] == [[(0.0, 0.75 * height), (width, 0.25 * height)]]


def test_sheets_frame_right_and_wrong_and_draw_masks(tmp_path):
    tiles = (pictures.Tile("a", True), pictures.Tile("a", False), pictures.Tile("a"), pictures.Tile("a", outlined=True))
    sheet = pictures.Sheet("s.jpg", (tiles, tiles[:1]), 4)
    pictures.draw(sheet, {"a": (jpeg(0), ellipse())}, tmp_path)
    with Image.open(tmp_path / "s.jpg") as image:
        pixels = np.asarray(image).astype(int)
    corner = [
        pixels[pictures.GAP // 2 + 2, pictures.GAP + at * (pictures.TILE[0] + pictures.GAP) + 30] for at in range(4)
    ]
    assert corner[0][1] > corner[0][0] + 60 and corner[1][0] > corner[1][1] + 60
    assert max(corner[2]) < 60
    yellow = (pixels[..., 0] > 220) & (pixels[..., 1] > 180) & (pixels[..., 2] < 120)
    left = 3 * (pictures.TILE[0] + pictures.GAP)
    assert yellow[:, left:].sum() > 200 and yellow[:, :left].sum() == 0
    assert sheet.size == (image.width, image.height) and sheet.share(1) == pytest.approx(140 / 548)


def test_only_the_wanted_pictures_are_kept(written):
    folder, settings = written
    collection = Collection("bench", folder / "results/bench", settings["collections"]["bench"])
    whole = collection.images({"m000-d00", "m013-d00"})
    assert set(whole) == {"m000-d00", "m013-d00"}
    assert whole["m000-d00"] == (jpeg(0), None) and whole["m013-d00"] == (jpeg(1), ellipse())
