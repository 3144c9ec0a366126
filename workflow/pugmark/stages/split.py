"""Index a collection and say which crops teach and which test, so that no sequence does both.

    python -m pugmark.stages.split --folder results/C/batches --out split.parquet \\
        --settings '{"batches": ["b1", "b2"], "by": "sequence", "train": 0.5}'

Whole groups go to either part, in turn, in the order in which they first appear (batches by name, then time, then
path), so that a batch whose name sorts last changes nothing that was decided before. Groups are, by `by`:

    sequence    each individual's sequences, in turn; one that shows several individuals goes with the first of them
    station     the stations
    individual  the individuals, so that those of the test were never seen; where a sequence shows individuals of both
                parts, those that are not in the part of the first of them are unused
    given       the words of labels.csv; crops without one are unused
    auto        given where labels.csv has words; else station if at least four hold named crops and two individuals
                remain to learn from and two with two sequences each to test on; else sequence

A collection that grows should name one of the first four: `auto` may decide otherwise once it knows more.
Crops without an individual are train: methods that learn without labels use them, others pass over them. Those in a
sequence that tests are unused.
"""

import logging
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd

from pugmark import tables
from pugmark.runtime import cli

DEFAULTS = {"batches": [], "by": "auto", "train": 0.5}
WORDS = ("train", "val", "query", "gallery", "test", "unused")
_LABELS = ["crop_id", "individual", "viewpoint", "split"]
log = logging.getLogger(__name__)


class SplitError(ValueError):
    """The settings or labels.csv ask for a split that does not exist."""


def split(crops, by="auto", train=0.5):
    """The word of each crop (array of N strings), which rule was used and why.

    crops: DataFrame with individual, sequence, station and split (what labels.csv says), in the order of appearance.
    train: share of the groups that teach, from 0 to 1. Raises SplitError.
    """
    by, reason = _chosen(crops, train) if by == "auto" else (by, "asked for")
    if by == "given":
        return _given(crops), by, reason
    if by not in _GROUPS:
        raise SplitError(f"split.by is {by!r}: choose from auto, given, {', '.join(_GROUPS)}.")
    return _parts(crops, by, train), by, reason


def main(argv=None):
    """The command line of the stage."""
    parser = cli.parser(__doc__)
    for option in ("folder", "out"):
        parser.add_argument(f"--{option}", required=True)
    arguments = parser.parse_args(argv)
    settings = DEFAULTS | arguments.settings
    crops, repeated = _collect(Path(arguments.folder), sorted(settings["batches"]))
    words, by, reason = split(crops, settings["by"], settings["train"])
    crops["split"] = words
    counts = {"crops": len(crops), "repeated": repeated, "by": by, "reason": reason}
    counts |= {"parts": crops["split"].value_counts().sort_index().to_dict()}
    tables.write(arguments.out, "split", crops, "split", settings, counts=counts)
    _warn(crops)
    parts = ", ".join(f"{number} {word}" for word, number in counts["parts"].items())
    log.info("%d crops (%d met in two batches), %s; split by %s (%s)", len(crops), repeated, parts, by, reason)


def _collect(folder, batches):
    """The crops of all batches in order of appearance, and how many were left out as already met."""
    wanted = [name for name in tables.definitions()["split"]["columns"] if name not in ("batch", *_LABELS[1:])]
    parts = []
    for batch in batches:
        crops = tables.read(folder / batch / "crops.parquet", "crops", columns=[*wanted, "path"])
        crops = crops.sort_values(["timestamp", "path", "frame_number", "crop_id"], kind="stable")
        labels = tables.read(folder / batch / "labels.parquet", "labels", columns=_LABELS)
        parts.append(crops.drop(columns="path").merge(labels, on="crop_id", how="left").assign(batch=batch))
    if not parts:
        return pd.DataFrame(columns=[*wanted, "batch", *_LABELS[1:]]), 0
    # Empty tables know no types that a concatenation should heed.
    every = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    once = every.drop_duplicates("crop_id", ignore_index=True)
    return once, len(every) - len(once)


def _chosen(crops, train):
    named = crops[crops["individual"].notna()]
    if crops["split"].notna().any():
        return "given", "labels.csv has a split"
    stations = named["station"].nunique()
    if stations < 4:
        return "sequence", f"{stations} stations hold named crops, fewer than 4"
    words = _parts(crops, "station", train)
    taught, tested = (crops[(words == word) & crops["individual"].notna()] for word in ("train", "test"))
    sequences = tested.groupby("individual")["sequence"].nunique()
    if taught["individual"].nunique() < 2 or (sequences >= 2).sum() < 2:
        return "sequence", "by station too few individuals would be left in one part"
    return "station", f"{stations} stations hold named crops"


def _given(crops):
    words = crops["split"].fillna("unused").to_numpy(object)
    unknown = sorted(set(words) - set(WORDS))
    if unknown:
        raise SplitError(f"labels.csv says split {unknown[0]!r}: use one of {', '.join(WORDS)}.")
    return words


def _parts(crops, by, train):
    words = np.full(len(crops), "train", object)
    named = crops["individual"].notna().to_numpy()
    if named.any():
        words[named] = _GROUPS[by](crops[named], Fraction(str(train)))
    tested = crops["sequence"].isin(crops["sequence"][words == "test"])
    words[~named & tested] = "unused"
    return words


def _by_sequence(named, train):
    sequences = named.drop_duplicates("sequence")
    turns = sequences.groupby("individual").cumcount()
    return named["sequence"].map(dict(zip(sequences["sequence"], _word(turns, train), strict=True)))


def _by_station(named, train):
    sequences = named.drop_duplicates("sequence")
    # Where the station is unknown the sequence stands for it.
    turns, _ = pd.factorize(sequences["station"].fillna("sequence " + sequences["sequence"]))
    return named["sequence"].map(dict(zip(sequences["sequence"], _word(turns, train), strict=True)))


def _by_individual(named, train):
    turns, _ = pd.factorize(named["individual"])
    own = pd.Series(_word(turns, train), named.index)
    return own.where(own == own.groupby(named["sequence"]).transform("first"), "unused")


_GROUPS = {"sequence": _by_sequence, "station": _by_station, "individual": _by_individual}


def _word(turns, train):
    """train for the i-th group where floor((i + 1) f) > floor(i f): a share f of them, evenly, the last not known."""
    words = ["train" if int((turn + 1) * train) > int(turn * train) else "test" for turn in map(int, turns)]
    return np.array(words, object)


def _warn(crops):
    named = crops[crops["individual"].notna()]
    tested = named[named["split"].isin(["query", "gallery", "test"])]
    if len(named) and (tested.groupby("individual")["sequence"].nunique() < 2).all():
        log.warning(
            "No individual has two sequences in the test part, so no method can be judged across sequences: "
            "add labelled batches, or lower split.train."
        )


if __name__ == "__main__":
    main()
