"""Transfer: how a method that was trained on one collection does on others, as a matrix of training and test."""

from pugmark.reporting import leaderboard

TITLES = {"mAP": "mAP", "rank1": "Rank-1", "mmAP": "mmAP"}


def matrices(collections):
    """[{method, metric, title, trained, tested, values}] for each method with a model that is used elsewhere.

    collections: gather.Collection of all. trained: names of the collections that teach. tested: names of those that
    test; collections of the same media are one test, called after the one that is trained on itself, if there is one.
    values: {(trained, tested): leaderboard.Cell} under each collection's headline.
    """
    tests = _tests(collections)
    found = {}
    for collection in collections:
        for row in leaderboard.rows(collection.metrics, collection.protocol):
            if row.family not in leaderboard.UNTRAINED:
                for metric in TITLES.keys() & row.cells.keys():
                    place = row.train_on, tests[collection.name]
                    found.setdefault((row.name, metric), {})[place] = row.cells[metric]
    return [
        {
            "method": method,
            "metric": metric,
            "title": TITLES[metric],
            "trained": list(dict.fromkeys(trained for trained, _ in found[method, metric])),
            "tested": list(dict.fromkeys(tested for _, tested in found[method, metric])),
            "values": found[method, metric],
        }
        for method, metric in sorted(found, key=lambda both: (both[0], list(TITLES).index(both[1])))
        if any(trained != tested for trained, tested in found[method, metric])
    ]


def table(made):
    """Rows of transfer.csv."""
    return [
        {"method": one["method"], "metric": one["metric"], "train_on": trained, "test_on": tested, "value": cell.value,
         "low": cell.low, "high": cell.high}
        for one in made
        for (trained, tested), cell in one["values"].items()
    ]  # fmt: skip


def _tests(collections):
    """{collection: name of its test}."""
    own = {}
    for collection in collections:
        trained_here = any(run["train_on"] == collection.name for run in collection.runs)
        media = tuple(sorted(collection.folders.values())) or (collection.name,)
        if trained_here or media not in own:
            own[media] = collection.name
    return {each.name: own[tuple(sorted(each.folders.values())) or (each.name,)] for each in collections}
