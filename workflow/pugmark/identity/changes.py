"""What became of the animals since their names last changed.

The words are those of LCA's comparison of clusterings (WildMe, local clusterings and their alternatives).
"""

import pandas as pd


def between(before, now):
    """Rows of the changes table. before, now: Series of the names of encounters, by encounter; None for nobody."""
    both = pd.DataFrame({"before": before.dropna(), "individual": now.dropna()})  # joined by encounter
    both = both.astype(object).where(both.notna(), None)
    became = both.dropna(subset=["before"]).groupby("before")["individual"].agg(lambda names: set(names.dropna()))
    rows = []
    for name, part in both.groupby("individual", dropna=False):
        counts = part["before"].value_counts(dropna=False)
        olds = {old: int(count) for old, count in counts.items() if not pd.isna(old)}
        added = len(part) - sum(olds.values())
        if pd.isna(name):
            rows += [_row(None, old, "gone", count) for old, count in olds.items() if not became[old]]
        elif change := _change(name, olds, added, became):
            rows += [_row(name, old, change, count) for old, count in sorted(olds.items()) if change != "extended"]
            rows += [_row(name, None, change, added)] if added else []
    return rows


def _change(name, olds, added, became):
    """What became of one animal, whose encounters bore these names before; None where nothing did."""
    if not olds:
        return "new"
    # One of its names may have been given up for good by encounters that are gone: that splits nothing.
    apart = any(len(became[old]) > 1 for old in olds)
    if len(olds) > 1:
        return "merge-split" if apart else "merged"
    if apart:
        return "split"
    return "renamed" if name not in olds else "extended" if added else None


def _row(name, before, change, count):
    return {"individual": name, "before": before, "change": change, "encounters": count}
