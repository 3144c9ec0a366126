"""Write pugmark.yaml, the conda environment, with the versions that requirements.txt locks for this Python."""

import re
from pathlib import Path

from packaging.requirements import Requirement

HERE = Path(__file__).parent
BENCH_ONLY = {"wildlife-tools"}  # asks for faiss-gpu, which conda's pip could not leave out
HEAD = """\
# Written by `make lock` from requirements.txt. Used by `snakemake --software-deployment-method conda`; the ordinary way
# is the .venv that the Makefile builds from the same versions.
channels: [conda-forge, nodefaults]
dependencies:
  - python=3.11
  - pip
  - pip:
"""


def pins(text):
    """`name==version` of every requirement in a lock file that applies to Python 3.11 on Linux."""
    lines = re.findall(r"^[A-Za-z0-9].*?(?= \\\n|\n)", text, re.M)
    environment = {"python_version": "3.11", "python_full_version": "3.11.9", "sys_platform": "linux"}
    found = [Requirement(line) for line in lines]
    wanted = [r for r in found if r.marker is None or r.marker.evaluate(environment)]
    return sorted(f"{r.name}{r.specifier}" for r in wanted if r.name not in BENCH_ONLY)


def document(text):
    """The whole of pugmark.yaml."""
    return HEAD + "".join(f"      - {pin}\n" for pin in pins(text))


if __name__ == "__main__":
    (HERE / "pugmark.yaml").write_text(document((HERE / "requirements.txt").read_text()))
