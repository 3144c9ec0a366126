"""What each classifier says of pairs of encounters: the workflow by its scores, and each person who answered.

That is not what follows from it: a name joins pairs that nobody compared, and models of uncertain identity
(SCR-Classify-Pairwise) weigh the opinions themselves. Categories are theirs: 1 same, 2 unsure, 3 different.
"""

import numpy as np
import pandas as pd

from pugmark.identity import said

SAME, UNSURE, DIFFERENT = 1, 2, 3
ANSWERS = {"same": SAME, "unsure": UNSURE, "different": DIFFERENT}
WORKFLOW = "workflow"
COLUMNS = ["a", "b", "classifier", "category", "score", "p_same"]


def table(pairs, rule, probability, lines, rows):
    """One row per pair and classifier: COLUMNS; score and probability are the workflow's.

    pairs: DataFrame of the pairs table. rule, probability: as of strategy.of_table. lines: of the ledger. rows:
    DataFrame with crop_id, encounter and media_id.
    """
    score = pairs["score"].to_numpy(float)
    category = np.where(score >= rule.accept, SAME, np.where(score < rule.new, DIFFERENT, UNSURE))
    facts = {"a": pairs["encounter"], "b": pairs["candidate"], "classifier": WORKFLOW, "category": category}
    own = pd.DataFrame(facts | {"score": score, "p_same": np.round(probability(score), 4)})
    people = [(one, other, who, ANSWERS[answer]) for who, one, other, answer in said.opinions(lines, rows)]
    told = pd.DataFrame(people, columns=COLUMNS[:4])
    return pd.concat([own, told], ignore_index=True) if len(told) else own


def classifiers(opinions):
    """{classifier: its number, from 1}; the workflow is the first."""
    people = sorted(set(opinions["classifier"]) - {WORKFLOW})
    return {name: number for number, name in enumerate([WORKFLOW, *people], 1)}
