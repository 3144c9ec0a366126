"""How right the names are, on encounters whose true names the workflow was not told.

FNR, FPR and `asked` are those of identity.strategy, so they can be held against what `calibrate` promised: they are of
single links. What is linked to a wrong one bears its name as well, which `wrong names` counts.

Of groups: an individual with two names is split, a name with two individuals combines them. An encounter is shifted if
its name is that of another animal while its own animal has one too, and excluded if it bears none (terms of Johansson
et al., Scientific Reports 2020). A name is that of the animal that was told by it. Where none was, a name is wrong if
it was first another's, and an encounter is shifted if another animal bears its name more often.

BAKS and BAUS are as in AnimalCLEF 2025, over encounters: the share rightly named of each animal that the catalogue
knew, and the share given no known name of each that it did not. The competition ranked by their geometric mean.
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
    own = owners(table.loc[truth["order"].sort_values().index], table.loc[told])
    found = errors(judged, own, questions, truth, seen)
    everyone, named = np.ones(len(judged)), by_score(judged).to_numpy(float)
    ratios = {
        "FNR": (found["missed"], seen.to_numpy(float)),
        "FPR": (found["wrong"], everyone),
        "asked": (found["asked"], everyone),
        "wrong names": (found["misnamed"], named),
    }
    made = [_ratio(name, *pair, judged["individual"]) for name, pair in ratios.items() if pair[1].any()]
    return made + [row(name, value, number) for name, value, number in groups(judged, table.loc[told])]


def errors(judged, owners, questions, truth, seen):
    """What became of each encounter, as strategy.outcome says it, and whether it is misnamed: DataFrame of bool.

    judged: name, candidate, decision, by and true individual by encounter. owners: as of `owners`. truth: as of `rows`.
    seen: bool by encounter. A person is shown the right animal where a question shows it at another event: at the same
    one anybody sees it, and it may be as new.
    """
    individual, sequence = truth["individual"], truth["sequence"]
    wrong = by_score(judged) & (judged["candidate"].map(individual) != judged["individual"])
    misnamed = by_score(judged) & (judged["name"].map(owners) != judged["individual"])
    asked = judged["decision"] == "review"
    one, other = questions["encounter"], questions["candidate"]
    right = (one.map(individual) == other.map(individual)) & (one.map(sequence) != other.map(sequence))
    shown = judged.index.isin(one[right])
    missed = seen & ((judged["decision"] == "new") | wrong | (asked & ~shown))
    return pd.DataFrame({"missed": missed, "wrong": wrong, "misnamed": misnamed, "asked": asked})


def by_score(judged):
    """Whether the workflow gave each encounter the name of another one, bool."""
    return (judged["decision"] == "known") & (judged["by"] == "workflow")


def owners(table, told):
    """The individual that each name stands for, a Series by name: who was told it, else its oldest encounter's.

    table: name and true individual of all encounters that have one, in the order of the catalogue. told: those of them
    whose names were told.
    """
    return _told_by(told).combine_first(_told_by(table))


def groups(judged, told):
    """(quantity, value, number behind it) of the names as a whole. told: the encounters whose names were told."""
    named = judged.dropna(subset=["name"])
    truth, codes = named["individual"].to_numpy(str), pd.factorize(named["name"])[0]
    yield from zip(("ARI", "AMI"), partition.agreement(truth, codes), (len(named),) * 2, strict=True)
    yield from zip(("pairwise precision", "pairwise recall"), *pairwise(truth, codes), strict=True)
    # An encounter that waits has a name of its own until then, which is not counted.
    decided = named[named["decision"] != "review"]
    every = pd.concat([decided, told])
    touched = every[every["name"].isin(decided["name"]) | every["individual"].isin(decided["individual"])]
    touched = touched.dropna(subset=["name"])
    split = touched.groupby("individual")["name"].nunique() > 1
    combined = touched.groupby("name")["individual"].nunique() > 1
    yield "split", split.mean(), len(split)
    yield "combined", combined.mean(), len(combined)
    yield "shifted", shifted(named, told).mean(), len(named)
    yield "excluded", judged["name"].isna().mean(), len(judged)
    if len(decided):
        yield "singletons", (decided["name"].value_counts() == 1).mean(), decided["name"].nunique()
        animals = decided["individual"].nunique()
        yield "error of the count", decided["name"].nunique() / animals - 1, animals
    yield from balanced(named, told)


def balanced(named, told):
    """(quantity, value, number of animals) of BAKS and of BAUS, where there are such animals, and of their mean."""
    known = named["individual"].isin(told["individual"])
    bears = named["name"].map(_told_by(told))
    parts = []
    for name, part, right in (("BAKS", known, bears == named["individual"]), ("BAUS", ~known, bears.isna())):
        shares = open_set.balanced(right[part], named["individual"][part].to_numpy(str))
        if len(shares):
            parts.append((name, shares.mean(), len(shares)))
    yield from parts
    if len(parts) == 2:
        yield "geometric mean of BAKS and BAUS", np.sqrt(parts[0][1] * parts[1][1]), parts[0][2] + parts[1][2]


def shifted(named, told):
    """Whether each encounter of `named` is shifted, bool."""
    counts = named.groupby(["name", "individual"]).size().sort_values(ascending=False, kind="stable")
    whose = _told_by(told).combine_first(_told_by(counts.reset_index()))
    return (named["name"].map(whose) != named["individual"]) & named["individual"].isin(whose)


def _told_by(rows):
    """The individual that `rows` first give each name to, a Series by name."""
    return rows.drop_duplicates("name").set_index("name")["individual"]


def pairwise(truth, codes):
    """((precision, recall) of pairs put together, (pairs put together, pairs that are one animal)); NaN of none."""
    counts = pd.crosstab(truth, codes).to_numpy() if len(truth) else np.zeros((0, 0))
    both, found, true = (_pairs(one) for one in (counts, counts.sum(0), counts.sum(1)))
    return [(both / end if end else np.nan) for end in (found, true)], [int(found), int(true)]


def _pairs(counts):
    return float((counts * (counts - 1) / 2).sum())


def _ratio(name, above, below, individuals):
    ends = intervals.of_rates(above.to_numpy(float), below, individuals.to_numpy(str))
    return row(name, above.sum() / below.sum(), int(below.sum()), *ends)


def row(quantity, value, number, low=None, high=None, at=None):
    """A row of the accuracy table."""
    return {"quantity": quantity, "at": at, "value": float(value), "low": low, "high": high, "n": int(number)}
