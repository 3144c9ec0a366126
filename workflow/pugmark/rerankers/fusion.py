"""Fusion: the cosines of several runs and the local key points of a pair, as one probability of the same animal.

Every source of evidence is calibrated on named pairs of the training part: how often are pairs with this value of one
animal? The mean of these probabilities is the score, as in WildFusion. A small scorer over all values at once, logistic
or of boosted trees, may take its place; it also sees whether both crops show the same flank.

The pairs are those that re-ranking meets: each training crop with its nearest crops of other sequences, so the density
of true pairs is that of a shortlist. How well the scorer does on individuals that it was not fitted on is measured by
fitting another one on half of the individuals.
"""

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from pugmark import rerankers
from pugmark.keypoints import match
from pugmark.metrics import calibration, shortlist
from pugmark.rerankers import local

TITLE = "Fusion of runs and local key points"
SOURCE = "Cermak et al., WildFusion: individual animal identification with calibrated similarity fusion (2024)"
KEYPOINTS = ("features", "side", "most")
LEARNS = True
SEVERAL = True
PARAMS = local.PARAMS | {
    "scorer": "mean",  # [paper] mean of calibrated values; logistic or boosting: one scorer over all values
    "calibration": "isotonic",  # [paper] isotonic or logistic: of each value, for the mean
    "nearest": 50,  # [ours: the usual shortlist] crops with which each training crop is paired
}
ALLOWED = local.ALLOWED | {
    "scorer": ["mean", "logistic", "boosting"],
    "calibration": ["isotonic", "logistic"],
    "nearest": ">= 1",
}
TIE = 1e-3
"""Share of the base run's cosine in a score: isotonic steps leave many pairs equal."""


def fit(teachers, params):
    """(scorer, figures) of named crops (rerankers.Teachers). figures: {metric: value}.

    The scorer takes values, float32 P x F, to probabilities, P. Raises NothingToFitError.
    """
    values, same, fold = _pairs(teachers, params)
    if not same.any() or same.all():  # also where there is no pair
        raise rerankers.NothingToFitError(
            f"The training part has {int(same.sum())} pairs of one animal in different sequences and "
            f"{int((~same).sum())} of two animals: fusion needs both, so name more crops there."
        )
    scorer = SCORERS[params["scorer"]](values, same, params)
    return scorer, {"pairs": len(same), "same": int(same.sum())} | _overfit(values, same, fold, params)


def prepare(crops, params, scorer):
    """`rescore` of these crops."""
    evidence = _evidence(crops, params)

    def rescore(query, others, similarities):
        found = scorer(evidence(query, others, similarities))
        return ((1 - TIE) * found + TIE * similarities).astype(np.float32)

    return rescore


def _evidence(crops, params):
    """The function (query, others, cosines) -> values, float32 K x F: cosines, key points, and flank in the last."""
    matched = local.counter(crops, params, match.agreeing)

    def evidence(query, others, cosines):
        beside = [vectors[others] @ vectors[query] for vectors in crops.beside]
        agreeing = matched(query, others)
        points = np.where(agreeing >= params["floor"], agreeing / (agreeing + params["floor"]), 0)
        flank = crops.flanks[others] * crops.flanks[query]
        return np.stack([cosines, *beside, points, flank], 1).astype(np.float32)

    return evidence


def _pairs(teachers, params):
    """Values of P pairs, whether each is of one animal, and its fold: 0 or 1, -1 where its crops lie in two folds."""
    crops = teachers.crops
    evidence, _, number = _evidence(crops, params), *np.unique(teachers.individuals.astype(str), return_inverse=True)
    values, same, folds = [np.zeros((0, 3 + len(crops.beside)), np.float32)], [np.zeros(0, bool)], [np.zeros(0, int)]
    for query in range(len(crops.ids)):
        cosines = crops.vectors @ crops.vectors[query]
        cosines[teachers.sequences == teachers.sequences[query]] = -np.inf
        others = shortlist.shortlist(cosines, crops.ids, params["nearest"])
        values.append(evidence(query, others, cosines[others]))
        same.append(number[others] == number[query])
        folds.append(np.where(number[others] % 2 == number[query] % 2, number[query] % 2, -1))
    return np.concatenate(values), np.concatenate(same), np.concatenate(folds)


def _overfit(values, same, fold, params):
    """Area under the ROC curve of a scorer fitted on half of the individuals: on their pairs, and on the others'."""
    taught, held = fold == 0, fold == 1
    if any(same[part].all() or not same[part].any() for part in (taught, held)):
        return {}
    scorer = SCORERS[params["scorer"]](values[taught], same[taught], params)
    parts = {"AUROC_fitted": taught, "AUROC_held_out": held}
    return {name: float(roc_auc_score(same[part], scorer(values[part]))) for name, part in parts.items()}


def _mean(values, same, params):
    """Mean of the calibrated cosines and key points."""
    each = [calibration.WAYS[params["calibration"]](column, same) for column in values.T[:-1]]
    return lambda found: np.mean([one(column) for one, column in zip(each, found.T[:-1], strict=True)], 0)


def _logistic(values, same, params):
    """Logistic regression over all values."""
    return _fitted(make_pipeline(StandardScaler(), LogisticRegression()), values, same)


def _boosting(values, same, params):
    """Boosted trees over all values, shallow and few: there may be a few hundred pairs of one animal."""
    return _fitted(HistGradientBoostingClassifier(max_iter=50, max_depth=3, random_state=0), values, same)


def _fitted(model, values, same):
    model.fit(values, same)
    return lambda found: model.predict_proba(found)[:, 1]


SCORERS = {"mean": _mean, "logistic": _logistic, "boosting": _boosting}
