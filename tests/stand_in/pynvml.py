"""A stand-in for NVIDIA's library of that name: GPUS="GPU-a=500 GPU-b=0" are the devices and the memory in use on each.

Without GPUS there is no driver. A process that is to meet it finds it first on its path.
"""

import os
from types import SimpleNamespace

BUSY = [10, 30]  # per cent, one look after the other


class NVMLError(Exception):
    pass


class NVMLError_LibraryNotFound(NVMLError):
    pass


class NVMLError_NoPermission(NVMLError):
    pass


class NVMLError_NotSupported(NVMLError):
    pass


def nvmlInit():
    if "GPUS" not in os.environ:
        raise NVMLError_LibraryNotFound("NVML Shared Library Not Found")


def _devices():
    return [word.split("=") for word in os.environ["GPUS"].split()]


def nvmlDeviceGetCount():
    return len(_devices())


def nvmlDeviceGetHandleByIndex(number):
    if _devices()[number][1] == "denied":
        raise NVMLError_NoPermission("Insufficient Permissions")
    return number


def nvmlDeviceGetHandleByUUID(uuid):
    return [name for name, _ in _devices()].index(uuid)


def nvmlDeviceGetUUID(handle):
    return _devices()[handle][0]


def nvmlDeviceGetName(handle):
    return f"Stand-in {handle}"


def nvmlDeviceGetMemoryInfo(handle):
    used = _devices()[handle][1]
    if used == "unknown":
        raise NVMLError_NotSupported("Not Supported")
    return SimpleNamespace(used=int(used))


def nvmlDeviceGetUtilizationRates(handle):
    if not BUSY:
        raise NVMLError_NotSupported("Not Supported")
    BUSY.append(BUSY.pop(0))
    return SimpleNamespace(gpu=BUSY[-1])
