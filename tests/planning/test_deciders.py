"""Which runs may decide who was seen."""

from dataclasses import dataclass, field

import pytest

from pugmark.planning import deciders
from pugmark.planning.configuration import ConfigError


@dataclass
class Run:
    name: str
    family: str = "supervised"
    method: str = ""
    points: str | None = None
    facts: dict = field(init=False)

    def __post_init__(self):
        self.label, self.facts = self.name.partition("-")[0], {"FAMILY": self.family}
        self.method = self.method or self.label


def of(*runs, wanted=None, reranked=()):
    return [run.name for run in deciders.of("c", {"identify": {"run": wanted}}, runs, reranked)]


CONTROLS = (Run("oracle-s1", "control"), Run("random-s1", "control"), Run("pixels-s1", "control"))


def test_one_run_of_each_method_that_is_no_control():
    assert of(*CONTROLS, Run("a-s1"), Run("a-s2"), Run("b-s1", "frozen")) == ["a-s1", "b-s1"]


def test_where_only_controls_run_those_that_look_at_pictures():
    assert of(*CONTROLS) == ["pixels-s1"] and of(*CONTROLS[:2]) == []


def test_videos_are_named_by_their_clusters():
    assert of(*CONTROLS, Run("sort-s1", "tracker")) == [] == of(Run("video_pairs-s1", "video"), Run("a-s1"))


def test_what_the_user_names_decides():
    runs = (*CONTROLS, Run("sort-s1", "tracker"), Run("a-s1"), Run("a-s2"))
    assert of(*runs, wanted=["a-s2", "oracle-s1"]) == ["a-s2", "oracle-s1"] and of(*runs, wanted=[]) == []
    with pytest.raises(ConfigError, match=r"collections\.c, identify\.run: Unknown run 'a-s3': did you mean 'a-s"):
        of(*runs, wanted=["a-s3"])


def test_a_batch_to_withhold_must_be_there():
    deciders.check_withheld("c", {"identify": {"withhold": ["b1"]}}, ["b1", "b2"])
    with pytest.raises(ConfigError, match=r"identify\.withhold: Unknown batch 'b3'"):
        deciders.check_withheld("c", {"identify": {"withhold": ["b3"]}}, ["b1", "b2"])


def test_a_run_reranked_by_key_points_decides_beside_the_others_and_by_neighbours_none():
    local, neighbours = Run("pixels+local-s1", "re-ranked", points="local"), Run("a+k_reciprocal-s1", "re-ranked")
    neighbours.reranker, neighbours.base = "k_reciprocal", Run("a-s1")
    assert of(*CONTROLS, reranked=[local, neighbours]) == ["pixels+local-s1"]
    assert of(Run("a-s1"), reranked=[local], wanted=["pixels+local-s1"]) == ["pixels+local-s1"]
    with pytest.raises(ConfigError, match=r"k_reciprocal compares the neighbours of all crops.*Take a-s1"):
        of(Run("a-s1"), reranked=[neighbours], wanted=["a+k_reciprocal-s1"])
