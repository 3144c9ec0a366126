"""Counts of a collection: what was read, what was left out and why, and which models were used."""

ORDER = ("ingest", "detect", "mask", "crop", "label", "split", "train", "embed", "cluster", "evaluate")


def figures(collection):
    """The figures at the top of the page, in reading order: {title: number or text}."""
    tallies, split = collection.tallies, collection.split
    frames = sum(tally.frames for tally in tallies)
    return {
        "Media files read": sum(tally.read for tally in tallies),
        "Media files skipped": sum(tally.skipped for tally in tallies),
        **({"Video frames": frames} if frames else {}),
        "Animal boxes": sum(tally.boxes["animal"] for tally in tallies),
        "People kept out": sum(tally.boxes["person"] for tally in tallies),
        "Crops": sum(tally.crops for tally in tallies),
        "Named individuals": int(split["individual"].nunique()),
        "Stations": int(split["station"].nunique()) or len(set().union(*(tally.stations for tally in tallies))),
    }


def counts(collection):
    """The stages' own counts other than 0: rows (place, stage, what, number)."""
    rows = []
    for place, provenance in collection.provenances():
        flat = _flat(provenance["counts"])
        rows += [(place, provenance["stage"], what, value) for what, value in flat if value]
    return list(dict.fromkeys(rows))


def barren(collection):
    """[(batch, files that could not be used, {suffix: files of an unknown kind})] of batches without a usable file."""
    ingested = (item for item in collection.provenances() if item[1]["stage"] == "ingest")
    passed = {place: said["counts"].get("passed over", {}) for place, said in ingested}
    found = [
        (tally.batch, tally.skipped, passed.get(tally.batch, {})) for tally in collection.tallies if not tally.read
    ]
    return [(batch, skipped, kinds) for batch, skipped, kinds in found if skipped or kinds]


def unknown(collection):
    """[(batch, media that the results of a detector that ran elsewhere do not know)], where there are any."""
    counted = {place: said["counts"] for place, said in collection.provenances() if said["stage"] == "detect"}
    return [
        (place, counts["media without entry"]) for place, counts in counted.items() if counts.get("media without entry")
    ]


def relearned(collection):
    """{method: test crops left out of its figures because it learned from them}, the most over its seeds."""
    labels, found = {run["run"]: run["name"] for run in collection.runs}, {}
    for place, said in collection.provenances():
        left_out = said["counts"].get("test crops that trained the model") if said["stage"] == "evaluate" else None
        if left_out:
            found[labels[place]] = max(left_out, found.get(labels[place], 0))
    return found


def mask_sources(collection):
    """{"policy", "fallback": share of boxes that the policy did not mask, "sources": [(name, boxes, mean area)]}."""
    masks = collection.masks
    wanted = sorted(set(masks["policy"]))
    fell = (masks["mask_source"] != masks["policy"]) & (masks["policy"] != "none")
    sources = [
        (source, len(part), float(part["area_fraction"].mean()))
        for source, part in sorted(masks.groupby("mask_source"), key=lambda item: -len(item[1]))
    ]
    return {"policy": ", ".join(wanted), "fallback": float(fell.mean()) if len(masks) else None, "sources": sources}


def detectors(collection):
    """Names of the detectors in the settings and in the boxes."""
    named = {collection.detector} if collection.detector else set()
    return named.union(*(tally.detectors for tally in collection.tallies))


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
    """{stage: [(key, value)]} as the tables record them, for the stages whose settings decide what a figure means."""
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


def methods(collection):
    """{name: (file, {setting: value} where they differ from the file's)}, in the order of the runs."""
    return {run["name"]: (run["method"], run["settings"]) for run in collection.runs}


def _flat(tree, prefix=""):
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}: ")
        else:
            yield f"{prefix}{key}", value if isinstance(value, int | float | str) else str(value)


def order(stage):
    """Position of a stage in the workflow; an unknown stage comes last."""
    return ORDER.index(stage) if stage in ORDER else len(ORDER)
