"""What a new attempt asks for after what the earlier ones died of."""

import os

import pytest

from pugmark.runtime import attempts

JOB = ("train", {"collection": "demo", "run": "x-s1"})


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.delenv(attempts.VARIABLE, raising=False)
    yield
    attempts.forget()


@pytest.mark.parametrize(
    "causes, memory, time",
    [
        ([], 1, 1),
        (["memory"], 2, 1),
        (["time"], 1, 2),
        (["time", "memory"], 2, 2),
        (["cancelled", "refused"], 1, 1),
        (["error", "memory", "memory"], 3, 1),
        (["stopped"], 2, 2),
    ],
)
def test_only_what_was_short_grows(causes, memory, time):
    for cause in causes:
        attempts.record(*JOB, cause)
    attempt = len(causes) + 1
    assert attempts.growth("memory", *JOB, attempt) == memory
    assert attempts.growth("time", *JOB, attempt) == time


def test_an_attempt_whose_end_nobody_recorded_may_have_been_short_of_both():
    assert attempts.growth("memory", *JOB, 3) == attempts.growth("time", *JOB, 3) == 3


def test_jobs_are_told_apart_whatever_the_order_of_their_wildcards():
    attempts.record("train", {"run": "x-s1", "collection": "demo"}, "time")
    attempts.record("train", {"run": "y-s1", "collection": "demo"}, "memory")
    assert attempts.growth("memory", *JOB, 2) == 1


def test_notes_of_many_jobs_stay_short_enough_for_an_environment():
    for number in range(4000):
        attempts.record("embed", {"batch": f"a_batch_of_some_length_{number}"}, "memory")
    assert len(os.environ[attempts.VARIABLE]) <= attempts.LONGEST
    assert attempts.growth("time", "embed", {"batch": "a_batch_of_some_length_3999"}, 2) == 1
