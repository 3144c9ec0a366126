"""Pugmark: from a folder of media to named individuals.

A rule runs the stage of its name: a module in `stages`, with a function that a notebook can call and a command line.
Stages meet only in the Parquet tables of `schemas/tables.yaml`:

    ingest -> detect -> mask -> crop -> label        once per batch
    split -> train -> embed -> cluster -> evaluate   once per run: a method with a seed on a collection
    report                                           once

`planning` reads the configuration and the batch folders before any job starts, `runtime` deals with the machine that a
job runs on, and every other folder holds what stages share, by what it knows about.
"""

import os

# Threads that wait for one another sleep. By default they spin: where other jobs want the same cores, a training then
# takes several times the processor time. Read when torch's OpenMP is loaded, which is after this.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

__version__ = "0.1.0"
