"""Tracks that people call swapped: hand-made videos, and what the ledger says of them."""

import pandas as pd
import pytest
from identity.test_encounters import crops, labels

from pugmark.identity import encounters, ledger, said, swaps


def video(tracks="AB", frames=8, path="film.mp4"):
    """Rows of tracks that each have a crop on every frame: A0, B0, A1, ...; a track is called after its first crop."""
    rows = [
        {"crop_id": f"{name}{at}", "path": path, "frame_number": float(at), "track": f"{name}0"}
        for at in range(frames)
        for name in tracks
    ]
    return pd.DataFrame(rows)


def course(rows, *found):
    """({track as followed: whose it is, frame by frame}, sentences), each animal as one letter."""
    tracks, told = swaps.mended(rows, found)
    rows = rows.assign(now=[track[0] for track in tracks], was=rows["track"].str[0])
    return rows.groupby("was")["now"].agg("".join).to_dict(), told


def line(time, answer="swapped", value="4", one="A1", other="B1", reviewer="Ana", supersedes=""):
    time = f"2024-05-01T00:00:0{time}Z"
    return ledger.Line(time, reviewer, one, other, "m1", "m1", answer, value, "", "0", supersedes)


def test_from_the_frame_on_each_track_is_the_others():
    assert course(video(), (4, "A1", "B1")) == ({"A": "AAAABBBB", "B": "BBBBAAAA"}, [])
    assert course(video(), (4, "B6", "A5")) == ({"A": "AAAABBBB", "B": "BBBBAAAA"}, [])  # whichever crops name them
    assert course(video()) == ({"A": "AAAAAAAA", "B": "BBBBBBBB"}, [])


def test_a_swap_that_is_named_by_several_crops_counts_once():
    assert course(video(), (4, "A1", "B1"), (4, "A2", "B2"))[0] == {"A": "AAAABBBB", "B": "BBBBAAAA"}


def test_a_second_swap_changes_back():
    twice = [(4, "A1", "B1"), (6, "A5", "B5")]
    assert course(video(), *twice)[0] == {"A": "AAAABBAA", "B": "BBBBAABB"}


def test_a_swap_is_of_the_tracks_as_they_were_followed():
    """At 3 the animals of A and B change, at 5 those of the tracks A and C: C's is the one that B had at first."""
    found = [(3, "A1", "B1"), (5, "A1", "C1")]
    assert course(video("ABC"), *found)[0] == {"A": "AAABBCCC", "B": "BBBAAAAA", "C": "CCCCCBBB"}


def test_a_frame_that_nobody_looked_at_counts_from_the_next_one():
    rows = video()[lambda rows: rows["frame_number"] % 3 != 1]  # 0 2 3 5 6
    assert course(rows, (4, "A0", "B0"))[0] == {"A": "AAABB", "B": "BBBAA"}


def test_what_follows_in_the_next_file_of_the_event_is_exchanged_too():
    later = video(frames=2, path="next.mp4").assign(crop_id=["A8", "B8", "A9", "B9"])
    rows = pd.concat([video(frames=3), later], ignore_index=True)
    assert course(rows, (2, "A1", "B1"))[0] == {"A": "AABBB", "B": "BBAAA"}
    assert course(rows, (1, "A8", "B8"))[0] == {"A": "AAAAB", "B": "BBBBA"}


def test_an_animal_that_is_hidden_then_is_swapped_as_well():
    rows = video()[lambda rows: ~rows["crop_id"].isin(["B3", "B4", "B5", "B6", "B7"])]
    assert course(rows, (3, "A1", "B1"))[0] == {"A": "AAABBBBB", "B": "BBB"}


@pytest.mark.parametrize("swap", [(0, "A1", "B1"), (99, "A1", "B1"), (4, "A1", "A2"), (4, "A1", "C1")])
def test_a_swap_that_parts_no_two_tracks_is_told_and_changes_nothing(swap):
    rows = pd.concat([video("C", path="other.mp4"), video()], ignore_index=True)
    found, told = course(rows, swap)
    assert found == {"A": "A" * 8, "B": "B" * 8, "C": "C" * 8}
    assert told == [f"{swap[1]} and {swap[2]} are swapped from frame {swap[0]}, which does not part two tracks."]


def test_crops_of_another_batch_are_passed_over():
    assert course(video(), (4, "A1", "gone"), (4, "Z1", "Z2")) == ({"A": "AAAAAAAA", "B": "BBBBBBBB"}, [])


def test_an_encounter_is_of_one_animal_and_flank_again():
    table = crops((0, {"a0": 0.1, "b0": 0.5}), (1, {"a1": 0.12, "b1": 0.52}), frame_number=0)
    table = table.assign(path="film.mp4", frame_number=[0.0, 0.0, 1.0, 1.0])
    named = labels(table, viewpoints={"a0": "left", "b1": "left", "b0": "right", "a1": "right"})
    found, told = encounters.encounters(table, named, 5, 1.5, [(1, "a0", "b0")])
    found = found.set_index("crop_id")
    assert found["track"].to_dict() == {"a0": "a0", "b0": "b0", "a1": "b0", "b1": "a0"} and not told
    assert found["encounter"].equals(found["track"].rename("encounter"))
    assert found["followed"].to_dict() == {"a0": "a0", "b0": "b0", "a1": "a0", "b1": "b0"}


def test_people_agree_on_a_frame_or_nothing_follows():
    assert said.swaps([line(1), line(2, one="B1", other="A1", reviewer="Bo")]) == ([(4, "A1", "B1")], [])
    for answer, value in (("swapped", "5"), ("not swapped", "4")):
        found, told = said.swaps([line(1), line(2, answer, value, reviewer="Bo")])
        who = f"Ana says swapped 4, Bo says {answer} {value}"
        assert found == [] and told == [f"Of A1 and B1, {who}: nothing follows until they agree."]
    assert said.swaps([line(1), line(2, "perhaps swapped", "5", reviewer="Bo")]) == ([(4, "A1", "B1")], [])
    assert said.swaps([line(1, "not swapped"), line(2, "not swapped", "9", reviewer="Bo")]) == ([], [])


def test_a_later_answer_replaces_the_earlier_one_and_any_is_taken_back():
    assert said.swaps([line(1), line(2, value="10")])[0] == [(10, "A1", "B1")]
    assert said.swaps([line(1), line(2, "not swapped")]) == ([], [])
    assert said.swaps([line(1), line(2, "withdrawn", supersedes="2024-05-01T00:00:01Z")])[0] == []
    # Two moments of one pair of tracks are two answers, in order of frames; and an answer on encounters is a third.
    both = [line(1, value="10", one="A7", other="B7"), line(2, value="9"), line(3, "same", "")]
    assert said.swaps(both)[0] == [(9, "A1", "B1"), (10, "A7", "B7")]


def test_a_swap_of_boxes_that_are_gone_is_told_and_says_nothing_of_encounters():
    rows = pd.DataFrame({"crop_id": ["A1", "B1"], "encounter": ["A1", "B1"], "media_id": ["m1", "m1"]})
    found = said.of([line(1), line(2, one="A9")], rows)
    (gone,) = found.told
    assert "Ana said swapped of an encounter that is gone and B1; it counts again when that comes back." in gone
    rows = rows.assign(media_id=["m1", "m2"])  # the picture that was shown leads to no other box
    assert said.of([line(2, one="A9")], rows).told == found.told
    silent = said.of([line(1), line(3, "not swapped", one="A1", other="B1", reviewer="Bo")], rows)
    assert not (silent.same or silent.different or silent.unsure or silent.disputed) and len(silent.told) == 1


@pytest.mark.parametrize(
    "facts", [{"value": ""}, {"value": "-1"}, {"value": "²"}, {"candidate": ""}, {"candidate": "A1"}]
)
def test_a_swap_without_a_frame_or_a_second_track_says_nothing(tmp_path, facts):
    with pytest.raises(ledger.LedgerError, match="swapped needs"):
        ledger.append(tmp_path, line(1)._replace(**facts))
