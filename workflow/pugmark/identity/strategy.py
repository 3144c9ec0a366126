"""The strategy: what is decided without a person, what a person is asked, and how often that goes wrong.

An encounter whose best candidate scores at least `accept` shows that animal. One below `new` shows an animal that was
never seen. In between, a person inspects its `inspect` best candidates and tells.

A false negative is an animal counted twice: it was seen before, and yet its encounter is called new, or bears another's
name, or the person was not shown the right candidate. Its rate is over the encounters of animals that were seen before.
A false positive is an encounter that is likened to another animal without a person, over all encounters. Two points of
false negatives make an abundance 5 % too large (Patton et al., Conservation Biology 2025).

The thresholds leave one error less than the chosen share of n + 1 encounters (split conformal prediction; Vovk et al.,
Algorithmic learning in a random world, 2005). So the promise holds for an encounter that was not among them. Then
`accept` rises and `new` falls into the middle of the gap over which that leaves nothing more to a person.

Only named encounters are judged, but all are candidates. Where a share of them is named, an encounter meets 1 / share
times as many other animals: so many more errors are counted for each, and so many more candidates are inspected.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

NEVER = np.inf
UNKNOWN = 10
"""Candidates that a person inspects where no named encounter tells how many are worth it."""
OPPOSITE = {"left": "right", "right": "left"}


@dataclass(frozen=True)
class Strategy:
    """accept, new: scores. inspect: number of candidates."""

    accept: float
    new: float
    inspect: int


def judged(pairs, named, share=1.0, learned=()):
    """How the candidates of each named encounter fare, a DataFrame indexed by encounter.

    pairs: DataFrame of the pairs table. named: DataFrame indexed by encounter with individual, sequence, flank and
    order, its place in the catalogue. share: of the encounters that are named. learned: encounters that the model has
    learned from, which are candidates of others and not judged themselves. Columns: individual; seen, whether the
    animal was met before; score of the best candidate, -inf without any; right, whether that is the animal; impostor,
    the best score of another animal; rank of the right animal among those of the candidates, inf where it is none of
    them: a person is asked about an animal once. Candidates without a name, or of the same sequence, are passed over:
    nobody knows, and anybody sees.
    """
    pairs = pairs[pairs["encounter"].isin(named.index) & pairs["candidate"].isin(named.index)]
    pairs = pairs.sort_values(["encounter", "rank"], kind="stable")
    one, other = (named.loc[pairs[end]].reset_index(drop=True) for end in ("encounter", "candidate"))
    pairs = pairs.reset_index(drop=True).assign(same=one["individual"] == other["individual"], who=other["individual"])
    pairs = pairs[one["sequence"] != other["sequence"]]
    animals = pairs.drop_duplicates(["encounter", "who"])
    animals = animals.assign(rank=animals.groupby("encounter").cumcount() + 1)
    best = pairs.drop_duplicates("encounter").set_index("encounter")
    impostor = pairs[~pairs["same"]].groupby("encounter")["score"].max()
    first = np.ceil(1 + (animals[animals["same"]].set_index("encounter")["rank"] - 1) / share)
    table = pd.DataFrame(
        {
            "individual": named["individual"],
            "seen": seen(named),
            "score": best["score"].reindex(named.index).astype(float).fillna(-NEVER),
            "right": best["same"].reindex(named.index).eq(True),
            "impostor": impostor.reindex(named.index).astype(float).fillna(-NEVER),
            "rank": first.reindex(named.index).astype(float).fillna(NEVER),
        }
    )
    return table[~table.index.isin(learned)]


def chosen(table, error, inspect=None, share=1.0, most=None):
    """The Strategy at an `error` rate. table: as of `judged`. inspect: None for as few candidates as leave half of it.
    share: as of `judged`. most: candidates that there are of an encounter; no more can be inspected.

    Every encounter counts as if its animal were new as well, so the rate of false positives holds whatever the share of
    new animals. Where the promise cannot be kept, `accept` is inf, and `new` is -inf: a person then looks.
    """
    inspect = min(inspect or proposed(table, error), most or NEVER)
    impostors, allowed = np.sort(table["impostor"].to_numpy())[::-1], _allowed(error * share, len(table))
    accept = NEVER if allowed < 0 or np.isinf(impostors[allowed]) else np.nextafter(impostors[allowed], NEVER)
    accept = _between(accept, table["score"][table["right"] & (table["score"] >= accept)].min())
    found = table["seen"] & (table["rank"] <= inspect) & (table["right"] | (table["score"] < accept))
    scores = np.sort(table["score"][found].to_numpy())
    wrong = int((table["seen"] & ~table["right"] & (table["score"] >= accept)).sum())
    # As many animals again bear another's name because of the candidates that nobody has named.
    lost = int((table["seen"] & ~found).sum()) + int(np.ceil(wrong * (1 / share - 1)))
    left = _allowed(error, int(table["seen"].sum())) - lost
    new = -NEVER if left < 0 or not len(scores) else min(scores[min(left, len(scores) - 1)], accept)
    new = _between(new, impostors[(impostors < new) & np.isfinite(impostors)].max(initial=-NEVER))
    return Strategy(float(accept), float(new), int(inspect))


def of_table(calibration):
    """The Strategy, and the function from scores to probabilities, of a calibration table (DataFrame).

    Without a named pair nobody knows what a score is worth: its probability is then the score itself.
    """
    value = calibration.set_index("quantity")["value"]
    rule = Strategy(value["accept"], value["new"], int(value["inspect"]))
    knots = calibration[calibration["quantity"] == "probability"].sort_values("at")
    if knots.empty:
        return rule, lambda scores: np.clip(scores, 0, 1)
    return rule, lambda scores: np.interp(scores, knots["at"], knots["value"])


def proposed(table, error):
    """The fewest candidates among which all but half of the `error` rate find their animal; at least 1."""
    ranks = np.sort(table["rank"][table["seen"]].to_numpy())
    if not len(ranks):
        return UNKNOWN
    needed = ranks[min(len(ranks) - 1, int(np.ceil((1 - error / 2) * len(ranks))) - 1)]
    finite = ranks[np.isfinite(ranks)]
    return int(needed) if np.isfinite(needed) else int(finite[-1]) if len(finite) else 1


def outcome(table, strategy):
    """What becomes of each encounter: DataFrame of bool. missed: a false negative; wrong: a false positive; asked."""
    accepted, called_new = table["score"] >= strategy.accept, table["score"] < strategy.new
    called_new &= ~accepted
    asked = ~accepted & ~called_new
    wrong = accepted & ~table["right"]
    missed = table["seen"] & (called_new | wrong | (asked & (table["rank"] > strategy.inspect)))
    return pd.DataFrame({"missed": missed, "wrong": wrong, "asked": asked})


def _between(threshold, end):
    """The middle of the gap from a threshold to the next score; the threshold where there is none."""
    return (threshold + end) / 2 if np.isfinite(threshold) and np.isfinite(end) else threshold


def _allowed(error, number):
    """Errors among `number` that keep the rate for one more; -1 where that is too few to promise anything."""
    return int(np.floor(error * (number + 1))) - 1


def fewest(error, share=1.0):
    """Named encounters of which fewer cannot promise an `error` rate. share: as of `judged`."""
    return 1 / (error * share) - 1


def seen(named):
    """Whether an earlier encounter of another sequence shows the animal, from a side that is compared."""
    rows = named.rename_axis("encounter").reset_index()
    # One of the first two sequences that show a flank is another than the encounter's own.
    first = rows.sort_values("order").drop_duplicates(["individual", "flank", "sequence"])
    first = first.groupby(["individual", "flank"], dropna=False).head(2)
    both = rows.merge(first, on="individual", suffixes=("", "_other"))
    apart = both["flank"].map(OPPOSITE).fillna("none") == both["flank_other"].fillna("unknown")
    met = both[(both["sequence"] != both["sequence_other"]) & (both["order_other"] < both["order"]) & ~apart]
    return named.index.isin(met["encounter"])
