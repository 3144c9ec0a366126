"""A new batch against a catalogue of many: what matching, calibrating and deciding costs, beside plain numpy.

    PYTHONPATH=workflow python benchmarks/bench_catalogue.py --batches 1000 --crops 1000

Draws the tables of so many batches (two and a half crops an encounter, features of known animals and noise) and, for
all but the last batch, what was matched before. Then it runs the true stages, each in a process of its own. The peer
compares the crops of the last batch with those of the whole catalogue in one matrix, which has to be in memory.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from pugmark import tables
from pugmark.stages import match

RUN, ANIMALS, NAMED = "run", 5000, 0.1


def draw(folder, batches, crops, width):
    """The tables of the collection; the features of all crops, float32."""
    random = np.random.default_rng(0)
    centres = random.standard_normal((ANIMALS, width), np.float32)
    split, every = [], np.empty((batches * crops, width), np.float32)
    for at in range(batches):
        rows, features = batch(random, at, crops, centres)
        every[at * crops : (at + 1) * crops] = features
        home = folder / "batches" / f"b{at:04}"
        (home / "features").mkdir(parents=True)
        columns = list(tables.definitions()["encounters"]["columns"])
        tables.write(home / "encounters.parquet", "encounters", rows[columns], "encounter")
        data = {"crop_id": rows["crop_id"], "feature": list(features)}
        tables.write(home / "features" / f"{RUN}.parquet", "features", data, "embed")
        split.append(rows)
    table = pd.concat(split, ignore_index=True)
    facts = {"viewpoint": None, "frame_number": None, "infrared": False, "split": "test"}
    table = table.assign(**facts)
    tables.write(folder / "split.parquet", "split", table[list(tables.definitions()["split"]["columns"])], "split")
    tables.write(folder / "trained.parquet", "trained", [], "train")
    return every, table


def batch(random, at, crops, centres):
    """(rows of one batch, their features)."""
    encounter = np.sort(random.integers(0, int(crops / 2.5), crops))
    animal = random.integers(0, len(centres), int(crops / 2.5))[encounter]
    features = centres[animal] + random.standard_normal((crops, centres.shape[1]), np.float32)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    ids = pd.Series([f"{at:04}-{crop:06}" for crop in range(crops)])
    first = ids.groupby(encounter).transform("first")
    start = pd.Timestamp("2020-01-01") + pd.Timedelta(days=at) + pd.to_timedelta(encounter, unit="min")
    name = pd.Series(animal).map(lambda number: f"A{number}" if number < NAMED * len(centres) else None)
    facts = {"flank": None, "station": "s", "batch": f"b{at:04}", "timestamp": start, "individual": name}
    rows = pd.DataFrame(
        {
            "crop_id": ids,
            "encounter": first,
            "track": first,
            "followed": first,
            "media_id": "m" + ids,
            "sequence": first,
        }
    )
    return rows.assign(**facts, animal=animal), features


def matched_before(folder, table, most):
    """Draw what the stage kept of all batches but the last: the animal's encounter before, if any, and others."""
    split = tables.read(folder / "split.parquet", "split", ["crop_id", "batch"])
    source, random = match.Source(split, folder / "batches", RUN, most), np.random.default_rng(1)
    first = table.drop_duplicates("encounter").reset_index(drop=True)
    before = first.groupby("animal")["encounter"].shift().to_numpy(object)
    key, names = source.start(), first["encounter"].to_numpy(object)
    for at, batch in enumerate(source.batches[:-1]):
        key, own = source.key(key, batch), np.flatnonzero(first["batch"] == batch)
        others = names[random.integers(0, max(1, own[0]), (len(own), most - 1))]
        scores = np.sort(random.uniform(-0.1, 0.15, others.shape), axis=1)[:, ::-1]
        seen = pd.notna(before[own])
        parts = [
            {
                "encounter": names[own[seen]],
                "candidate": before[own[seen]],
                "score": random.uniform(0.4, 0.6, seen.sum()),
            },
            {"encounter": np.repeat(names[own], most - 1), "candidate": others.ravel(), "score": scores.ravel()},
        ]
        pairs = pd.concat(map(pd.DataFrame, parts[: 2 if at else 1])).drop_duplicates(["encounter", "candidate"])
        pairs = pairs.sort_values(["encounter", "score"], ascending=[True, False])
        pairs["rank"] = (pairs.groupby("encounter").cumcount() + 1).astype(np.int32)
        pairs["score"] = pairs["score"].astype(np.float32)
        tables.write(folder / "kept" / f"{batch}.parquet", "pairs", pairs, "match", {"key": key})


def stage(name, *options):
    """(seconds, MB at most) of a stage."""
    code = f"import resource, sys; from pugmark.stages import {name} as stage; stage.main(sys.argv[1:]);"
    code += "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)"
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code, *map(str, options)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return time.perf_counter() - started, int(done.stdout.splitlines()[-1]), done.stderr.splitlines()[-1][-110:]


def main():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, default=1000)
    parser.add_argument("--crops", type=int, default=1000)
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--folder", help="where to draw; default: a temporary folder")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        folder = Path(folder)
        every, table = draw(folder, given.batches, given.crops, given.width)
        matched_before(folder, table, match.DEFAULTS["most"])
        common = [f"--split={folder}/split.parquet", f"--folder={folder}/batches"]
        run, trained = folder / "runs" / RUN, folder / "trained.parquet"
        run.mkdir(parents=True)
        pairs, calibration, out = (f"{run}/{name}.parquet" for name in ("pairs", "calibration", "identities"))
        results = {
            "match": stage("match", *common, f"--run={RUN}", f"--kept={folder}/kept", f"--out={pairs}"),
            "calibrate": stage(
                "calibrate", *common, f"--pairs={pairs}", f"--trained={trained}", f"--out={calibration}",
                "--settings", json.dumps({"error": 0.05}),
            ),
            "identify": stage(
                "identify", *common, f"--pairs={pairs}", f"--calibration={calibration}", f"--out={out}",
                f"--individuals={run}/individuals.parquet", f"--questions={run}/questions.parquet",
            ),
            "decide": stage(
                "decide", *common, "--runs", run, "--trained", trained, "--kept", folder / "names", "--out", folder
            ),
        }  # fmt: skip
        started = time.perf_counter()
        scores = every[-given.crops :] @ every.T
        np.argpartition(-scores, 20, axis=1)
        peer = time.perf_counter() - started
    for name, (seconds, most, told) in results.items():
        sys.stdout.write(f"{name:10} {seconds:7.1f} s {most:6} MB   {told}\n")
    total = sum(seconds for seconds, *_ in results.values())
    ratio, held = results["match"][0] / peer, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    sys.stdout.write(f"{len(every)} crops: {total:.1f} s in all. One matrix in memory: {peer:.1f} s and {held} MB; ")
    sys.stdout.write(f"matching takes {ratio:.2f} times that.\n")


if __name__ == "__main__":
    main()
