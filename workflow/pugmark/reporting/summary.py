"""Counts of a collection: what came in, what was left out and why, which models were used."""

import pandas as pd

ORDER = ("ingest", "detect", "mask", "crop", "label", "split", "train", "embed", "cluster", "evaluate")


def figures(collection):
    """The figures at the top, in reading order: {title: number or text}."""
    files, labels = _files(collection.media), collection.detections["label"]
    split, frames = collection.split, int((collection.media["kind"] == "frame").sum())
    return {
        "Media files read": int((files["status"] == "ok").sum()),
        "Media files skipped": int((files["status"] != "ok").sum()),
        **({"Video frames": frames} if frames else {}),
        "Animal boxes": int((labels == "animal").sum()),
        "People kept out": int((labels == "person").sum()),
        "Crops": len(collection.crops),
        "Named individuals": int(split["individual"].nunique()),
        "Stations": int(split["station"].nunique() or collection.media["station"].nunique()),
    }


def period(times):
    """First and last day as text, or None where no media has a time."""
    known = pd.to_datetime(times).dropna()
    if not len(known):
        return None
    first, last = f"{known.min():%Y-%m-%d}", f"{known.max():%Y-%m-%d}"
    return first if first == last else f"{first} to {last}"


def batches(collection):
    """One row per batch: files read and skipped, frames, boxes by label, crops."""
    rows = []
    for batch in collection.batches:
        media = collection.media[collection.media["batch"] == batch]
        files, labels = _files(media), collection.detections.loc[collection.detections["batch"] == batch, "label"]
        rows.append(
            {
                "batch": batch,
                "read": int((files["status"] == "ok").sum()),
                "skipped": int((files["status"] != "ok").sum()),
                "frames": int((media["kind"] == "frame").sum()),
                **{label: int((labels == label).sum()) for label in ("animal", "person", "vehicle")},
                "crops": int((collection.crops["batch"] == batch).sum()),
            }
        )
    return rows


def skipped(collection):
    """Unused media as {reason: [(batch, path)]}, the commonest reason first; a duplicate's original is not a reason."""
    unused = collection.media[collection.media["status"] != "ok"]
    reasons = unused["status"].map(lambda status: "duplicate" if status.startswith("duplicate of") else status)
    found = {reason: list(zip(part["batch"], part["path"], strict=True)) for reason, part in unused.groupby(reasons)}
    return dict(sorted(found.items(), key=lambda item: (-len(item[1]), item[0])))


def counts(collection):
    """What the stages themselves counted: rows (place, stage, what, number) for numbers other than 0."""
    rows = []
    for place, provenance in collection.provenances():
        flat = _flat(provenance["counts"])
        rows += [(place, provenance["stage"], what, value) for what, value in flat if value]
    return list(dict.fromkeys(rows))


def mask_sources(collection):
    """{"policy", "fallback": share of boxes that it did not mask itself, "sources": [(name, boxes, mean area)]}."""
    masks = collection.masks
    wanted = sorted(set(masks["policy"]))
    fell = (masks["mask_source"] != masks["policy"]) & (masks["policy"] != "none")
    sources = [
        (source, len(part), float(part["area_fraction"].mean()))
        for source, part in sorted(masks.groupby("mask_source"), key=lambda item: -len(item[1]))
    ]
    return {"policy": ", ".join(wanted), "fallback": float(fell.mean()) if len(masks) else None, "sources": sources}


def detectors(collection):
    """Names of the detectors that the settings or the boxes name."""
    named = {collection.detector} if collection.detector else set()
    return named | set(collection.detections["detector"])


def models(collections):
    """Bill of materials over all collections: rows {name, sha256, licence, stages}, and the versions of Pugmark."""
    used, versions = {}, set()
    for collection in collections:
        for _, provenance in collection.provenances():
            versions.add(provenance["version"])
            for model in provenance["models"]:
                key = (model["name"], model["sha256"], model["licence"])
                used.setdefault(key, set()).add(provenance["stage"])
    rows = [
        {"name": name, "sha256": sha256, "licence": licence, "stages": sorted(stages, key=order)}
        for (name, sha256, licence), stages in sorted(used.items())
    ]
    return rows, sorted(versions)


def settings(collection):
    """{stage: [(key, value)]} as the tables record them, for the stages that decide what a number means."""
    found = {}
    for _, provenance in collection.provenances():
        if provenance["stage"] in ("split", "cluster", "evaluate"):
            said = dict(_flat(provenance["settings"]))
            found.setdefault(provenance["stage"], {}).update(said)
    varying = {"method", "seed", "run", "name"}
    return {
        stage: [(key, value) for key, value in sorted(said.items()) if key not in varying]
        for stage, said in sorted(found.items(), key=lambda item: order(item[0]))
    }


def _files(media):
    return media[media["kind"] != "frame"]


def _flat(tree, prefix=""):
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}: ")
        else:
            yield f"{prefix}{key}", value if isinstance(value, int | float | str) else str(value)


def order(stage):
    """The place of a stage in the workflow; one that is not known comes last."""
    return ORDER.index(stage) if stage in ORDER else len(ORDER)
