"""Train a method on the training crops of a collection.

The table `--trained` names the crops it learned from, so that evaluation can keep away from them. Beside the model lie
history.jsonl, one line per epoch, and while it runs checkpoint.pt, from which an interrupted training goes on as if it
had never stopped.
"""

import logging
from dataclasses import replace
from pathlib import Path

import pandas as pd

from pugmark import methods, tables, weights
from pugmark.learning import checkpoint, crops
from pugmark.learning import run as runs
from pugmark.planning import fingerprint, versions
from pugmark.runtime import cli, disk, usage

logger = logging.getLogger(__name__)
_NOTHING = pd.DataFrame(columns=["batch", "crop_id", *crops.KNOWN])


class NothingToLearnError(ValueError):
    """No crop of the collection can train the method."""


def train(split, folder, out, trained, method, params, seed, fill=None, individuals=None, files=None, shown="animal"):
    """Fit `method`; write the model to `out` and the crops it learned from to `trained`.

    split: path of the split table, None for a method that learns nothing. folder: that holds {batch}/crops.parquet.
    params: complete, as `methods.resolve` gives them. fill: grey level outside the masks, None for unmasked crops.
    shown: `background` fills the animal instead. individuals: their number where known. files: {name: Weights}.
    Returns what was written: method, params, seed, state, weights. Raises NothingToLearnError.
    """
    facts, files, out = methods.facts(method, params), files or {}, Path(out)
    learns = methods.learns(facts)
    rows = chosen(tables.read(split, "split"), facts) if learns else _NOTHING
    if facts["CHOOSES"]:
        rows = rows.iloc[methods.load(method).choose(rows, params, seed)]
    if learns and rows.empty:
        raise NothingToLearnError(_why_nothing(method, facts, split))
    seen = crops.read_split(Path(folder), rows, fill, shown)
    code = fingerprint.of("stages.train", f"methods.{method}")
    settings = [method, params, seed, fill, shown, individuals, code]
    run = runs.Run(seed, files, individuals, out.parent, runs.key(settings, files, seen))
    with disk.replacing(run.history):
        pass  # empty until an epoch ends; a control stays so
    state = fit(method, seen, params, run)
    made_by = {"method": method, "params": params, "seed": seed}
    model = made_by | {"state": state, "weights": [file.provenance() for file in files.values()]}
    tables.write(trained, "trained", {"crop_id": seen.meta["crop_id"]}, "train", made_by)
    checkpoint.save(out, model)
    run.checkpoint.unlink(missing_ok=True)
    logger.info("%s, seed %d: trained on %d crops", method, seed, len(seen))
    return model


def fit(method, seen, params, run):
    """The state of `method` trained on the crops `seen`, from which all that it may not see is withheld first."""
    facts = methods.facts(method, params)
    checkpoint.seed_all(run.seed)
    shown = seen if facts["LABELS"].startswith("identity") else seen.without_truth()
    counted = run if methods.counts(facts, params) else replace(run, individuals=None)
    return methods.load(method).fit(shown, params, counted)


def chosen(split, facts):
    """The rows that a method with these literals trains on, or chooses from: of a video all, else the training part,
    named where it learns from names."""
    rows = split if facts["FAMILY"] == "video" or facts["CHOOSES"] else split[split["split"] == "train"]
    return rows[rows["individual"].notna()] if facts["LABELS"].startswith("identity") else rows


def _why_nothing(method, facts, split):
    named = " with an individual: name animals in labels.csv, or choose a method that needs no labels"
    return f"{split} has no crop for training {method}{named if facts['LABELS'].startswith('identity') else ''}."


def main(argv=None):
    """Command line of the stage."""
    parser = cli.parser(__doc__)
    parser.add_argument("--split", type=Path, help="table of who teaches; a control, which learns nothing, needs none")
    parser.add_argument("--folder", type=Path, required=True, help="folder that holds {batch}/crops.parquet")
    parser.add_argument("--out", type=Path, required=True, help="the model; its folder also takes the history")
    parser.add_argument("--trained", type=Path, required=True, help="table of the crops that it learned from")
    args = parser.parse_args(argv)
    settings = dict(args.settings)
    files = weights.verified(args.weights, settings.pop("manifest", {}))
    for told in ("names", "content"):  # of labels and files; here they only tell one version from another
        settings.pop(told, None)
    train(args.split, args.folder, args.out, args.trained, files=files, **settings)
    versions.keep(args.settings, args.out.parent)


if __name__ == "__main__":
    with usage.recorded():
        main()
