"""Who was seen: clusters, their names and pages, and the tables to fill in."""

import csv
import json
import re

import pandas as pd
import pytest
from reporting.results_tree import METHODS, Page, Tree, run

from pugmark import tables
from pugmark.formats import labels_csv, sidecars
from pugmark.reporting import captions, galleries, sightings, view
from pugmark.reporting.gather import Collection
from pugmark.stages import label, report

LINKS = captions.Links({}, ".")


def test_unlabelled_collections_say_who_was_seen_where(page):
    assert "No animal here has a name" in page.said
    assert re.search(r"1 fox Wald <b>0</b> 2024-05-03 22:34 2024-05-04 22:34 2 2", page.said)


def test_one_cluster_of_everything_is_called_no_separation(tmp_path, page):
    tree = Tree(tmp_path, "herd", labelled=False, runs=[run("cluster_contrast", 1, "herd")])
    file = tmp_path / "results/herd/runs/cluster_contrast-s1/clusters.parquet"
    tables.write(file, "clusters", tables.read(file, "clusters").assign(cluster=0, score=0.5), "cluster")
    settings = {"title": "Herd", "collections": {"herd": tree.settings()}, "methods": METHODS}
    report.main(["--results", str(tmp_path / "results"), "--out", str(tmp_path), "--settings", json.dumps(settings)])
    assert "This separates nobody" in Page((tmp_path / "index.html").read_text(encoding="utf-8")).said
    assert "This separates nobody" not in page.said


def test_a_crop_without_a_name_is_neither_right_nor_wrong_in_its_cluster():
    frame = pd.DataFrame(
        {
            "crop_id": list("abc"),
            "cluster": [0, 0, 0],
            "individual": pd.Series(["Ana", "Bo", None], dtype="str"),
            "sequence": ["s1", "s2", "s3"],
            "score": [0.9, 0.8, 0.7],
            "species": "fox",
        }
    )
    (group,) = sightings.groups(frame)
    assert [tile.correct for tile in view._row(group)] == [group.name == "Ana", group.name == "Bo", None]


def test_groups_state_names_visits_and_disagreements():
    frame = pd.DataFrame(
        {
            "crop_id": list("abcdefg"),
            "cluster": [0, 0, 0, 1, 1, 2, -1],
            "individual": ["Ana", "Ana", "Bo", "Ana", None, "Cy", "Bo"],
            "sequence": ["s1", "s2", "s1", "s3", "s4", "s4", "s5"],
            "species": ["fox", "hare", "fox", "fox", "fox", None, "hare"],
        }
    )
    first, second, third, noise = sightings.groups(frame)
    assert (first.names, first.name, second.names) == ({"Ana": 2, "Bo": 1}, "Ana", {"Ana": 1})
    assert (third.cluster, noise.label) == (2, "Noise")
    assert [group.named for group in (first, second, third)] == [3, 1, 1], "of two crops in the second one is named"
    assert [group.visits for group in (first, second)] == [2, 1], "of the named crops alone"
    assert (first.species, third.species) == ({"fox": 2, "hare": 1}, {})
    assert sightings.errors(frame) == {"split": 1, "combined": 1, "single": 1, "sequences": 5, "excluded": 1}


def visits(**scores):
    """Crops of one cluster: {visit: scores of its crops}."""
    rows = [(f"{visit}{at}", visit, score) for visit, each in scores.items() for at, score in enumerate(each)]
    return pd.DataFrame(rows, columns=["crop_id", "sequence", "score"])


def test_crops_of_one_visit_stand_together_the_most_typical_first():
    crops = visits(a=[0.2, 0.9], b=[0.8, 0.95], c=[0.1])
    assert sightings.by_visit(crops)["crop_id"].tolist() == ["b1", "b0", "a1", "a0", "c0"]


def test_examples_come_from_as_many_visits_as_possible():
    crops = visits(a=[0.9, 0.89, 0.88, 0.87], b=[0.5], c=[0.4, 0.3])
    assert sightings.examples(crops, 3)["crop_id"].tolist() == ["a0", "b0", "c0"]
    assert sightings.examples(crops, 5)["crop_id"].tolist() == ["a0", "a1", "b0", "c0", "c1"]
    many = visits(**{f"v{at}": [1 - at / 10] for at in range(9)})
    assert sightings.examples(many, 3)["crop_id"].tolist() == ["v00", "v40", "v80"], "the least typical are seen too"


def test_a_gallery_never_shows_a_control_where_a_method_ran(tmp_path):
    method, control = run("cluster_contrast", 1, "film"), run("imagenet", 1, "film") | {"family": "control"}
    told = {"cluster_contrast": ("kmeans", "kmeans", None), "imagenet": ("dbscan", "dbscan", 0.9)}
    assert sightings.choose(film(tmp_path / "no ARI", method, control, **told)) == ("cluster_contrast-s1", "kmeans")
    told["cluster_contrast"] = ("kmeans", "kmeans, all crops", 0.1)
    assert sightings.choose(film(tmp_path / "lower", method, control, **told)) == ("cluster_contrast-s1", "kmeans")
    assert sightings.choose(film(tmp_path / "alone", control, imagenet=told["imagenet"])) == ("imagenet-s1", "dbscan")
    oracle = run("oracle", 1, "film")
    assert sightings.choose(film(tmp_path / "oracle", oracle, oracle=("dbscan", "dbscan", 1.0))) is None


def test_a_cluster_tells_how_many_of_its_crops_are_named_and_in_how_many_visits(tmp_path):
    tree = Tree(tmp_path, "herd", runs=[run("cluster_contrast", 1, "herd")])
    split, place = tables.read(tree.folder / "split.parquet", "split"), tree.folder / "runs/cluster_contrast-s1"
    first = split["batch"].eq("b1") & split.index.isin([0, 1, 2])
    split["individual"] = split["individual"].mask(~first).mask(first, "rabbit_B")
    tables.write(tree.folder / "split.parquet", "split", split, "split")
    clusters = tables.read(place / "clusters.parquet", "clusters").iloc[:12].assign(cluster=0, score=0.5)
    tables.write(place / "clusters.parquet", "clusters", clusters, "cluster")
    report.report(tmp_path / "results", tmp_path, {"collections": {"herd": tree.settings()}, "methods": METHODS})
    said = Page((tmp_path / "index.html").read_text(encoding="utf-8")).said
    assert "rabbit_B : 3 of 12 named, 1 visit" in said.replace("rabbit_B:", "rabbit_B :")
    assert "purity" not in said


def test_each_cluster_has_a_page_with_all_its_crops_and_their_files(written):
    out = written[0] / "out"
    clusters = tables.read(written[0] / "results/bench/runs/cluster_contrast-s2/clusters.parquet", "clusters")
    for cluster, crops in clusters.groupby("cluster"):
        page = Page((out / f"bench/clusters/{cluster if cluster >= 0 else 'noise'}.html").read_text(encoding="utf-8"))
        assert len(page.images) == len(crops) and all(image["alt"] for image in page.images)
        shown = set(re.findall(r"/x/(m\d+)\.jpg", page.said))
        assert shown == {crop[:4] for crop in crops["crop_id"]}
        linked = [href for href in page.hrefs if href.endswith(".jpg")]
        assert all((out / "bench/clusters" / href).exists() for href in linked)
        assert len(linked) == sum(crop[:4] in {f"m{at:03d}" for at in range(0, 12, 2)} for crop in crops["crop_id"])


def test_a_filled_table_is_a_labels_csv_of_its_batch(written, tmp_path):
    file = written[0] / "out/wild & free/names/b1.csv"
    with open(file, newline="", encoding="utf-8-sig") as text:
        rows = list(csv.DictReader(text))
    assert len(rows) == 12 and [row["cluster"] for row in rows] == sorted(row["cluster"] for row in rows)
    assert not any(row["individual"] for row in rows)
    assert not any(row["x"] for row in rows), "of one crop a picture the path says enough: a box would cost a detection"
    (tmp_path / "x").mkdir()
    for row in rows:
        row["individual"] = f"animal {row['cluster']}"
        (tmp_path / row["path"]).touch()
    with open(tmp_path / "labels.csv", "w", newline="", encoding="utf-8") as text:
        table = csv.DictWriter(text, rows[0])
        table.writeheader()
        table.writerows(rows)
    assert labels_csv.read(tmp_path / "labels.csv", labels_csv.REQUIRED["labels.csv"])[1] == [], "no problems"
    said = sidecars.read(tmp_path, label.DEFAULTS)
    crops = tables.read(written[0] / "results/wild & free/batches/b1/crops.parquet", "crops", label._CROP)
    named, counts = label.label(crops, said)
    assert counts["crops named"] == 12 and counts["names without a crop"] == 0
    assert {one["crop_id"]: one["individual"] for one in named} == {
        f"{row['path'][2:6]}-d00": row["individual"] for row in rows
    }


def test_a_picture_of_two_animals_states_their_boxes():
    facts = {"path": ["a", "a", "b"], "frame_number": None, "crop_id": [*"xyz"], "cluster": [0, 1, 0]}
    crops = pd.DataFrame(facts | {"individual": None, "viewpoint": None, "alone": [False, False, True]})
    table = galleries.to_fill(crops.assign(x=0.1234567, y=0.2, w=0.3, h=0.4)).set_index("path")
    assert table.loc["a", "x"].tolist() == [0.123457, 0.123457] and table.loc["b", [*"xywh"]].isna().all()


def test_known_names_stand_in_the_table_to_fill(written):
    with open(written[0] / "out/bench/names/b1.csv", newline="", encoding="utf-8-sig") as text:
        assert all(row["individual"] for row in csv.DictReader(text))


def test_pages_end_at_a_number_of_crops_and_tables_do_not(written):
    folder, settings = written
    collection = Collection("bench", folder / "results/bench", settings["collections"]["bench"])
    found = sightings.groups(sightings.assigned(collection, "cluster_contrast-s1", "dbscan"))
    assert [len(group.crops) for group in found] == [6, 5, 5, 5, 3]
    pages = galleries.pages(found, LINKS, most=8)
    assert [sum(len(crops) for _, crops in page.visits) for page in pages.values()] == [6, 2]
    assert [sum(map(len, page.tables.values())) for page in pages.values()] == [6, 5]


def test_pages_of_clusters_that_are_no_more_are_removed(tmp_path):
    tree = Tree(tmp_path, "herd", runs=[run("cluster_contrast", 1, "herd")])
    settings = {"collections": {"herd": tree.settings()}, "methods": METHODS}
    report.report(tmp_path / "results", tmp_path / "out", settings)
    file = tree.folder / "runs/cluster_contrast-s1/clusters.parquet"
    tables.write(file, "clusters", tables.read(file, "clusters").assign(cluster=7, score=0.5), "cluster")
    report.report(tmp_path / "results", tmp_path / "out", settings)
    assert {path.name for path in (tmp_path / "out/herd/clusters").glob("*.html")} == {"7.html"}


def test_clusters_of_an_earlier_day_are_not_shown(tmp_path):
    tree = Tree(tmp_path, "herd", runs=[run("cluster_contrast", 1, "herd")])
    assert sightings.choose(Collection("herd", tree.folder, tree.settings())) is not None
    collection = Collection("herd", tree.folder, tree.settings() | {"clustered": []})
    assert sightings.choose(collection) is None
    assert "cluster" not in {provenance["stage"] for _, provenance in collection.provenances()}


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
    gallery = view.clusters(collection, LINKS)
    assert len(gallery["sheet"].rows) == 5 and [video for video, _ in gallery["timelines"]] == ["film-film"]


@pytest.mark.parametrize("algorithm", ["tracks", "argmax"])
@pytest.mark.parametrize("ari", [0.3, None])
def test_tracks_and_named_outputs_are_shown_like_any_clusters_with_names_and_without(tmp_path, algorithm, ari):
    family = {"tracks": "tracker", "argmax": "supervised"}[algorithm]
    only = run("resnet50", 1, "film") | {"family": family}
    collection = film(tmp_path, only, resnet50=(algorithm, f"{algorithm}, unseen crops", ari))
    assert sightings.choose(collection) == ("resnet50-s1", algorithm)
    gallery = view.clusters(collection, LINKS)
    assert [group.label for group in gallery["shown"]] == [*(f"Cluster {at}" for at in (1, 2, 0, 3)), "Noise"]
    assert [video for video, _ in gallery["timelines"]] == ["film-film"]
    assert all(row for row in gallery["sheet"].rows)
