"""The ledger: what counts of it, what is told, and what a spreadsheet or a power cut may do to it."""

import csv
import os
import re
import subprocess
import sys

import pandas as pd
import pytest
from places import ROOT

from pugmark.identity import ledger, said

ROWS = pd.DataFrame(
    {
        "crop_id": ["a", "a2", "b", "c"],
        "encounter": ["a", "a", "b", "c"],
        "media_id": ["m1", "m2", "m3", "m3"],
    }
)


def line(time, answer, one="a", other="b", reviewer="Ana", **facts):
    """A Line; `other` is empty where the answer is on one encounter."""
    other = other if answer in ledger.OF_PAIRS else ""
    facts = {
        "encounter_media": "",
        "candidate_media": "",
        "value": "",
        "shown": "",
        "version": "0",
        "supersedes": "",
    } | facts
    return ledger.Line(
        **facts, time=f"2024-05-01T00:00:0{time}Z", reviewer=reviewer, encounter=one, candidate=other, answer=answer
    )


def of(*lines):
    return said.of(list(lines), ROWS)


def test_what_was_appended_is_read_back_whatever_it_holds(tmp_path):
    evil = '=cmd|"/c calc"!A1, with\na line'
    written = [line(1, "name", value=evil), line(2, "same"), line(3, "name", value="-5 °C"), line(4, "different")]
    for one in written:
        ledger.append(tmp_path, one)
    ledger.append(tmp_path, line(5, "same", reviewer="Bo/../x"))
    lines, told = ledger.read(ledger.files(tmp_path))
    assert lines == [*written, line(5, "same", reviewer="Bo/../x")] and not told
    assert len(ledger.files(tmp_path)) == 2  # one for each reviewer, and none outside the folder


def test_no_cell_is_a_formula(tmp_path):
    for number, cell in enumerate(("=1+1", "+1", "-1", "@A1", "\tx")):
        ledger.append(tmp_path, line(number, "name", value=cell, reviewer="@me"))
    with open(ledger.files(tmp_path)[0], newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not [cell for cell in cells if cell[:1] in tuple("=+-@\t\r")]


def test_a_line_cut_short_is_told_and_costs_no_other(tmp_path):
    ledger.append(tmp_path, line(1, "same"))
    (file,) = ledger.files(tmp_path)
    with open(file, "a") as torn:
        torn.write("2024-05-01T00:00:02Z,Ana,a,b,,,sa")
    ledger.append(tmp_path, line(3, "different"))
    lines, told = ledger.read([file])
    assert [one.time[-3:] for one in lines] == ["01Z", "03Z"]
    assert told == [f"{file}, line 3: it is cut short. Answer that pair again."]


def test_an_answer_is_on_the_disk_when_append_returns(tmp_path):
    """Killed right after: the answer is there, with its header."""
    code = (
        "import os, sys; sys.path.insert(0, 'workflow'); from pugmark.identity import ledger;"
        f"ledger.append({str(tmp_path)!r}, ledger.Line('2024-05-01T00:00:01Z', 'Ana', 'a', 'b', '', '', 'same', '', '',"
        " '0', ''));"
        "os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == -9
    assert [one.answer for one in ledger.read(ledger.files(tmp_path))[0]] == ["same"]


@pytest.mark.parametrize(
    ("facts", "fault"),
    [
        ({"answer": "maybe"}, "nobody knows the answer 'maybe'"),
        ({"answer": "same", "candidate": "a"}, "same needs two encounters"),
        ({"answer": "name"}, "name needs a name"),
        ({"answer": "flank", "value": "up"}, "a flank is one of left, right, none"),
        ({"answer": "withdrawn"}, "it takes back nothing"),
        ({"reviewer": ""}, "no reviewer"),
        ({"encounter": ""}, "needs"),
        ({"time": "yesterday"}, "`time` is 'yesterday', which is no time of ISO 8601"),
        ({"time": "2024-02-30T10:00:00Z"}, "no time of ISO 8601"),
        ({"time": "2024-05-01"}, "no time of ISO 8601 to the second"),
        ({"time": "27.11.2026 10:15"}, "as a spreadsheet writes times.*Download the file again"),
        ({"time": "46353,4271"}, "as a spreadsheet writes times"),
        ({"supersedes": "11/27/26 10:15 AM"}, "`supersedes` is '11/27/26 10:15 AM', as a spreadsheet writes times"),
        ({"value": "Zo\ufffd"}, "it is not UTF-8 text"),
    ],
)
def test_a_line_that_says_nothing_is_refused_and_told(tmp_path, facts, fault):
    wrong = line(1, "same")._replace(**facts)
    with pytest.raises(ledger.LedgerError, match=fault):
        ledger.append(tmp_path, wrong)
    (tmp_path / "x.csv").write_text(ledger.text([ledger.COLUMNS, wrong]))
    lines, told = ledger.read([str(tmp_path / "x.csv")])
    assert not lines and re.search(fault, told[0]) and "x.csv, line 2" in told[0]


def test_the_order_of_answers_is_that_of_their_times_whatever_offset_they_state(tmp_path):
    """Z, an offset, a fraction; without either it is UTC. What is superseded is found by the moment as well."""
    times = ["2024-05-01T10:00:00.123+05:30", "2024-05-01 06:00:00", "2024-05-01T06:30:00Z", "2024-05-01T01:30:00-0600"]
    rows = [line(1, "same")._replace(time=time) for time in times]
    rows += [line(1, "withdrawn")._replace(time="2024-05-01T12:00:00Z", supersedes="2024-05-01T13:30:00+06:00")]
    (tmp_path / "x.csv").write_text(ledger.text([ledger.COLUMNS, *reversed(rows)]))
    lines, told = ledger.read([str(tmp_path / "x.csv")])
    assert [one.time for one in lines[:4]] == times and not told  # as they were written
    assert [one.time for one in ledger.standing(lines)] == ["2024-05-01T06:30:00Z"]


def test_a_fraction_of_a_second_orders_answers_and_finds_what_it_takes_back():
    early, late = line(1, "same")._replace(time="2024-05-01T10:15:00Z"), line(1, "different")
    late = late._replace(time="2024-05-01T10:15:00.500Z")
    assert ledger.moment(early.time) < ledger.moment(late.time)
    assert of(early, late).different and not of(early, late).same
    back = line(1, "withdrawn")._replace(time="2024-05-01T10:16:00Z", supersedes="2024-05-01 10:15:00.500000+00:00")
    assert of(early, late, back).same


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252"])
def test_a_ledger_that_a_spreadsheet_saved_with_semicolons_is_read_and_added_to(tmp_path, encoding):
    written = [line(1, "name", value="a; b, c"), line(2, "name", value="Zoë")]
    (tmp_path / "Ana.csv").write_text(ledger.text([ledger.COLUMNS, *written], ";"), encoding=encoding)
    ledger.append(tmp_path, line(3, "name", value="Bo; Cy"))
    lines, told = ledger.read(ledger.files(tmp_path))
    values = [one.value for one in lines]
    if encoding == "cp1252":
        assert values == ["a; b, c", "Bo; Cy"] and "line 3: it is not UTF-8 text" in told[0] and len(told) == 1
    else:
        assert values == ["a; b, c", "Zoë", "Bo; Cy"] and not told


def test_a_file_of_other_columns_is_refused_by_name(tmp_path):
    (tmp_path / "x.csv").write_text("time,who\n1,Ana\n")
    with pytest.raises(ledger.LedgerError, match=r"x\.csv: no column reviewer, encounter"):
        ledger.read([str(tmp_path / "x.csv")])


def test_the_same_file_twice_says_everything_once(tmp_path):
    ledger.append(tmp_path, line(1, "same"))
    (tmp_path / "copy.csv").write_bytes((tmp_path / "Ana.csv").read_bytes())
    (only,) = ledger.read(ledger.files(tmp_path))[0]
    assert only.where == f"{tmp_path / 'Ana.csv'}, line 2"


def test_a_later_answer_replaces_the_earlier_one_of_that_reviewer_alone():
    assert of(line(1, "same"), line(2, "different", "b", "a")).different == {frozenset("ab")}
    assert of(line(1, "same"), line(2, "unsure")).same == []
    found = of(line(1, "same"), line(2, "different", reviewer="Bo"))
    assert not found.same and not found.different and found.disputed == {frozenset("ab")}
    assert "Ana says same, Bo says different" in found.told[0]
    assert of(line(1, "same"), line(2, "unsure", reviewer="Bo")).same == [("a", "b")]


def test_whatever_was_said_can_be_taken_back():
    undo = line(3, "withdrawn", supersedes="2024-05-01T00:00:02Z")
    assert of(line(1, "same"), line(2, "different"), undo).same == [("a", "b")]
    assert of(line(2, "other"), undo).nobody == {}
    assert of(line(1, "unidentifiable"), line(2, "other"), undo).nobody == {"a": "unidentifiable"}
    # Nobody takes back what another said; and what was taken back stays so.
    assert of(line(2, "different", reviewer="Bo"), undo).different == {frozenset("ab")}
    again = line(4, "withdrawn", supersedes="2024-05-01T00:00:03Z")
    assert of(line(2, "different"), undo, again).different == set()


def test_names_flanks_and_renames():
    found = of(
        line(1, "name", value=" Ada "), line(2, "name", value="Bea"), line(3, "flank", "c", value="left"),
        line(4, "rename", "b", value="Cleo"), line(5, "unidentifiable", "c"),
    )  # fmt: skip
    assert found.names == {"a": "Bea"} and found.flanks == {"c": "left"}
    assert found.renames == [("b", "Cleo")] and found.nobody == {"c": "unidentifiable"}
    found = of(line(1, "name", value="Ada"), line(2, "name", value="Bea", reviewer="Bo"))
    assert not found.names and "Ana says Ada, Bo says Bea" in found.told[0]


def test_what_was_said_of_whoever_is_nobody_stands_and_a_name_by_another_is_told():
    lines = [
        line(1, "same"),
        line(2, "different", "b", "c"),
        line(3, "unsure", "c", "a"),
        line(4, "name", "b", value="Bo"),
    ]
    lines += [line(5, "rename", "b", value="Bob"), line(6, "different", reviewer="Cy")]
    for answer in ledger.OF_NOBODY:
        found = of(*lines, line(7, answer, "b", reviewer="Di"))
        assert found.nobody == {"b": answer}
        assert found.renames == [("b", "Bob")] and found.different == {frozenset("bc")}
        assert found.disputed == {frozenset("ab")} and found.unsure == {frozenset("ac")}
        assert f"Of b, Ana says name Bo, Di says {answer}: it bears no name until they agree." in found.told
    assert not of(line(1, "name", value="Bo"), line(2, "other")).told  # one reviewer's own change of mind


def test_of_two_words_for_nobody_a_reviewers_later_one_counts_and_two_reviewers_have_to_agree():
    found = of(line(1, "unidentifiable"), line(2, "other"))
    assert found.nobody == {"a": "other"} and not found.told
    assert of(line(1, "other"), line(2, "other", reviewer="Bo")).nobody == {"a": "other"}
    found = of(line(1, "unidentifiable"), line(2, "other", reviewer="Bo"))
    assert found.nobody == {"a": "unidentifiable"}
    assert found.told == ["Of a, Ana says unidentifiable, Bo says other: it counts as unidentifiable until they agree."]


def test_an_encounter_whose_first_crop_has_gone_is_found_by_its_pictures():
    assert of(line(1, "same", "gone", "b", encounter_media="m2 m9")).same == [("a", "b")]
    found = of(line(1, "same", "gone", "a", encounter_media="m3"))  # two encounters show that picture
    assert not found.same and "said same of an encounter that is gone and a; it counts again" in found.told[0]
    assert of(line(1, "same", "a2", "b")).same == [("a", "b")]  # by now another crop comes first
    found = of(line(1, "different", "a", "a2"))
    assert not found.different and "it is one encounter now" in found.told[0]


def test_an_answer_on_what_is_gone_is_told_with_its_file_and_line(tmp_path):
    for one in (line(1, "same"), line(2, "unidentifiable", "gone")):
        ledger.append(tmp_path, one)
    lines, _ = ledger.read(ledger.files(tmp_path))
    told = "Ana said unidentifiable of an encounter that is gone; it counts again when that comes back."
    assert of(*lines).told == [f"{tmp_path / 'Ana.csv'}, line 3: {told}"]


def test_a_file_that_was_cut_short_in_its_first_line_holds_no_answer_and_takes_the_next(tmp_path):
    for cut in ("", "time,rev", ",".join(ledger.COLUMNS)):
        (tmp_path / "Ana.csv").write_text(cut)
        assert ledger.read(ledger.files(tmp_path))[0] == []
        ledger.append(tmp_path, line(1, "same"))
        assert ledger.read(ledger.files(tmp_path)) == ([line(1, "same")], [])


def test_a_disk_that_takes_a_part_is_no_success(tmp_path, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: write(handle, data[:7]))
    ledger.append(tmp_path, line(1, "same"))
    assert ledger.read(ledger.files(tmp_path)) == ([line(1, "same")], [])
