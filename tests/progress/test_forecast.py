"""What planned jobs are expected to take."""

import json

import pytest

from pugmark.progress import forecast, records


def record(rule, seconds, collection="a", gpu=0, **wildcards):
    return records.Record(rule, {"collection": collection, **wildcards}, seconds, None, None, 1, {"gpu": gpu})


def planned(rule, n=1, collection="a", recorded=True, **wildcards):
    return [(rule, {"collection": collection, **wildcards}, recorded)] * n


def made(rule, path, seconds=60.0, rss="NA", **wildcards):
    """Write a benchmark file as Snakemake does; the folder is made."""
    line = {"rule_name": rule, "s": seconds, "max_rss": rss, "mean_load": "NA", "threads": 2}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(line | {"wildcards": wildcards, "resources": {"gpu": 1, "mem_mb": 1000}}) + "\n")


def test_jobs_times_median_and_their_gpus():
    past = [record("detect", seconds, gpu=2) for seconds in (1800, 3600, 36000)]
    rows = forecast.Forecast(planned("detect", 10), past).rows()
    assert rows == [("detect", 10, 0, 36000, 72000, 3600)]


def test_methods_are_told_apart_and_seeds_are_not():
    past = [record("train", 60, run="quick-s1"), record("train", 7200, run="slow-s1")]
    jobs = planned("train", run="slow-s2") + planned("train", run="other-s1")
    rows = forecast.Forecast(jobs, past).rows()
    assert rows == [("train", 2, 1, 7200, 0, 7200)]
    said = forecast.table(forecast.Forecast(jobs, past), ["train"])
    assert "> 2.0" in said and "1 jobs of a kind that was not measured" in said


def test_another_collection_serves_where_its_own_was_never_measured():
    past = [record("mask", 10, "a"), record("mask", 30, "b")]
    assert forecast.Forecast([], past).typical(("mask", "a", "")) == 10
    assert forecast.Forecast([], past).typical(("mask", "c", "")) == 20
    assert forecast.Forecast([], past).typical(("detect", "a", "")) is None


def test_a_new_cell_of_a_study_takes_what_the_others_took():
    measured = {"s.a-s1": 60, "s.b-s1": 100, "sort-s1": 9}
    past = [record("train", seconds, gpu=1, run=run) for run, seconds in measured.items()]
    known = forecast.Forecast(planned("train", 3, run="s.c-s1"), past)
    assert known.typical(("train", "a", "s.b")) == 100
    assert known.rows() == [("train", 3, 0, 240, 240, 80)]


def test_the_table_says_what_it_does_not_know():
    assert forecast.table(forecast.Forecast(planned("label", recorded=False), []), ["label"]) == ""
    assert "not measured yet" in forecast.table(forecast.Forecast(planned("detect"), []), ["detect"])
    both = forecast.Forecast(planned("mask") + planned("detect", 4) + planned("label", 2, recorded=False), past_mask())
    said = forecast.table(both, ["detect", "mask", "label"])
    assert said.index("detect") < said.index("mask")
    assert "not measured" in said and "2 label" in said


def past_mask():
    return [record("mask", 90)]


def test_time_left_follows_what_this_run_measures():
    known = forecast.Forecast(planned("mask", 2) + planned("detect", 4), past_mask())
    kind = ("mask", "a", "")
    known.finish(kind, record("mask", 90))
    assert known.share_left() is None, "nothing is known of detect"
    known.finish(("detect", "a", ""), record("detect", 30))
    assert known.share_left() == pytest.approx((90 + 3 * 30) / 120)
    known.finish(kind, record("mask", 90))
    known.finish(("label", "a", ""), None)
    assert known.share_left() == pytest.approx(90 / 210)


def test_too_early_to_say():
    known = forecast.Forecast(planned("mask", 100), past_mask())
    known.finish(("mask", "a", ""), record("mask", 90))
    assert known.share_left() is None


def test_records_that_are_cut_off_or_lack_what_was_asked_are_left_out(tmp_path):
    made("detect", tmp_path / "detect/a/whole.jsonl", collection="a", batch="b")
    (tmp_path / "detect/a/cut.jsonl").write_text('{"rule_name": "det')
    (tmp_path / "detect/a/plain.jsonl").write_text('{"s": 3.0, "max_rss": 10.0}\n')
    (found,) = records.read(tmp_path)
    assert (found.kind, found.seconds, found.peak_mb, found.threads) == (("detect", "a", ""), 60.0, None, 2)


def test_of_thousands_of_records_few_are_read(tmp_path, monkeypatch):
    for at in range(2000):
        made("detect", tmp_path / f"detect/a/{at:04}.jsonl", float(at))
    opened = []
    monkeypatch.setattr(records, "of_file", lambda path: opened.append(path.stem) or [])
    list(records.read(tmp_path, 30))
    assert len(opened) <= 30
    assert opened[0] == "0000" and int(opened[-1]) > 1900, "spread over all of them"


def test_what_is_kept_of_a_kind_does_not_grow_with_the_jobs():
    known = forecast.Forecast(planned("embed", 10_000, run="x-s1"), [])
    for at in range(10_000):
        known.finish(("embed", "a", "x"), record("embed", float(at), run="x-s1"))
    assert all(len(kept) <= forecast.MOST for kept in known.seconds.values())
    assert known.typical(("embed", "a", "x")) > 9900, "the last ones count"
