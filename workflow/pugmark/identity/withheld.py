"""What pairs of withheld encounters tell: how right their probabilities are, and how many animals there are.

The workflow was told neither name of a withheld encounter, so calibration never saw these pairs.
"""

import numpy as np
import pandas as pd
from scipy.sparse import coo_array, eye_array

from pugmark.identity.accuracy import row
from pugmark.metrics import calibration, intervals, population


def reliability(pairs, probability, truth, untold):
    """Rows of the accuracy table: ECE, and the share that is one animal in each bin of probability.

    Of the pairs of encounters of `untold` with their candidates in other sequences, as calibration takes them.
    pairs: DataFrame of the pairs table. probability: function from scores to probabilities. truth, untold: as of
    accuracy.rows.
    """
    pairs = pairs[pairs["encounter"].isin(untold) & pairs["candidate"].isin(truth.index)]
    one, other = (truth.loc[pairs[end]].reset_index(drop=True) for end in ("encounter", "candidate"))
    found = pd.DataFrame({"individual": one["individual"], "same": one["individual"] == other["individual"]})
    found["probability"] = probability(pairs["score"].to_numpy(float))
    found = found[one["sequence"] != other["sequence"]]
    if found.empty:
        return []
    rows = [row("ECE", calibration.ece(found["probability"], found["same"]), len(found))]
    for _, part in found.groupby(calibration.bins(found["probability"])):
        ends = intervals.of_rates(part["same"].to_numpy(float), np.ones(len(part)), part["individual"].to_numpy(str))
        rows.append(row("reliability", part["same"].mean(), len(part), *ends, at=part["probability"].mean()))
    return rows


def counts(pairs, probability, names, truth, untold, seed=0):
    """Rows of the accuracy table: how many animals the encounters of `untold` show, truly, by their names, and by NIS.

    names: Series of what the workflow calls each encounter. Others: as of `reliability`. Nobody can vet a left flank
    against a right one, so only one of them is counted. The similarity is the probability of a pair, and 0 of pairs
    that are not among the best candidates; to all is added what makes a whole encounter of each row.
    """
    found = one_flank(truth.loc[untold].join(names.rename("name")).dropna(subset=["name"]))
    if len(found) < 2:
        return []
    ends = [found.index.get_indexer(pairs[end]) for end in ("encounter", "candidate")]
    both = (ends[0] >= 0) & (ends[1] >= 0)
    listed = coo_array(
        (probability(pairs["score"].to_numpy(float)[both]), (ends[0][both], ends[1][both])), (len(found), len(found))
    )
    similarity = (listed + listed.T + eye_array(len(found))).tocsr()
    encounters, others, *chances = population.drawn(similarity, 1 / len(found), seed)
    animals = found["individual"].to_numpy()
    value, low, high = population.estimated(animals[encounters][:, None] == animals[others], *chances)
    return [
        row("population", found["individual"].nunique(), len(found)),
        row("population (names)", found["name"].nunique(), len(found)),
        row("population (NIS)", value, population.vetted(encounters, others), low, high),
    ]


def one_flank(found):
    """The rows of `found` without those of the flank that fewer of them show, the right one where both are equal."""
    left, right = ((found["flank"] == side).sum() for side in ("left", "right"))
    return found[found["flank"] != ("left" if left < right else "right")]
