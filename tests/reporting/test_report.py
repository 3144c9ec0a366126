"""The report on small but complete results trees: what the first page says equals what the tables hold."""

import re
import types
from urllib.parse import unquote
from xml.etree import ElementTree

import pandas as pd
import pytest
from PIL import Image
from reporting.results_tree import EVIL, METHODS, Page, Tree, run

from pugmark.reporting import glossary, summary, tally
from pugmark.reporting.gather import Collection
from pugmark.stages import ingest, report


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
    assert "It left 25.0 % of the boxes to its fallbacks" in page.said


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
    report.report(tmp_path / "results", tmp_path, {"collections": {"herd": settings}, "methods": METHODS})
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
        assert tags <= {"svg", "style", "title", "text", "g", "path", "use", "defs"}, path


def test_every_picture_exists_and_has_an_alternative_text(written, page):
    out = written[0] / "out"
    assert len(page.images) > 30
    for image in page.images:
        with Image.open(out / unquote(image["src"])) as opened:
            assert opened.size == (int(image["width"]), int(image["height"]))
        assert image["alt"]
    for href in page.hrefs:
        target = unquote(href.removeprefix("#"))
        assert target in page.ids if href.startswith("#") else href == "data:," or (out / unquote(href)).exists()


def test_the_five_pictures_exist_for_every_collection(written):
    folder, settings = written
    for name in settings["collections"]:
        found = {path.name for path in (folder / "out" / name).iterdir()}
        assert found >= {"leaderboard.svg", "curves.svg", "strips.jpg", "clusters.jpg", "masks.jpg"}


def test_nothing_is_fetched(written):
    page = (written[0] / "out/index.html").read_text(encoding="utf-8")
    assert not re.search(r"https?://|//\w+\.|@import|url\(", page)


def test_equal_tables_give_equal_bytes(written):
    folder, settings = written
    again = folder / "again"
    report.report(folder / "results", again, settings)
    first = {path.relative_to(folder / "out"): path.read_bytes() for path in (folder / "out").rglob("*.*")}
    second = {path.relative_to(again): path.read_bytes() for path in again.rglob("*.*")}
    assert first.keys() == second.keys()
    assert [path for path in first if first[path] != second[path]] == []


def test_batches_that_the_last_report_did_not_have_are_marked(tmp_path):
    def said(batches):
        tree = Tree(tmp_path, "herd", batches=batches, runs=[run("cluster_contrast", 1, "herd")])
        report.report(
            tmp_path / "results", tmp_path / "out", {"collections": {"herd": tree.settings()}, "methods": METHODS}
        )
        return Page((tmp_path / "out/index.html").read_text(encoding="utf-8")).said

    assert "since the last report" not in said(["b1"])
    second = said(["b1", "b2"])
    assert "new since the last report: b2." in second and "b2 new" in second and "b1 new" not in second
    assert "new crops" in second, "clusters say so as well"
    assert said(["b1", "b2"]) == second, "made again over the same batches"
    assert "new since the last report: b3." in said(["b1", "b2", "b3"])


def test_words_are_explained_where_they_stand_and_in_a_list(page):
    said = {attributes.get("title", "") for tag, attributes in page.tags if tag == "abbr"}
    for word in ("mAP", "Rank-1", "ARI", "ID-F1", "noise", "oracle", "junk", "BAKS"):
        assert glossary.WORDS[word] in said, word
        assert f"{word} {glossary.WORDS[word]}" in page.said
    assert str(glossary.explained(EVIL)) == EVIL, "left for the template to escape"


def test_tables_lie_beside_the_page_as_csv_and_the_leaderboard_as_latex(written, page):
    folder = written[0] / "out/bench"
    scores = pd.read_csv(folder / "leaderboard.csv", encoding="utf-8-sig").set_index(["protocol", "method", "metric"])
    assert scores.loc[("cross_sequence", "resnet50", "mAP"), "value"] == pytest.approx(0.4371)
    seeds = pd.read_csv(folder / "seeds.csv", encoding="utf-8-sig")
    assert len(seeds) == 2 * 5 * 5 * 2, "protocols, methods, metrics, seeds"
    assert re.search(r"resnet50 & 43\.7 \[38\.7, 48\.7\] &", (folder / "leaderboard.tex").read_text())
    assert r"cluster\_contrast" in (folder / "leaderboard.tex").read_text()
    batches = pd.read_csv(folder / "batches.csv", encoding="utf-8-sig")
    assert batches[["batch", "read", "skipped", "animal", "crops"]].values.tolist()[0] == ["b1", 12, 2, 12, 12]
    where = pd.read_csv(folder / "clusters-by-station.csv", encoding="utf-8-sig")
    assert where["crops"].sum() == 24 and set(where["species"]) <= {"fox", "hare & co", "fox, hare & co"}
    assert {href for href in page.hrefs if href.endswith((".csv", ".tex"))} >= {
        f"bench/{file}" for file in ("leaderboard.csv", "leaderboard.tex", "clusterings.csv", "batches.csv")
    }


def test_species_are_a_column_and_a_filter(page):
    options = [attributes for tag, attributes in page.tags if tag == "option"]
    assert options and "Species" in page.said
    figures = [
        attributes["data-species"] for tag, attributes in page.tags if tag == "figure" and "data-species" in attributes
    ]
    assert {"fox", "hare & co"} <= set(figures)


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


def test_methods_that_have_learned_from_the_test_crops_of_today_are_told():
    runs = [{"run": f"mine-s{seed}", "name": "mine"} for seed in (1, 2)] + [{"run": "pixels-s1", "name": "pixels"}]
    left_out = {"mine-s1": 4, "mine-s2": 9, "pixels-s1": 0}
    said = [
        (run, {"stage": "evaluate", "counts": {"test crops that trained the model": n}}) for run, n in left_out.items()
    ]
    collection = types.SimpleNamespace(runs=runs, provenances=lambda: [("b1", {"stage": "crop", "counts": {}}), *said])
    assert summary.relearned(collection) == {"mine": 9}


def test_media_that_results_made_elsewhere_do_not_know_are_told():
    made = [
        ("b1", {"stage": "detect", "counts": {"media without entry": 30}}),
        ("b2", {"stage": "detect", "counts": {}}),
    ]
    collection = types.SimpleNamespace(provenances=lambda: [*made, ("b1", {"stage": "crop", "counts": {"crops": 1}})])
    assert summary.unknown(collection) == [("b1", 30)]
