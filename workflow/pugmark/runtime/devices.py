"""The GPU of this process.

SLURM assigns GPUs to jobs. Snakemake alone only counts them, so on a machine without a scheduler each job claims one.
A claim is a lock on a file named after the device's UUID, in the user's own temporary folder. The system releases it
when the process ends, for whatever reason. Jobs of other users show by the memory that they hold.
"""

import fcntl
import functools
import itertools
import logging
import os
import tempfile
from pathlib import Path

logger = logging.getLogger(__name__)


@functools.cache
def device():
    """The torch device to compute on: a GPU if there is one, claimed by the first call and held until the process ends.

    Call this before anything asks torch about CUDA: after that, torch ignores a change of CUDA_VISIBLE_DEVICES.
    """
    import torch

    uuid, usable = claimed(), torch.cuda.is_available()
    if uuid and not usable:
        logger.warning("torch cannot use the GPU that the driver shows: computing on the processor")
    return torch.device("cuda" if usable else "cpu")


def holding():
    """The UUID that `claimed` returned, or None if nothing has asked for a GPU yet."""
    return claimed() if claimed.cache_info().currsize else None


@functools.cache
def claimed():
    """UUID of the GPU that the first call claims for this process; None if NVML shows none that it may use.

    If there are several, the process sees only its own from then on. If all are taken, because Snakemake was given a
    larger `gpu` than there are, jobs spread evenly over them.
    """
    visible = _visible()
    if not visible:
        return None
    places = ((turn, uuid) for turn in itertools.count() for uuid in visible)
    others, chosen = next(place for place in places if _locked(*place))
    if len(visible) > 1:
        os.environ["CUDA_VISIBLE_DEVICES"] = chosen
    logger.info("GPU %s", chosen)
    if others:
        share = "all %d GPUs are taken, so jobs share this one: set --resources gpu=%d to give each its own"
        logger.warning(share, len(visible), len(visible))
    return chosen


def _visible():
    """UUIDs of the GPUs that CUDA_VISIBLE_DEVICES allows, the one with the least memory in use first."""
    used = _used()
    uuids, words = list(used), os.environ.get("CUDA_VISIBLE_DEVICES")
    if words is not None and uuids:
        # CUDA ignores everything from the first word on that names no device.
        uuids = list(itertools.takewhile(bool, (_named(word.strip(), uuids) for word in words.split(","))))
    return sorted(uuids, key=lambda uuid: used.get(uuid, 0))


def _named(word, uuids):
    """The UUID that a word of CUDA_VISIBLE_DEVICES stands for (numbers count as in nvidia-smi), else None."""
    if word.isdigit():
        return uuids[int(word)] if int(word) < len(uuids) else None
    # NVML does not list the instances of a divided GPU.
    return word if word.startswith("MIG-") else next((uuid for uuid in uuids if word and uuid.startswith(word)), None)


def _used():
    """{UUID: bytes in use} of the GPUs that NVML lets this process see, in its order; empty without a driver."""
    import pynvml

    found = {}
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        logger.debug("no GPU: %s", error)
        return found
    for number in range(pynvml.nvmlDeviceGetCount()):
        try:
            handle = pynvml.nvmlDeviceGetHandleByIndex(number)
            uuid = pynvml.nvmlDeviceGetUUID(handle)
            found[uuid] = 0
            found[uuid] = pynvml.nvmlDeviceGetMemoryInfo(handle).used
        # The scheduler hides the device from this job, or the device shares the main memory and reports no use.
        except (pynvml.NVMLError_NoPermission, pynvml.NVMLError_NotSupported) as error:
            logger.debug("GPU %d: %s", number, error)
    return found


def _locked(turn, uuid):
    """Whether this process now holds place `turn` on the device.

    lockf, not flock: a forked worker would inherit a flock and keep it after its parent was killed.
    """
    folder = Path(tempfile.gettempdir(), f"pugmark-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    file = os.open(folder / f"{uuid.replace('/', '-')}.{turn}", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return False
    return True
