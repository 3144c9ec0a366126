"""What a stage used, as one machine-readable line of its log: `used: {json}`.

seconds          since the process began
cpu_seconds      on all cores, including worker processes that have ended
peak_rss_mb      peak memory in MiB, without its workers
gpu              name of the GPU; this key and those below are there only if the process held one
gpu_mb           peak MiB that torch allocated on it
gpu_utilisation  percentage of time that the GPU was busy, for any process: mean of one sample a second; null where
                 the driver does not report it
"""

import contextlib
import json
import os
import re
import sys
import threading
import time
from pathlib import Path
from statistics import fmean

from pugmark.runtime import devices

INTERVAL = 1.0  # seconds


@contextlib.contextmanager
def recorded():
    """Write the line to standard error when the block ends, also after an error."""
    done, rates = threading.Event(), []
    watch = threading.Thread(target=_watch, args=(done, rates), daemon=True)
    watch.start()
    try:
        yield
    finally:
        done.set()
        watch.join()
        sys.stderr.write(f"used: {json.dumps(_process() | _gpu(rates))}\n")


def _process():
    # Field 22 is the start of the process, in clock ticks since the machine started.
    began = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
    return {
        "seconds": round(time.clock_gettime(time.CLOCK_BOOTTIME) - began, 1),
        "cpu_seconds": round(sum(os.times()[:4]), 1),
        # getrusage would report the peak of the parent process if that was larger.
        "peak_rss_mb": int(re.search(r"^VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text(), re.M)[1]) // 1024,
    }


def _gpu(rates):
    uuid = devices.holding()
    if uuid is None:
        return {}
    import pynvml
    import torch

    name = pynvml.nvmlDeviceGetName(pynvml.nvmlDeviceGetHandleByUUID(uuid))
    used = {"gpu": name, "gpu_mb": torch.cuda.max_memory_allocated() // 2**20}
    return used | {"gpu_utilisation": round(fmean(rates), 1) if rates else None}


def _watch(done, rates):
    """Append the GPU's utilisation in per cent to `rates` every INTERVAL, from its claim until `done`."""
    while not done.wait(INTERVAL):
        if uuid := devices.holding():
            import pynvml

            try:
                handle = pynvml.nvmlDeviceGetHandleByUUID(uuid)
                rates.append(pynvml.nvmlDeviceGetUtilizationRates(handle).gpu)
            except pynvml.NVMLError_NotSupported:
                return
