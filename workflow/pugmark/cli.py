"""What every stage's command line has in common: JSON settings, weight files, logging and the cores it keeps to."""

import argparse
import json
import logging
import os

from pugmark import cores


def parser(doc):
    """An argument parser described by the module's docstring, with `--settings` and `--weights`."""
    made = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--settings", type=json.loads, default={}, help="the stage's settings as a JSON object")
    made.add_argument("--weights", nargs="*", default=[], metavar="NAME=PATH", help="weight files, verified before use")
    # What torch, BLAS and Arrow read from OMP_NUM_THREADS, OpenCV reads here, when it is first used.
    os.environ.setdefault("OPENCV_FOR_THREADS_NUM", str(cores.granted()))
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s: %(message)s", force=True)
    return made
