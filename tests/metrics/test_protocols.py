"""The junk rules, by hand, on six items of two individuals."""

import numpy as np
import pandas as pd
import pytest

from pugmark.metrics import protocols

SIX = pd.DataFrame(
    {
        "individual": ["a", "a", "a", "a", "a", "b"],
        "station": ["N", "N", "S", None, None, "N"],
        "sequence": ["N1", "N1", "S1", "x", "y", "N1"],
        "frame_number": pd.array([0, 5, 2, 3, 4, 0], "Int32"),
        "viewpoint": ["left", "right", "left", "left", "left", "left"],
    }
)
OWN = np.arange(5)


def junk_of(protocol, query):
    found = protocols.junk("p", protocol, SIX, SIX)(query, OWN)
    return np.flatnonzero(found).tolist()


@pytest.mark.parametrize(
    ("protocol", "expected"),
    [
        ({"junk": "same_camera"}, [[0, 1], [0, 1], [2], [], []]),
        ({"junk": "strict_cross", "column": "sequence"}, [[0, 1], [0, 1], [2], [3], [4]]),
        ({"junk": "strict_cross"}, [[0, 1], [0, 1], [2], [3], [4]]),
        ({"junk": "same_sequence_window", "window": 3}, [[0], [1], [2], [3], [4]]),
        ({"junk": "same_sequence_window", "window": 5}, [[0, 1], [0, 1], [2], [3], [4]]),
        ({"junk": {"same": ["station", "viewpoint"]}}, [[0], [1], [2], [], []]),
    ],
)
def test_rules_by_hand(protocol, expected):
    assert [junk_of(protocol, query) for query in range(5)] == expected


def test_no_rule_asks_for_no_junk():
    assert protocols.junk("all", {"junk": "none"}, SIX, SIX) is None
    assert protocols.junk("all", {}, SIX, SIX) is None


def test_images_have_no_frames_to_be_near():
    images = SIX.assign(frame_number=pd.array([None] * 6, "Int32"))
    found = protocols.junk("p", {"junk": "same_sequence_window", "window": 3}, images, images)
    assert not found(0, OWN).any()


@pytest.mark.parametrize(
    ("protocol", "says"),
    [
        ({"junk": "same_cam"}, "did you mean 'same_camera'"),
        ({"junk": "strict_cross", "column": "statoin"}, "did you mean 'station'"),
        ({"junk": "same_sequence_window"}, "needs a `window`"),
    ],
)
def test_mistakes_are_explained(protocol, says):
    with pytest.raises(protocols.ProtocolError, match=says):
        protocols.junk("mine", protocol, SIX, SIX)


def test_defaults_follow_the_stations():
    assert list(protocols.default(SIX)) == ["cross_sequence", "all", "cross_station"]
    assert list(protocols.default(SIX.assign(station="N"))) == ["cross_sequence", "all"]


def test_spread_over_stations():
    queries = pd.DataFrame({"individual": ["a", "b", "z"]})
    assert protocols.spread("station", queries, SIX).tolist() == [True, False, False]
