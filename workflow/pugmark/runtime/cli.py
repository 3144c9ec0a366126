"""What the command lines of all stages share: settings, weight files, logging, cores, and errors as sentences."""

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
    # torch, BLAS and Arrow read OMP_NUM_THREADS; OpenCV reads this variable, when it is first used.
    os.environ.setdefault("OPENCV_FOR_THREADS_NUM", str(cores.granted()))
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s: %(message)s", force=True)
    sys.excepthook = _tell
    return made


def _tell(kind, error, trace):
    """Log one sentence, without a traceback, for the package's own exceptions and for an interruption."""
    if kind.__module__.partition(".")[0] in ("pugmark", "__main__"):
        logger.error("%s", error)
    elif isinstance(error, KeyboardInterrupt):
        logger.error("interrupted")
    else:
        sys.__excepthook__(kind, error, trace)
