"""Drawn reviewers, who answer by the truth and err at a stated rate: how names get better with each answer.

Each strategy says what the workflow decides alone, how many candidates a person sees and in which order:

    stability       ours: what could change most
    quantile        the likeliest tenth of all pairs first, then down to the least likely (TrapTagger)
    disagreement    first the pairs that a clustering would join and the names do not (after Sani et al., AAAI 2026)
    manual          nothing is decided, a person sees the ten best candidates
    thresholds      apart below a probability of .3, the same above .7, ten candidates between (WildMe's yardstick)
"""

import numpy as np
import pandas as pd

from pugmark.identity import accuracy, naming
from pugmark.identity.said import Said
from pugmark.identity.strategy import Strategy

BANDS = (0.9, 0.8, 0.6, 0.3)
"""Quantiles of similarity at which TrapTagger goes on to less likely pairs."""
TEN = 10


def by_stability(questions):
    """As they are asked."""
    return questions.sort_values("place")


def by_quantile(questions):
    """From the likeliest band of pairs to the least likely, in each by encounter."""
    ends = np.quantile(questions["probability"], BANDS)
    band = (questions["probability"].to_numpy()[:, None] < ends).sum(1)
    return questions.assign(band=band).sort_values(["band", "encounter", "place"])


def by_disagreement(questions):
    """Pairs that are more likely one animal than not, though they bear two names, first."""
    joined = questions["probability"] >= 0.5
    return questions.assign(joined=joined).sort_values(["joined", "place"], ascending=[False, True])


def as_chosen(rule, probability):
    """What calibration chose."""
    return rule


def nothing(rule, probability):
    """A person sees the ten best candidates of whatever has any."""
    return Strategy(np.inf, -np.inf, TEN)


def by_probability(rule, probability):
    """The scores at which the probability passes .7 and .3."""
    scores = np.linspace(-1, 1, 2001)
    found = probability(scores)
    new, accept = (scores[found >= at].min(initial=np.inf) for at in (0.3, 0.7))
    return Strategy(float(accept), float(new), TEN)


STRATEGIES = {
    "stability": (as_chosen, by_stability),
    "quantile": (as_chosen, by_quantile),
    "disagreement": (as_chosen, by_disagreement),
    "manual": (nothing, by_stability),
    "thresholds": (by_probability, by_stability),
}


def course(rows, pairs, rule, probability, truth, untold, told, order, wrong, rounds, seed=0):
    """Yield (answers so far, {quantity: value}) before the first and after each round of answers.

    rows, pairs, rule, probability: as of naming.decided. truth, untold, told: as of accuracy.rows. order: a strategy's.
    wrong: share of the answers that are wrong. A round asks one question of as many encounters as `rounds` of them need
    to settle all. Who is shown an animal whose name nobody knows is unsure.
    """
    said, random, answered, each = Said(), np.random.default_rng(seed), set(), None
    names = truth["individual"]
    while True:
        table, asked, _ = naming.decided(rows, pairs, rule, probability, said)
        found = accuracy.rows(table, asked, truth, untold, told)
        yield len(answered), {row["quantity"]: row["value"] for row in found}
        # Answers that contradict one another are asked about again; a drawn reviewer stays with what was said.
        pairs_asked = map(frozenset, zip(asked["encounter"], asked["candidate"], strict=True))
        asked = asked[[pair not in answered for pair in pairs_asked]]
        if asked.empty:
            return
        asked = order(asked).drop_duplicates("encounter")
        each = each or max(1, -(-len(asked) // rounds))
        part = asked.head(each)
        answered |= set(map(frozenset, zip(part["encounter"], part["candidate"], strict=True)))
        one, other = (part[end].map(names) for end in ("encounter", "candidate"))
        same = (one == other) ^ (random.random(len(part)) < wrong)
        _write_down(said, part, same, one.notna() & other.notna())


def _write_down(said, part, same, known):
    for pair, is_same, is_known in zip(part[["encounter", "candidate"]].to_numpy(), same, known, strict=True):
        if not is_known:
            said.unsure.add(frozenset(pair))
        elif is_same:
            said.same.append(tuple(pair))
        else:
            said.different.add(frozenset(pair))


def curve(rows, pairs, rule, probability, truth, untold, told, wrong, rounds, seed):
    """Rows of the rehearsal table: each strategy with each share of `wrong` answers."""
    made, encounters = [], rows["encounter"].nunique()
    for name, (chosen, order) in STRATEGIES.items():
        own = chosen(rule, probability)
        for share in wrong:
            found = course(rows, pairs, own, probability, truth, untold, told, order, share, rounds, seed)
            for answers, values in found:
                facts = {"strategy": name, "wrong": share, "answers": answers, "per_100": 100 * answers / encounters}
                made += [{**facts, "quantity": quantity, "value": value} for quantity, value in values.items()]
    return pd.DataFrame(made)
