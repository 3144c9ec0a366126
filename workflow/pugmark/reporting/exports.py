"""The report's tables as CSV beside its pages, and the leaderboard as LaTeX."""

import pandas as pd

from pugmark.reporting import leaderboard
from pugmark.runtime import disk

LATEX = ("mAP", "rank1", "rank5", "mINP")


def of_view(view):
    """{file: DataFrame} of the tables that a collection's section shows."""
    gallery = view["gallery"]
    made = {
        "leaderboard.csv": scores((board["protocol"], board["rows"]) for board in view["boards"]),
        "seeds.csv": seeds(view["boards"]),
        "gains.csv": gains(view["boards"]),
        "clusterings.csv": scores((name, rows) for name, rows, _ in view["clusterings"]),
        "batches.csv": batches(view),
        "counts.csv": pd.DataFrame(view["counts"], columns=["place", "stage", "what", "number"]),
    }
    if gallery["run"]:
        made["clusters-by-station.csv"] = pd.DataFrame(gallery["sightings"]).rename(columns={"who": "cluster"})
        made["individuals-by-station.csv"] = pd.DataFrame(gallery["named"]).rename(columns={"who": "individual"})
    if view["individuals"]["run"]:
        made["individuals.csv"] = pd.DataFrame(view["individuals"]["animals"]).assign(stations=_joined)
        made["sightings.csv"] = view["sighted"]
        made["changes.csv"] = pd.DataFrame(view["individuals"]["changes"]["every"])
    return {file: table for file, table in made.items() if len(table)}


def _joined(table):
    return table["stations"].map("; ".join)


def scores(tables):
    """One row per protocol or clustering, method and metric. tables: of (its name, leaderboard rows)."""
    return pd.DataFrame(
        {**_of(name, row), "metric": metric, "value": cell.value, "low": cell.low, "high": cell.high, "n": row.n}
        for name, rows in tables
        for row in rows
        for metric, cell in row.cells.items()
    )


def seeds(boards):
    """One row per protocol, method, metric and seed."""
    return pd.DataFrame(
        {**_of(board["protocol"], row), "metric": metric, "seed": seed, "value": value, "low": low, "high": high}
        for board in boards
        for row in board["rows"]
        for metric, cell in row.cells.items()
        for seed, value, low, high in cell.seeds
    )


def gains(boards):
    """One row per protocol and method: its mAP less that of the best it must beat, on the same queries."""
    return pd.DataFrame(
        {"protocol": board["protocol"], "method": name, "rival": gain.rival.name, **vars(gain.apart)}
        for board in boards
        for name, gain in board["gains"].items()
    )


def batches(view):
    """What came in with each batch, and what was left out."""
    new = set(view["new"])
    return pd.DataFrame(
        {"batch": row.batch, "new": row.batch in new, "read": row.read, "skipped": row.skipped, "frames": row.frames,
         **row.boxes, "crops": row.crops}
        for row in view["batches"]
    )  # fmt: skip


def latex(board):
    """The leaderboard of one protocol as a LaTeX tabular, per cent with intervals."""
    columns = [metric for metric in LATEX if metric in board["columns"]]
    rows = [
        {"Method": row.name, **{leaderboard.RANKING[metric]: _shown(row.cells.get(metric)) for metric in columns}}
        for row in board["rows"]
    ]
    return pd.DataFrame(rows).to_latex(index=False, escape=True)


def write(path, table):
    """Write a DataFrame as CSV. With a byte order mark, without which spreadsheets garble accents."""
    with disk.replacing(path) as partial:
        table.to_csv(partial, index=False, encoding="utf-8-sig", lineterminator="\n")


def _of(protocol, row):
    return {"protocol": protocol, "method": row.name, "family": row.family, "train_on": row.train_on}


def _shown(cell):
    if cell is None or cell.value != cell.value:
        return "--"
    return f"{100 * cell.value:.1f}" + (
        f" [{100 * cell.low:.1f}, {100 * cell.high:.1f}]" if cell.low == cell.low else ""
    )
