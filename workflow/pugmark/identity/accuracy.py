"""How right the names are, on encounters whose true names the workflow was not told.

FNR, FPR and `asked` are those of identity.strategy, so they can be held against what `calibrate` promised. Of groups:
an individual with two names is split, a name with two individuals combines them. BAKS and BAUS are as in AnimalCLEF
2025, over encounters: the share rightly named of each animal that the catalogue knew, and the share given no known name
of each that it did not.
"""

import numpy as np
import pandas as pd

from pugmark.identity import strategy
from pugmark.metrics import intervals, open_set, partition


def rows(identities, questions, truth, untold, told):
    """Rows of the accuracy table; none where nothing was untold.

    identities, questions: DataFrames of the tables. truth: as of known.named, of all encounters with a true name.
    untold: those of them to judge. told: those whose names were told; the rest counts in no group.
    """
    table = (
        identities.set_index("encounter")
        .loc[truth.index]
        .rename(columns={"individual": "name"})
        .join(truth["individual"])
    )
    judged = table.loc[untold]
    if judged.empty:
        return []
    seen = pd.Series(strategy.seen(truth), truth.index)[untold]
    found = errors(judged, questions, truth["individual"], seen)
    everyone = np.ones(len(judged))
    ratios = {
        "FNR": (found["missed"], seen.to_numpy(float)),
        "FPR": (found["wrong"], everyone),
        "asked": (found["asked"], everyone),
    }
    made = [_ratio(name, *pair, judged["individual"]) for name, pair in ratios.items() if pair[1].any()]
    return made + [_row(name, value, number) for name, value, number in groups(judged, table.loc[told])]


def errors(judged, questions, truth, seen):
    """What became of each encounter, as strategy.outcome says it: DataFrame of bool.

    judged: decision, candidate and true individual by encounter. truth: Series of true names. seen: bool by encounter.
    """
    right = judged["candidate"].map(truth) == judged["individual"]
    wrong = (judged["decision"] == "known") & (judged["by"] == "workflow") & ~right
    asked = judged["decision"] == "review"
    ends = questions["candidate"].map(truth).to_numpy() == questions["encounter"].map(truth).to_numpy()
    shown = judged.index.isin(questions["encounter"][ends])
    missed = seen & ((judged["decision"] == "new") | wrong | (asked & ~shown))
    return pd.DataFrame({"missed": missed, "wrong": wrong, "asked": asked})


def groups(judged, told):
    """(quantity, value, number behind it) of the names as a whole. told: the encounters whose names were told."""
    named = judged.dropna(subset=["name"])
    truth, codes = named["individual"].to_numpy(str), pd.factorize(named["name"])[0]
    yield from zip(("ARI", "AMI"), partition.agreement(truth, codes), (len(named),) * 2, strict=True)
    yield from zip(("pairwise precision", "pairwise recall"), *pairwise(truth, codes), strict=True)
    every = pd.concat([named, told])
    touched = every[every["name"].isin(named["name"]) | every["individual"].isin(named["individual"])]
    touched = touched.dropna(subset=["name"])
    split = touched.groupby("individual")["name"].nunique() > 1
    combined = touched.groupby("name")["individual"].nunique() > 1
    yield "split", split.mean(), len(split)
    yield "combined", combined.mean(), len(combined)
    yield "singletons", (named["name"].value_counts() == 1).mean(), named["name"].nunique()
    animals = named["individual"].nunique()
    yield "error of the count", named["name"].nunique() / animals - 1, animals
    known = named["individual"].isin(told["individual"])
    first = told.drop_duplicates("name").set_index("name")["individual"]
    bears = named["name"].map(first)
    for name, part, right in (("BAKS", known, bears == named["individual"]), ("BAUS", ~known, bears.isna())):
        shares = open_set.balanced(right[part], named["individual"][part].to_numpy(str))
        if len(shares):
            yield name, shares.mean(), len(shares)


def pairwise(truth, codes):
    """((precision, recall) of pairs put together, (pairs put together, pairs that are one animal)); NaN of none."""
    counts = pd.crosstab(truth, codes).to_numpy() if len(truth) else np.zeros((0, 0))
    both, found, true = (_pairs(one) for one in (counts, counts.sum(0), counts.sum(1)))
    return [(both / end if end else np.nan) for end in (found, true)], [int(found), int(true)]


def _pairs(counts):
    return float((counts * (counts - 1) / 2).sum())


def _ratio(name, above, below, individuals):
    ends = intervals.of_rates(above.to_numpy(float), below, individuals.to_numpy(str))
    return _row(name, above.sum() / below.sum(), int(below.sum()), *ends)


def _row(name, value, number, low=None, high=None):
    return {"quantity": name, "value": float(value), "low": low, "high": high, "n": int(number)}
