"""Runs that are killed, started twice or outlived by their own jobs end with the results of an undisturbed one."""

import os
import shutil
import signal
import subprocess
import time

import pytest
from faults import kill_sweep
from faults.kill_sweep import command, environment, results, run, session, stage, start
from places import ROOT

SMALL = ROOT / "tests" / "faults" / "small.yaml"
KILLS = 4
PATIENCE = 300  # seconds that the slowest machine may take for one stage


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """The folder of a sweep, in which `undisturbed` lies, and the lines that the sweep told."""
    folder, lines = tmp_path_factory.mktemp("sweep"), []
    kill_sweep.sweep(SMALL, KILLS, folder, lines.append)
    return folder, lines


@pytest.fixture
def untrained(swept, tmp_path):
    """A folder in which all is done but what needs a model."""
    made = tmp_path / "run"
    shutil.copytree(swept[0] / "undisturbed", made)
    for name in ("results/demo/models", "results/demo/runs", "results/report"):
        shutil.rmtree(made / name)
    shutil.rmtree(made / "results/demo/batches/batch_01/features")
    return made


@pytest.fixture
def started(untrained):
    """A run in `untrained`, ended with all that it started when the test is over."""
    with start(untrained, SMALL) as main:
        yield main
        kill_sweep.kill(main)


def wait_for(what, condition):
    """The first value of `condition()` that is true."""
    end = time.monotonic() + PATIENCE
    while not (value := condition()):
        assert time.monotonic() < end, f"waited {PATIENCE} s for {what}"
        time.sleep(0.02)
    return value


def epochs(folder):
    return sum(len(path.read_text().splitlines()) for path in folder.glob("results/demo/models/*/*/history.jsonl"))


def process(main, name):
    """The id of the process that computes the stage `name` in a run, None where there is none."""
    return next((pid for pid, line in session(main.pid).items() if stage(line) == name), None)


def assert_equal(folder, swept):
    assert not kill_sweep.differences(results(folder), results(swept[0] / "undisturbed"))


def test_a_file_that_is_missing_too_many_or_of_other_bytes_is_a_difference(tmp_path):
    for number, (name, text) in enumerate([("a", "1"), ("b", "1"), ("b", "2"), ("c", "1"), ("logs/x", "1")]):
        path = tmp_path / ("one" if number < 2 else "other") / "results" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    found = kill_sweep.differences(results(tmp_path / "one"), results(tmp_path / "other"))
    assert found == "missing: c; too many: a; different: b"


def test_every_kill_ends_with_the_same_results(swept):
    assert swept[1][-1] == f"{KILLS} of {KILLS} equal", "\n".join(swept[1])


def test_a_killed_training_goes_on_from_its_checkpoint(swept, untrained, started):
    wait_for("three epochs", lambda: epochs(untrained) >= 3)
    assert "train" in kill_sweep.kill(started)
    assert not list(untrained.glob("results/demo/models/*/*/model.pt"))
    run(untrained, SMALL, "--unlock")
    run(untrained, SMALL, "--until", "train")
    said = next(untrained.glob("results/logs/train/demo/*/*.log")).read_text()
    assert "going on after epoch" in said and "epoch 1 of" not in said and "epoch 12 of 12" in said
    model = next(untrained.glob("results/demo/models/*/*/model.pt"))
    undisturbed = swept[0] / "undisturbed" / model.relative_to(untrained)
    assert model.read_bytes() == undisturbed.read_bytes()


def test_a_second_run_in_the_folder_is_locked_out_and_the_first_ends_well(swept, untrained, started):
    wait_for("training", lambda: process(started, "train"))
    second = subprocess.run(command(untrained, SMALL), capture_output=True, text=True, env=environment())
    assert second.returncode == 1 and "Directory cannot be locked" in second.stderr
    assert "Traceback" not in second.stderr and started.poll() is None
    assert started.wait(PATIENCE) == 0
    assert_equal(untrained, swept)


@pytest.mark.parametrize("name", ["train", "embed"])
def test_a_job_that_outlives_its_run_and_writes_last_changes_nothing(name, swept, untrained, started):
    twin = orphaned(started, untrained, name)
    run(untrained, SMALL, "--unlock")
    run(untrained, SMALL)
    os.kill(twin, signal.SIGCONT)
    wait_for("the twin to end", lambda: twin not in session(started.pid))
    assert_equal(untrained, swept)


def test_two_trainings_of_one_model_at_once_change_nothing(swept, untrained, started):
    twin = orphaned(started, untrained, "train")
    run(untrained, SMALL, "--unlock")
    before = epochs(untrained)
    with start(untrained, SMALL) as second:
        wait_for("the second training", lambda: epochs(untrained) > before)
        os.kill(twin, signal.SIGCONT)
        assert second.wait(2 * PATIENCE) == 0
    wait_for("the twin to end", lambda: twin not in session(started.pid))
    assert_equal(untrained, swept)


def orphaned(main, folder, name):
    """The id of a process of the stage `name`, in its middle and stopped, whose run alone was killed."""
    if name == "train":
        wait_for("two epochs", lambda: epochs(folder) >= 2)
    twin = wait_for(name, lambda: process(main, name))
    os.kill(twin, signal.SIGSTOP)
    main.kill()
    main.wait()
    assert twin in session(main.pid)
    return twin
