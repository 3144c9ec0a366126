"""The real DAG: every table, the controls, Snakemake's own report, and mistakes."""

import re
import zipfile

from project import Project

from pugmark import tables


def test_every_table_and_the_report_are_there(project):
    results = project.folder / "results"
    for collection, batch in (("drawn", "batch_01"), ("drawn", "batch_02"), ("folder", "day 1")):
        for name in ("media", "detections", "masks", "crops", "labels"):
            assert tables.read(results / collection / "batches" / batch / f"{name}.parquet", name) is not None
    assert (results / "report" / "index.html").stat().st_size > 1000


def test_logs_of_the_stages_that_may_use_a_gpu_say_what_they_took(project):
    for stage in ("detect", "mask", "train", "embed"):
        logs = list((project.folder / "results" / "logs" / stage).rglob("*.log"))
        assert logs and all(re.search(r'^used: {"seconds": ', log.read_text(), re.M) for log in logs), stage


def test_the_oracle_is_perfect_and_random_is_not(project):
    assert project.metric("drawn", "oracle-s1", "mAP") == 1.0
    assert project.metric("drawn", "oracle-s1", "rank1") == 1.0
    assert project.metric("drawn", "random-s1", "mAP") < 0.7


def test_snakemakes_own_report_holds_the_figures(project):
    project.run("--report", "report.zip")
    with zipfile.ZipFile(project.folder / "report.zip") as report:
        assert any(name.endswith("report.html") for name in report.namelist())


def test_a_mistake_in_the_configuration_is_one_sentence_before_any_work(project):
    project.config["methods"]["pixles"] = {}
    try:
        said = project.run("-n", check=False).splitlines()
        assert said[1:] == ["methods.pixles: Unknown method 'pixles': did you mean 'pixels'?"]
    finally:
        del project.config["methods"]["pixles"]


def test_a_collection_without_algorithms_is_not_clustered(tmp_path):
    made = Project(tmp_path)
    (tmp_path / "media" / "day").mkdir(parents=True)
    own = {"batches": "media/*", "labels": "none", "detect": {"name": "whole"}}
    made.config |= {"methods": {"random": {}}, "collections": {"few": own}}
    asked = made.planned()
    own["cluster"] = {"algorithms": {}}
    assert asked.pop("cluster") == 1 and made.planned() == asked


def test_a_batch_with_nothing_readable_goes_all_the_way(tmp_path):
    made = Project(tmp_path)
    batches = ["media/*", "-*"]
    made.config["collections"] = {"empty": {"batches": batches, "labels": "none", "detect": {"name": "whole"}}}
    made.config["methods"] = {"random": {}}
    (tmp_path / "media" / "nothing").mkdir(parents=True)
    (tmp_path / "-b1").mkdir()
    (tmp_path / "media" / "broken").mkdir(parents=True)
    (tmp_path / "media" / "broken" / "a.jpg").write_text("no picture")
    made.run()
    assert tables.read(tmp_path / "results/empty/batches/-b1/labels.parquet", "labels").empty
    media = tables.read(tmp_path / "results/empty/batches/broken/media.parquet", "media")
    assert media["status"].str.startswith("unreadable").all()
    assert "unreadable" in (tmp_path / "results/report/index.html").read_text()


def test_shards_of_a_batch_give_the_crops_of_the_whole(tmp_path):
    made = Project(tmp_path)
    made.config["collections"] = {"folder": made.config["collections"]["folder"] | {"methods": ["pixels"]}}
    made.photographs("day 1")
    made.run("results/folder/split.parquet")
    made.config["collections"]["folder"]["shards"] = {"day*": 3}
    assert made.planned() | {"report": 1} == dict.fromkeys(("shard", "detect", "mask", "crop", "label"), 3) | {
        "split": 1,
        "train": 1,
        "embed": 3,
        "cluster": 1,
        "evaluate": 1,
        "report": 1,
    }
    whole = tables.read(tmp_path / "results/folder/split.parquet", "split")
    made.run("results/folder/split.parquet")
    parts = tables.read(tmp_path / "results/folder/split.parquet", "split")
    assert sorted(parts["batch"].unique()) == ["day 1.1of3", "day 1.2of3", "day 1.3of3"]
    columns = ["crop_id", "individual", "station", "sequence", "timestamp", "split"]
    ordered = [table.sort_values("crop_id")[columns].reset_index(drop=True) for table in (whole, parts)]
    assert ordered[0].equals(ordered[1])


def test_nothing_to_be_done_is_not_forecast(project):
    assert "Expected" not in project.run("-n")
    assert "Expected from what earlier jobs took" in project.run("-n", "--forcerun", "evaluate")


def test_the_profile_keeps_snakemakes_paragraphs_on_jobs_away(project):
    said = project.run("-n", "--forcerun", "evaluate")
    assert "rule evaluate" not in said and "evaluate" in said
    assert "rule evaluate" in project.run("-n", "--quiet", "host", "--forcerun", "evaluate")


def test_quiet_is_quiet(project):
    said = project.run("-n", "--quiet", "progress", "--forcerun", "evaluate")
    assert "Expected" not in said and "rule evaluate" in said


def test_the_report_tells_what_the_jobs_used(project):
    folder = project.folder / "results" / "report"
    page = (folder / "resources.html").read_text()
    assert 'href="resources.html"' in (folder / "index.html").read_text()
    for rule in ("detect", "mask", "train", "embed", "cluster", "evaluate"):
        assert f'<th scope="row">{rule}</th>' in page
    assert "of 60 min" in page, "what evaluate asks for"
