"""Training histories: what the trainer wrote for each epoch, and how the epoch's groups agree with the names."""

from pugmark import tables
from pugmark.metrics import partition

ACCURACY = "accuracy_by_matching"


def histories(collection):
    """{method name: {seed: history}} of the trained runs; an epoch has ACCURACY where it is known."""
    found = {}
    for run in collection.runs:
        history = collection.history(run["run"])
        if history:
            known = accuracies(collection, run)
            told = {epoch: row | ({ACCURACY: known[epoch]} if epoch in known else {}) for epoch, row in history.items()}
            found.setdefault(run["name"], {})[run["seed"]] = told
    return found


def accuracies(collection, run):
    """{epoch: share of the named crops whose group is the one that the best one-to-one matching gives to their name}.

    Empty where the method groups no crops or no crop has a name. A crop that an epoch left out counts as wrong.
    """
    results = collection.folder.parent
    path, index = results / run["model"] / "groups.parquet", results / run["train_on"] / "split.parquet"
    if not path.exists() or not index.exists():
        return {}
    named = tables.read(index, "split", ["crop_id", "individual"]).dropna()
    named["individual"] = named["individual"].factorize()[0]
    groups = tables.read(path, "groups").merge(named, on="crop_id")
    return {
        int(epoch): float(partition.matched(rows["individual"].to_numpy(), rows["cluster"].to_numpy()).mean())
        for epoch, rows in groups.groupby("epoch")
    }
