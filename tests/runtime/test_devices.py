"""Real processes claim stand-in GPUs: each its own, none left behind, the scheduler's choice kept."""

import os
import subprocess
import sys
from collections import Counter

import pytest
from places import ROOT

CLAIM = """
import logging, os, sys
from pugmark.runtime import devices
logging.basicConfig(level="INFO", stream=sys.stdout, format="%(message)s")
print("claimed", devices.claimed(), os.environ.get("CUDA_VISIBLE_DEVICES"), flush=True)
if os.environ.get("FORKS"):
    os.fork()
sys.stdin.read()
"""


class Box:
    """A machine with stand-in GPUs, on which processes hold what they claim until the test ends."""

    def __init__(self, folder):
        self.folder, self.jobs = folder, []

    def start(self, gpus, visible=None, **more):
        """Start a process that claims a GPU; it does not wait for it."""
        clean = {name: value for name, value in os.environ.items() if name != "CUDA_VISIBLE_DEVICES"}
        path = os.pathsep.join(str(ROOT / folder) for folder in ("tests/stand_in", "workflow"))
        seen = {} if visible is None else {"CUDA_VISIBLE_DEVICES": visible}
        environment = clean | seen | {"PYTHONPATH": path, "TMPDIR": str(self.folder), "GPUS": gpus} | more
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.jobs.append(subprocess.Popen([sys.executable, "-c", CLAIM], env=environment, **pipes))
        return self.jobs[-1]

    def claim(self, *gpus, **more):
        return told(self.start(*gpus, **more))


def told(job):
    """(claimed UUID or "None", CUDA_VISIBLE_DEVICES or "None", what was logged) of a started process."""
    log = []
    while not (line := job.stdout.readline()).startswith("claimed"):
        assert line, "the process died"
        log.append(line)
    _, uuid, visible = line.rstrip("\n").split(" ")
    return uuid, visible, "".join(log)


@pytest.fixture
def box(tmp_path):
    made = Box(tmp_path)
    yield made
    for job in made.jobs:
        job.stdin.close()
        job.wait()
        job.stdout.close()


def test_jobs_that_start_together_get_a_gpu_each(box):
    jobs = [box.start("GPU-a=0 GPU-b=0 GPU-c=0 GPU-d=0") for _ in range(4)]
    found = [told(job) for job in jobs]
    assert sorted(uuid for uuid, _, _ in found) == ["GPU-a", "GPU-b", "GPU-c", "GPU-d"]
    assert all(visible == uuid and "shared" not in log for uuid, visible, log in found)


def test_a_killed_job_frees_its_gpu_though_its_workers_live_on(box):
    first = box.start("GPU-a=0 GPU-b=0", FORKS="1")
    assert told(first)[0] == "GPU-a" and box.claim("GPU-a=0 GPU-b=0")[0] == "GPU-b"
    first.kill()
    first.wait()
    uuid, _, log = box.claim("GPU-a=0 GPU-b=0")
    assert uuid == "GPU-a" and "shared" not in log


def test_more_jobs_than_gpus_spread_evenly_and_say_so(box):
    found = [box.claim("GPU-a=0 GPU-b=0") for _ in range(5)]
    assert sorted(Counter(uuid for uuid, _, _ in found).values()) == [2, 3]
    assert ["all 2 GPUs are taken" in log for _, _, log in found] == [False, False, True, True, True]


def test_the_gpu_with_the_least_memory_in_use_comes_first(box):
    assert box.claim("GPU-a=500 GPU-b=20 GPU-c=300")[0] == "GPU-b"
    assert box.claim("GPU-a=500 GPU-b=900 GPU-c=300")[0] == "GPU-c"


@pytest.mark.parametrize(
    ("visible", "claimed", "left"),
    [
        ("1", "GPU-b", "1"),
        ("GPU-c", "GPU-cc", "GPU-c"),
        ("2,1", "GPU-cc", "GPU-cc"),
        ("0, 1", "GPU-a", "GPU-a"),
        ("1,7,0", "GPU-b", "1,7,0"),
        ("MIG-1", "MIG-1", "MIG-1"),
        ("MIG-1,MIG-2", "MIG-1", "MIG-1"),
        ("", "None", ""),
        ("-1,0", "None", "-1,0"),
    ],
)
def test_what_a_scheduler_or_the_user_chose_is_kept(box, visible, claimed, left):
    assert box.claim("GPU-a=0 GPU-b=900 GPU-cc=100", visible=visible)[:2] == (claimed, left)


def test_the_only_gpu_needs_no_choice(box):
    assert box.claim("GPU-a=0")[:2] == ("GPU-a", "None")


def test_gpus_that_are_closed_or_tell_no_memory(box):
    assert box.claim("GPU-a=denied GPU-b=7 GPU-c=unknown")[0] == "GPU-c"
    assert box.claim("GPU-a=denied GPU-b=7 GPU-c=unknown", visible="0")[0] == "GPU-b"


def test_without_a_driver_nothing_is_claimed_and_nothing_written(tmp_path):
    code = "from pugmark.runtime import devices; print(devices.holding(), devices.claimed(), devices.device().type)"
    path = os.pathsep.join(str(ROOT / folder) for folder in ("tests/stand_in", "workflow"))
    clean = {name: value for name, value in os.environ.items() if name != "GPUS"}
    clean |= {"PYTHONPATH": path, "TMPDIR": str(tmp_path), "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run([sys.executable, "-c", code], env=clean, capture_output=True, text=True, check=True)
    assert done.stdout == "None None cpu\n" and done.stderr == "" and not any(tmp_path.iterdir())


def test_one_place_alone_asks_whether_there_is_a_gpu():
    askers = [path.name for path in (ROOT / "workflow").rglob("*.py") if "cuda.is_available" in path.read_text()]
    assert askers == ["devices.py"], "whoever asks torch first keeps it from seeing the claimed GPU alone"


@pytest.mark.gpu
def test_a_real_gpu_is_claimed_and_is_the_only_one_that_torch_sees(gpu, tmp_path):
    code = """
import torch
from pugmark.runtime import devices
where = devices.device()
torch.ones(3, device=where)
uuid = str(torch.cuda.get_device_properties(0).uuid)
print(where.type, torch.cuda.device_count(), devices.holding().endswith(uuid.removeprefix("GPU-")))
"""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "workflow"), "TMPDIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "cuda 1 True\n"
