"""What to ask a person, and in which order.

An encounter that the scores leave open is compared with the animals of its best candidates, as many as the strategy
inspects; an animal is asked about once. What a person answered, or is unsure of, is not asked again. What reviewers
dispute, and what cannot be true together, is asked first.
"""

import numpy as np
import pandas as pd

WHY = ("conflict", "dispute", "doubt")
"""The order in which reasons are asked."""


def left(pairs, table, said, inspect, rejected):
    """The pairs that could still be asked about each encounter, with what the candidate is called, and whether a person
    is unsure of them.

    pairs: as of naming.possible. table: encounter and individual. rejected: number of rejected animals by encounter.
    """
    names, individuals = (table[name].to_numpy(object) for name in ("encounter", "individual"))
    animal = pd.factorize(individuals)[0]
    pairs = pairs.assign(animal=animal[pairs["other"]])[animal[pairs["one"]] != animal[pairs["other"]]]
    pairs = pairs.drop_duplicates(["one", "animal"])
    pairs = pairs[pairs.groupby("one").cumcount().to_numpy() < inspect - rejected[pairs["one"]]]
    ends = {"encounter": names[pairs["one"]], "candidate": names[pairs["other"]]}
    unsure = [frozenset(pair) in said.unsure for pair in zip(*ends.values(), strict=True)]
    pairs = pairs.assign(**ends, individual=individuals[pairs["other"]], unsure=np.array(unsure, bool))
    return pairs[["encounter", "candidate", "score", "rank", "individual", "unsure"]]


def in_order(pairs, table, probability, said, refused):
    """Rows of the questions table. pairs: as of `left`. table: of identities. refused: pairs called the same in vain.

    The least stable come first: an encounter whose best candidate is as likely right as wrong, and of equal ones that
    of the animal with most encounters, because most moves with the answer. Candidates of an encounter stay together.
    """
    state, number = table.set_index("encounter"), {name: at for at, name in enumerate(table["encounter"])}
    special = {frozenset(pair): "dispute" for pair in said.disputed} | {frozenset(pair): "conflict" for pair in refused}
    rows = [
        dict(zip(("candidate", "encounter"), sorted(pair, key=number.get), strict=True)) | {"why": why}
        for pair, why in special.items()
        if not said.nobody.keys() & pair
    ]
    ends = zip(pairs["encounter"], pairs["candidate"], strict=True)
    doubted = ~pairs["unsure"] & (state["decision"].loc[pairs["encounter"]] == "review").to_numpy()
    doubted &= np.array([frozenset(pair) not in special for pair in ends], bool)
    asked = pairs[doubted].assign(why="doubt")
    asked = asked.assign(probability=probability(asked["score"].to_numpy(float)))
    asked = pd.concat([asked, pd.DataFrame(rows, columns=["encounter", "candidate", "why"])], ignore_index=True)
    asked = asked.fillna({"rank": 1, "probability": 0.5})
    asked["individual"] = state["individual"].loc[asked["candidate"]].to_numpy()
    asked = asked.loc[_order(asked, state["individual"].value_counts())]
    columns = ["encounter", "candidate", "individual", "probability", "why"]
    return asked[columns].assign(place=np.arange(1, len(asked) + 1, dtype=np.int32)).reset_index(drop=True)


def _order(asked, sizes):
    """The index of `asked` in the order of the questions. sizes: encounters of each animal."""
    groups = asked.groupby("encounter")
    order = {
        "why": asked["why"].map(WHY.index),
        "stability": (2 * groups["probability"].transform("max") - 1).abs(),
        "size": -asked["individual"].map(sizes).groupby(asked["encounter"]).transform("max"),
        "encounter": asked["encounter"],
        "rank": asked["rank"],
    }
    return pd.DataFrame(order).sort_values(list(order), kind="stable").index
