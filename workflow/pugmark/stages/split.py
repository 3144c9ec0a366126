"""Index a collection and divide its crops into training and test parts that share no sequence.

    python -m pugmark.stages.split --folder results/C/batches --out split.parquet \\
        --settings '{"batches": ["b1", "b2"], "by": "sequence", "train": 0.5}'

Sequences that are one event are joined first, across batches (see `formats.events`). Then whole groups go to one part
or the other in turn, in the order in which they first appear (batches by name, then time, then path). So a batch whose
name sorts last changes no earlier decision, unless it holds the missing link between two sequences. `by` chooses the
groups:

    sequence    each individual's sequences; one that shows several individuals counts for the first of them
    station     the stations
    individual  the individuals, so that the model has seen none of those in the test part
    given       the words of labels.csv; crops without one are unused
    auto        given if labels.csv has words; else station if at least four stations hold named crops and this leaves
                two individuals to train on and two with two sequences each to test on; else sequence

In a sequence with stations or individuals of both parts, crops that are not in the part of its first crop are unused.
For a collection that grows, choose one of the first four: `auto` may decide otherwise once it knows more.
Crops without an individual are train: methods that learn without labels use them, others skip them. They are unused if
their sequence, or with `station` their station, is in the test part.

Of batches in `withhold`, whose names are not told to what is measured on them, no crop is in the training part: named
ones are test, others unused, and so are crops of other batches in the same event.
"""

import logging
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd

from pugmark import tables
from pugmark.formats import collected
from pugmark.runtime import cli

DEFAULTS = {"batches": [], "by": "auto", "train": 0.5, "sequence_gap": 120, "withhold": []}
LEARNED, TESTED = ("train", "val"), ("query", "gallery", "test")
WORDS = (*LEARNED, *TESTED, "unused")
log = logging.getLogger(__name__)


class SplitError(ValueError):
    """The settings or labels.csv ask for a split that does not exist."""


def split(crops, by="auto", train=0.5):
    """The part of each crop (array of N strings), the rule that was used, and why.

    crops: DataFrame with individual, sequence, station and split (what labels.csv says), in the order of appearance.
    train: share of the groups in the training part, from 0 to 1. Raises SplitError.
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
    crops, counts = collected.crops(Path(arguments.folder), sorted(settings["batches"]), settings["sequence_gap"])
    try:
        words, by, reason = split(crops, settings["by"], settings["train"])
    except SplitError as error:
        raise SystemExit(str(error)) from error
    crops["split"] = untaught(crops, words, settings["withhold"])
    counts = {"crops": len(crops), **counts, "by": by, "reason": reason} | leaks(crops, by)
    counts |= {"parts": crops["split"].value_counts().sort_index().to_dict()}
    tables.write(arguments.out, "split", crops, "split", settings, counts=counts)
    _warn(crops, counts)
    parts = ", ".join(f"{number} {word}" for word, number in counts["parts"].items())
    log.info("%d crops, %s; split by %s (%s)", len(crops), parts, by, reason)


def untaught(crops, words, withhold):
    """The parts of the crops, of which those of the batches in `withhold` are not to be learned from."""
    withheld, named = crops["batch"].isin(withhold).to_numpy(), crops["individual"].notna().to_numpy()
    event = crops["sequence"].isin(crops["sequence"][withheld]).to_numpy()
    taught = np.isin(words, LEARNED)
    return np.where(taught & withheld & named, "test", np.where(taught & event, "unused", words)).astype(object)


def leaks(crops, by):
    """Counts of what the split leaves on both sides, or may leave there. crops: DataFrame of the split table."""
    sides = [set(crops["sequence"][crops["split"].isin(words)]) for words in (LEARNED, TESTED)]
    astride = crops["sequence"].isin(set.intersection(*sides)) & (crops["split"] != "unused")
    unnamed = crops["individual"].isna() & (crops["split"] == "train")
    return {
        "sequences on both sides": int(crops["sequence"][astride].nunique()),
        "crops of sequences on both sides": int(astride.sum()),
        "unnamed training crops (perhaps of individuals in the test)": int(unnamed.sum()) * (by == "individual"),
    }


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
        return "sequence", "a split by station leaves too few individuals in one part"
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
    if by == "station":
        tested |= crops["station"].isin(crops["station"][words == "test"].dropna())
    words[~named & tested] = "unused"
    return words


def _by_sequence(named, train):
    sequences = named.drop_duplicates("sequence")
    turns = sequences.groupby("individual").cumcount()
    return named["sequence"].map(dict(zip(sequences["sequence"], _word(turns, train), strict=True)))


def _by_station(named, train):
    # Where the station is unknown, the sequence takes its place.
    return _whole(named, named["station"].fillna("sequence " + named["sequence"]), train)


def _by_individual(named, train):
    return _whole(named, named["individual"], train)


def _whole(named, groups, train):
    """The parts of whole `groups` in turn; in a sequence with both, crops in another part than its first are unused."""
    turns, _ = pd.factorize(groups)
    own = pd.Series(_word(turns, train), named.index)
    return own.where(own == own.groupby(named["sequence"]).transform("first"), "unused")


_GROUPS = {"sequence": _by_sequence, "station": _by_station, "individual": _by_individual}


def _word(turns, train):
    """train for the i-th group if floor((i + 1) f) > floor(i f): a share f, evenly spread, whatever their number."""
    words = ["train" if int((turn + 1) * train) > int(turn * train) else "test" for turn in map(int, turns)]
    return np.array(words, object)


def _warn(crops, counts):
    named = crops[crops["individual"].notna()]
    tested = named[named["split"].isin(TESTED)]
    if len(named) and (tested.groupby("individual")["sequence"].nunique() < 2).all():
        log.warning(
            "No individual has two sequences in the test part, so no method can be judged across sequences: "
            "add labelled batches, or lower split.train."
        )
    if counts["sequences on both sides"]:
        log.warning(
            "The given split puts %d sequences (%d crops) on both sides, which inflates all figures: give each "
            "sequence one side in labels.csv, or set split.by to sequence.",
            counts["sequences on both sides"],
            counts["crops of sequences on both sides"],
        )
    told = {what: count for what, count in counts.items() if isinstance(count, int) and count and what != "crops"}
    if told:
        log.info("%s", "; ".join(f"{count} {what}" for what, count in told.items()))


if __name__ == "__main__":
    main()
