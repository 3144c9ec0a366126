"""The settings of the report: which collections, runs and studies there are, and what is to be said of each.

Read whenever the workflow is parsed, so it imports nothing heavy.
"""

import os

from pugmark.planning.versions import canonical

FACTS = ("TITLE", "SOURCE", "FAMILY", "LABELS", "PUBLISHED")


def settings(plan):
    """The report's settings, as canonical JSON, of a plan.Plan."""
    runs = [run for name in plan.collections for run in plan.runs(name)]
    shown = runs + [run for name in plan.collections for run in plan.reranked(name)]
    used = {run.method: {key.lower(): run.facts[key] for key in FACTS} for run in shown}
    collections = {name: _collection(plan, name) for name in plan.collections}
    return canonical({"collections": collections, "methods": used, "studies": _studies(plan, runs)})


def _collection(plan, name):
    return {
        "batches": plan.batches(name),
        "folders": {batch: plan.folder(name, batch) for batch in plan.batches(name)},
        "runs": [_run(plan, run) for run in plan.runs(name)] + [_reranked(run) for run in plan.reranked(name)],
        "detector": plan.collections[name]["detect"]["name"],
        "clustered": [run.name for run in plan.clustered(name)],
        "explained": [run.name for run in plan.explained(name)],
    }


def _run(plan, run):
    return {
        "run": run.name,
        "method": run.method,
        "name": run.label,
        "seed": run.seed,
        "family": run.facts["FAMILY"],
        "train_on": run.source,
        "model": os.path.relpath(plan.models.folder(run), plan.results),
        "settings": run.changes,
    }


def _reranked(run):
    """A re-ranked run has no model of its own: what was trained is told of the run that it starts from."""
    return {
        "run": run.name,
        "method": run.method,
        "name": run.label,
        "seed": run.base.seed,
        "family": run.facts["FAMILY"],
        "train_on": run.base.source,
        "model": None,
        "settings": run.changes,
    }


def _studies(plan, runs):
    """What the pages of the studies say: the grid, and which part of a network each cell trains."""
    trainable = {run.label: run.params.get("trainable") for run in runs}
    return [
        {
            **study,
            "name": name,
            "cells": [{**cell, "trainable": trainable.get(cell["name"])} for cell in study["cells"]],
        }
        for name, study in plan.config["studies"].items()
    ]
