"""The page on what jobs asked for and what they used."""

import json
import re

import pytest

from pugmark.reporting import page, resources

EVIL = "<script>alert(1)</script>"


@pytest.fixture
def folder(tmp_path):
    return Measured(tmp_path)


class Measured:
    """A results folder with benchmark files as Snakemake writes them, and logs with what jobs say they used."""

    def __init__(self, folder):
        self.folder = folder

    def job(self, rule="detect", minutes=10.0, rss=2000.0, load=100.0, threads=1, run=None, batch="b1", **asked):
        wildcards = {"collection": "c", "batch": batch, **({"run": run} if run else {})}
        resources = {"mem_mb": 4000, "runtime": 60, "gpu": 0} | asked
        path = self.folder / "benchmarks" / rule / (run or "c") / f"{batch}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        line = {"rule_name": rule, "s": 60 * minutes, "max_rss": rss, "mean_load": load, "threads": threads}
        path.write_text(json.dumps(line | {"wildcards": wildcards, "resources": resources}) + "\n")

    def used(self, path, **used):
        path = self.folder / "logs" / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"used: {json.dumps({'seconds': 1.0, 'cpu_seconds': 1.0, 'peak_rss_mb': 10} | used)}\n")

    def rows(self):
        return resources.rows(self.folder / "benchmarks", self.folder / "logs")

    def row(self):
        (row,) = self.rows()
        return row

    def advice(self):
        return " ".join(sentence for _, sentence in self.row()["advice"])

    def page(self):
        page.write_resources(self.folder, self.rows())
        return (self.folder / "resources.html").read_text(encoding="utf-8")


def test_the_job_counts_that_came_closest_to_its_limit(folder):
    folder.job(rss=1000.0, minutes=20.0)
    folder.job(rss=3000.0, minutes=5.0, batch="b2")
    folder.job(rss=4000.0, minutes=5.0, batch="b3", mem_mb=12000)
    row = folder.row()
    assert (row["memory"]["used"], row["memory"]["asked"], row["runtime"]["used"]) == (3000, 4000, 20)
    assert row["jobs"] == 3 and row["hours"] == pytest.approx(30 / 60)
    assert row["advice"] == []


def test_stages_stand_in_their_order_and_methods_apart(folder):
    for rule, run in (("embed", "b-s1"), ("embed", "a-s2"), ("embed", "a-s1"), ("detect", None)):
        folder.job(rule, run=run)
    assert [(row["rule"], row["method"]) for row in folder.rows()] == [("detect", ""), ("embed", "a"), ("embed", "b")]


@pytest.mark.parametrize(
    "job, said",
    [
        ({"rss": 3700.0}, "Used 92 % of the memory that it asked for: set mem_mb=6000"),
        ({"rss": 300.0}, "mem_mb=1000 is enough"),
        ({"minutes": 58.0}, "took 97 % of its time limit: set runtime=180"),
        ({"minutes": 2.0}, "with runtime=10 jobs start sooner"),
        ({"load": 350.0, "threads": 2}, "Keeps 3.5 cores busy: ask for 4 threads"),
        ({"load": 60.0, "threads": 2}, "Keeps 0.6 of 2 threads busy"),
    ],
)
def test_advice_says_what_to_ask_for(folder, job, said):
    folder.job(**job)
    assert said in folder.advice()
    assert len(folder.row()["advice"]) == 1


def test_jobs_of_seconds_give_no_advice_to_ask_for_less(folder):
    folder.job(minutes=0.1, rss=100.0, load=10.0, threads=2)
    assert folder.row()["advice"] == []


def test_a_job_that_ended_before_it_was_looked_at(folder):
    folder.job(minutes=0.01, rss="NA", load="NA")
    assert folder.row()["memory"]["used"] is None
    assert "–" in folder.page()


def test_the_peak_that_a_job_saw_itself_counts_where_the_sampling_missed_it(folder):
    folder.job(rss=1000.0)
    folder.used("detect/c/b1.log", peak_rss_mb=3900)
    assert "Used 98 % of the memory" in folder.advice()


def test_gpu_figures_come_from_the_logs_of_that_method(folder):
    folder.job("embed", run="net-s1", gpu=1)
    folder.used("embed/c/b1/net-s1.log", gpu="H100", gpu_mb=5000, gpu_utilisation=12.0)
    folder.used("embed/c/b1/other-s1.log", gpu="A40", gpu_mb=9000, gpu_utilisation=90.0)
    gpu = folder.row()["gpu"]
    assert (gpu["names"], gpu["mb"], gpu["utilisation"]) == (["H100"], 5000, 12)
    assert "The GPU was busy 12 % of the time" in folder.advice()


def test_a_gpu_whose_driver_cannot_tell_how_busy_it_was(folder):
    folder.job(gpu=1)
    folder.used("detect/c/b1.log", gpu="H100", gpu_mb=5000, gpu_utilisation=None)
    assert folder.row()["gpu"]["utilisation"] is None
    assert "H100" in folder.page() and "busy 1" not in folder.page()


def test_a_gpu_that_was_asked_for_and_not_used(folder):
    folder.job(gpu=1)
    assert folder.row()["advice"] == [], "nothing was said on it"
    folder.used("detect/c/b1.log")
    assert "Asked for a GPU and found none" in folder.advice()


def test_the_page_says_where_nothing_was_measured(folder):
    assert "No job was measured" in folder.page()


def test_names_are_escaped_and_nothing_is_fetched(folder):
    folder.job("embed", run="x-s1")
    rows = [row | {"method": EVIL} for row in folder.rows()]
    page.write_resources(folder.folder, rows)
    said = (folder.folder / "resources.html").read_text(encoding="utf-8")
    assert EVIL not in said and "&lt;script&gt;alert(1)" in said
    assert not re.search(r"https?://|@import|url\(", said)
    assert 'href="index.html"' in said
