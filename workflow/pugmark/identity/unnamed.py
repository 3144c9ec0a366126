"""What scores are worth where too few animals have names: an estimate, held back by what is certain without names.

The best scores of the encounters come of two kinds: of animals that were seen before, and of new ones. A mixture of two
normal distributions is fitted to them. It gives both thresholds at the chosen rate, and is refused where the two kinds
are not clearly apart (Ashman's D; Ashman, Bird and Zepf, Astronomical Journal 108, 1994), or where one of them is rare.

Animals that were on screen together are different for certain, and look alike for the light and the place: what they
reach, no other pair may be accepted for. The two halves of a track show one animal for certain: less than they differ,
a new animal cannot be told from one that was seen.
"""

import itertools
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm
from sklearn.mixture import GaussianMixture

from pugmark import vectors
from pugmark.identity import matching
from pugmark.identity.strategy import NEVER, UNKNOWN, Strategy

APART = 3.0
"""Ashman's D from which two kinds are told apart; at 2 a distribution has two peaks."""
RARE, FEWEST = 0.05, 50
"""The least share of a kind, and the least encounters with a candidate, for a fit."""
ASKED = 0.25
"""The share of new animals of which a person is asked all the same."""


@dataclass(frozen=True)
class Fit:
    """Two normal distributions of scores, `new` below `seen`; each a mean and a standard deviation. share: of seen."""

    new: tuple
    seen: tuple
    share: float

    @property
    def apart(self):
        """Ashman's D."""
        (low, narrow), (high, wide) = self.new, self.seen
        return np.sqrt(2) * (high - low) / np.hypot(narrow, wide)

    def probability(self, scores):
        """That the best candidate is the animal; it never falls with the score."""
        seen, new = self.share * norm.pdf(scores, *self.seen), (1 - self.share) * norm.pdf(scores, *self.new)
        order = np.argsort(scores)
        found = np.empty(len(scores))
        found[order] = np.maximum.accumulate((seen / np.maximum(seen + new, 1e-300))[order])
        return found


def fitted(scores):
    """The Fit of the encounters' best scores; None where they are few or of one kind."""
    if len(scores) < FEWEST or np.ptp(scores) == 0:
        return None
    model = GaussianMixture(2, n_init=5, random_state=0).fit(scores[:, None])
    low, high = np.argsort(model.means_[:, 0])
    kinds = [(float(model.means_[at, 0]), float(np.sqrt(model.covariances_[at, 0, 0]))) for at in (low, high)]
    fit = Fit(*kinds, float(model.weights_[high]))
    return fit if fit.apart >= APART and RARE <= fit.share <= 1 - RARE else None


def strategy(fit, error, different, same):
    """(Strategy, {"estimated FNR", "estimated FPR"}). different, same: scores of pairs that are certain (`certain`)."""
    accept = norm.isf(error, *fit.new)
    if len(different):
        accept = max(accept, np.nextafter(np.quantile(different, 1 - error, method="higher"), NEVER))
    # Animals whose right candidate scores low hide among the new ones, where no fit sees them.
    new = min(norm.ppf(error, *fit.seen), norm.isf(ASKED, *fit.new))
    if len(same):
        new = min(new, np.quantile(same, error, method="lower"))
    new = min(new, accept)
    missed, wrong = norm.cdf(new, *fit.seen), (1 - fit.share) * norm.sf(accept, *fit.new)
    rates = {"estimated FNR": float(missed), "estimated FPR": float(wrong)}
    return Strategy(float(accept), float(new), UNKNOWN), rates


def certain(rows, features):
    """(scores of encounters that were on screen together, scores of the halves of an encounter), arrays.

    rows: as of known.crops, of one batch. features: of the crops, float32 N x D of unit norm.
    """
    of, side = rows.groupby("encounter").indices, rows["flank"].map(matching.FLANKS).fillna(0).to_numpy()
    together = rows.groupby("media_id")["encounter"].agg(lambda names: sorted(set(names)))
    pairs = sorted({pair for names in together for pair in itertools.combinations(names, 2)})
    pairs = [(of[one], of[two]) for one, two in pairs]
    pairs = [(one, two) for one, two in pairs if side[one[0]] * side[two[0]] >= 0]
    halves = [np.array_split(of[one], 2) for one in sorted(of) if len(of[one]) > 1]
    return [np.array([(features[one] @ features[two].T).max() for one, two in kind], float) for kind in (pairs, halves)]


def all_certain(rows, folder, run):
    """`certain` over all batches. rows: as of known.crops. folder, run: as of vectors.of_collection."""
    found = []
    for _, part in rows.groupby("batch"):
        shared = part["encounter"].isin(part["encounter"][part.duplicated("media_id", keep=False)])
        part = part[shared | part.duplicated("encounter", keep=False)].reset_index(drop=True)
        if len(part):
            found.append(certain(part, vectors.of_collection(part, folder, run)))
    return [np.concatenate(kind) for kind in zip(*found, strict=True)] if found else [np.zeros(0), np.zeros(0)]


def estimate(pairs, rows, error, different, same):
    """What can be estimated: (Strategy, {rate: estimate}, Fit, the best scores); None where nothing can.

    pairs: DataFrame of the pairs table. rows: as of known.crops. different, same: as of `certain`.
    """
    sequences = rows.drop_duplicates("encounter").set_index("encounter")["sequence"]
    apart = sequences.loc[pairs["encounter"]].to_numpy() != sequences.loc[pairs["candidate"]].to_numpy()
    scores = pairs[apart].groupby("encounter")["score"].max().to_numpy(float)
    fit = fitted(scores)
    if fit is None:
        return None
    rule, rates = strategy(fit, error, different, same)
    left = ((scores >= rule.new) & (scores < rule.accept)).sum() / len(sequences)
    return rule, rates | {"asked": float(left)}, fit, scores
