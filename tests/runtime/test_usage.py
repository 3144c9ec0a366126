"""The line that says what a stage took: of a real stage on the processor, and with a stand-in for the GPU's library."""

import json
import os
import re
import runpy
import subprocess
import sys
import tempfile
import time
from types import SimpleNamespace

import pytest
from detections import keep, media
from places import ROOT

from pugmark.runtime import devices, usage


def line(text):
    """The figures of the one such line of a log."""
    (found,) = re.findall(r"^used: (\{.*\})$", text, re.M)
    return json.loads(found)


def detect(folder, settings):
    command = [sys.executable, "-m", "pugmark.stages.detect", "--batch", ".", "--media", "media.parquet"]
    command += ["--out", "out.parquet", "--json", "out.json", "--settings", json.dumps(settings)]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "workflow"), "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_a_stage_says_what_it_took_also_when_it_fails(tmp_path):
    keep(tmp_path, media("a.jpg"))
    for settings, code in (({"name": "whole"}, 0), ({"name": "hole"}, 1)):
        started = time.monotonic()
        done = detect(tmp_path, settings)
        elapsed, used = time.monotonic() - started, line(done.stderr)
        assert done.returncode == code
        assert list(used) == ["seconds", "cpu_seconds", "peak_rss_mb"]
        assert 0 < used["seconds"] <= elapsed + 0.1 and used["cpu_seconds"] > 0 and 30 < used["peak_rss_mb"] < 2000
    assert "did you mean 'whole'" in done.stderr


def test_the_peak_is_the_process_own_and_counts_what_is_freed_again():
    work = "b = bytearray({} * 2**20); b[::4096] = b[::4096]; del b"
    code = f"from pugmark.runtime import usage\nwith usage.recorded():\n {work}"
    found = []
    for size in (1, 200):
        command = [sys.executable, "-c", code.format(size)]
        environment = os.environ | {"PYTHONPATH": str(ROOT / "workflow")}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        found.append(line(done.stderr)["peak_rss_mb"])
    assert 150 < found[1] - found[0] < 250 and found[0] < 100


@pytest.fixture
def nvml(monkeypatch, tmp_path):
    """The stand-in with one device; claims are of this test alone."""
    monkeypatch.setitem(
        sys.modules, "pynvml", SimpleNamespace(**runpy.run_path(str(ROOT / "tests/stand_in/pynvml.py")))
    )
    monkeypatch.setenv("GPUS", "GPU-a=0")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(usage, "INTERVAL", 0.01)
    devices.claimed.cache_clear()
    yield sys.modules["pynvml"]
    devices.claimed.cache_clear()


def test_the_figures_of_a_held_gpu(nvml, monkeypatch, capsys):
    import torch

    looks, ask = [], nvml.nvmlDeviceGetUtilizationRates
    monkeypatch.setattr(nvml, "nvmlDeviceGetUtilizationRates", lambda handle: (looks.append(1), ask(handle))[1])
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda: 1234 * 2**20 + 5)
    with usage.recorded():
        devices.claimed()
        while len(looks) < 4:
            time.sleep(0.005)
    used = line(capsys.readouterr().err)
    assert used["gpu"] == "Stand-in 0" and used["gpu_mb"] == 1234
    assert used["gpu_utilisation"] == pytest.approx(20, abs=2.5)


def test_a_gpu_that_cannot_tell_how_busy_it_is(nvml, capsys):
    nvml.BUSY.clear()
    with usage.recorded():
        devices.claimed()
        time.sleep(0.1)
    used = line(capsys.readouterr().err)
    assert used["gpu"] == "Stand-in 0" and used["gpu_utilisation"] is None


def test_a_gpu_that_nobody_called_for_is_not_held(nvml, capsys):
    with usage.recorded():
        time.sleep(0.05)
    assert "gpu" not in line(capsys.readouterr().err)
    assert devices.holding() is None


@pytest.mark.gpu
def test_a_real_gpu_is_recorded(gpu):
    code = """
import time
import torch
from pugmark.runtime import devices, usage
with usage.recorded():
    a = torch.ones(8192, 8192, device=devices.device())
    end = time.monotonic() + 4
    while time.monotonic() < end:
        (a @ a).sum().item()
"""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "workflow")}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    used = line(done.stderr)
    assert used["gpu"] and 512 <= used["gpu_mb"] < 2048 and used["gpu_utilisation"] > 20
