# What the report is made of, and what it makes.

from snakemake.io import report as in_report


def report_inputs(wildcards):
    files = []
    for name in PLAN.collections:
        base = f"{RESULTS}/{name}"
        tables = ("media", "detections", "masks", "crops", "labels")
        files += [
            f"{base}/batches/{batch}/{table}.parquet"
            for batch in PLAN.batches(name)
            for table in tables
        ]
        results = ("clusters", "metrics", "queries")
        files += [
            f"{base}/runs/{run.name}/{table}.parquet"
            for run in PLAN.runs(name)
            for table in results
        ]
        files += [f"{base}/runs/{run.name}/gradcam.jpg" for run in PLAN.explained(name)]
        files.append(f"{base}/split.parquet")
    return files


def report_pictures():
    """The report's pictures, each with the caption that Snakemake's own report shows."""
    pictures = []
    for name in PLAN.collections:
        for file in (
            "leaderboard.svg",
            "curves.svg",
            "strips.jpg",
            "clusters.jpg",
            "masks.jpg",
        ):
            path, caption = (
                f"{RESULTS}/report/{name}/{file}",
                f"../report/{os.path.splitext(file)[0]}.rst",
            )
            pictures.append(in_report(path, caption=caption, category=name))
        for run in PLAN.explained(name):
            path = f"{RESULTS}/report/{name}/gradcam-{run.name}.jpg"
            caption = "../report/gradcam.rst"
            pictures.append(in_report(path, caption=caption, category=name))
    return pictures


def report_studies():
    """The page of each study, likewise."""
    return [
        in_report(
            f"{RESULTS}/report/studies/{name}.html",
            caption="../report/study.rst",
            category="Studies",
        )
        for name in PLAN.config["studies"]
    ]


def study_settings():
    """What the pages of the studies say: the grid, and which part of a network each cell trains."""
    trainable = {
        run.label: run.params.get("trainable")
        for name in PLAN.collections
        for run in PLAN.runs(name)
    }
    return [
        {
            **study,
            "name": name,
            "cells": [
                {**cell, "trainable": trainable.get(cell["name"])}
                for cell in study["cells"]
            ],
        }
        for name, study in PLAN.config["studies"].items()
    ]


def report_settings(wildcards):
    collections, used = {}, {}
    for name, spec in PLAN.collections.items():
        runs = []
        for run in PLAN.runs(name):
            facts = run.facts
            used[run.method] = {
                key.lower(): facts[key]
                for key in ("TITLE", "SOURCE", "FAMILY", "LABELS", "PUBLISHED")
            }
            family = facts["FAMILY"]
            runs.append(
                dict(
                    run=run.name,
                    method=run.method,
                    name=run.label,
                    seed=run.seed,
                    family=family,
                    train_on=run.source,
                    model=os.path.relpath(PLAN.model(run), RESULTS),
                    settings=run.changes,
                )
            )
        collections[name] = {
            "batches": PLAN.batches(name),
            "runs": runs,
            "detector": spec["detect"]["name"],
            "explained": [run.name for run in PLAN.explained(name)],
        }
    return canonical(
        {"collections": collections, "methods": used, "studies": study_settings()}
    )
