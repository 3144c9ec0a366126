"""What every stage's command line has in common: settings, weight files, logging, cores, and failures in words."""

import argparse
import json
import logging
import os
import sys

from pugmark.runtime import cores

logger = logging.getLogger("pugmark")


def parser(doc):
    """An argument parser described by the module's docstring, with `--settings` and `--weights`."""
    made = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--settings", type=json.loads, default={}, help="the stage's settings as a JSON object")
    made.add_argument("--weights", nargs="*", default=[], metavar="NAME=PATH", help="weight files, verified before use")
    # What torch, BLAS and Arrow read from OMP_NUM_THREADS, OpenCV reads here, when it is first used.
    os.environ.setdefault("OPENCV_FOR_THREADS_NUM", str(cores.granted()))
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s: %(message)s", force=True)
    sys.excepthook = _tell
    return made


def _tell(kind, error, trace):
    """No traceback where a sentence says it all: the package's own exceptions do, and an interruption is no fault."""
    if kind.__module__.partition(".")[0] in ("pugmark", "__main__"):
        logger.error("%s", error)
    elif isinstance(error, KeyboardInterrupt):
        logger.error("interrupted")
    else:
        sys.__excepthook__(kind, error, trace)
