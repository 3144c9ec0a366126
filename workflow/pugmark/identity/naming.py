"""Name the animals: which encounters show one animal, what it is called, and what is left to a person.

First comes what is certain: encounters of one track, and those that labels give one name. Boxes of one picture and
animals of different names are never one. Then each encounter may join the animal of its best candidate, highest scores
first, where the score allows that (identity.strategy). So an error moves one encounter and what was likened to it.

Candidates of the same event never decide: they look alike for the light and the place. They leave it to a person.
"""

import hashlib

import numpy as np
import pandas as pd

DECISIONS = ("new", "review", "known")
"""From the weakest to the strongest; the encounters of one track share the strongest."""
LETTERS = 6
"""Hex digits of a name that the workflow gives; more where two would be called alike."""


def decided(rows, pairs, rule, probability):
    """(DataFrame of the identities table, sentences about what certain facts forbade).

    rows: as of known.crops. pairs: DataFrame of the pairs table. rule: strategy.Strategy. probability: function from
    scores to probabilities, arrays both.
    """
    found = encounters(rows)
    animals, conflicts = Animals(found), []
    for column in ("track", "individual"):
        for members in found.groupby(column).indices.values():
            for member in members[1:]:
                conflicts += animals.join(members[0], member, f"are of one {column}", certain=True)
    apart, beside = best(pairs, found)
    joined = np.zeros(len(found), bool)
    score = apart["score"].to_numpy()
    for at in np.argsort(-score, kind="stable")[: np.count_nonzero(score >= rule.accept)]:
        refused = animals.join(at, found.index.get_loc(apart["candidate"].iloc[at]), "look alike")
        conflicts += refused
        joined[at] = not refused
    # `new` is -inf where nothing can be promised: then any candidate is a doubt, but none is not.
    doubt = np.any([np.isfinite(one) & (one >= rule.new) for one in (score, beside["score"].to_numpy())], axis=0)
    strength = np.where(joined | found["individual"].notna(), 2, np.where(doubt, 1, 0))
    strength = pd.Series(strength).groupby(found["track"].to_numpy()).transform("max").to_numpy()
    same = np.where(np.isfinite(score), probability(np.where(np.isfinite(score), score, 0)), 0.0)
    labelled = found["individual"].notna().to_numpy()
    table = pd.DataFrame(
        {
            "encounter": found.index,
            "individual": animals.names(),
            "decision": np.array(DECISIONS, object)[strength],
            "probability": np.where(labelled, 1.0, np.where(strength == 0, 1 - same, same)),
            "by": np.where(labelled, "labels", "workflow"),
            "candidate": apart["candidate"].to_numpy(),
        }
    )
    return table, conflicts


def encounters(rows):
    """One row per encounter in the order of the catalogue: track, flank, batch, sequence, station, timestamp of its
    first crop, individual that labels name, and the set of its media. rows: as of known.crops.
    """
    groups = rows.groupby("encounter", sort=False)
    first = groups[["track", "flank", "batch", "sequence", "station", "timestamp"]].nth(0)
    first.index = rows["encounter"].loc[first.index]
    said = rows.dropna(subset=["individual"]).groupby("encounter")["individual"].agg(["first", "nunique"])
    media = groups["media_id"].agg(set)
    named = said["first"].where(said["nunique"] == 1).reindex(first.index)
    return first.assign(individual=named.astype(object).where(named.notna(), None), media=media.reindex(first.index))


def best(pairs, found):
    """The best candidate of each encounter in another sequence, and in its own: two DataFrames of candidate and score,
    row by row of `found` (as of `encounters`); None and -inf without any.
    """
    pairs = pairs[pairs["encounter"].isin(found.index) & pairs["candidate"].isin(found.index)]
    ends = [found["sequence"].loc[pairs[end]].to_numpy() for end in ("encounter", "candidate")]
    parts = []
    for part in (pairs[ends[0] != ends[1]], pairs[ends[0] == ends[1]]):
        first = part.sort_values("rank").drop_duplicates("encounter").set_index("encounter").reindex(found.index)
        score = first["score"].astype(float).fillna(-np.inf)
        candidate = first["candidate"].astype(object).where(first["candidate"].notna(), None)
        parts.append(pd.DataFrame({"candidate": candidate, "score": score}))
    return parts


class Animals:
    """Encounters joined to animals. found: as of `encounters`."""

    def __init__(self, found):
        self.found, self.parent = found, list(range(len(found)))
        self.called = [{name} - {None} for name in found["individual"]]
        self.media = [set(media) for media in found["media"]]

    def animal(self, at):
        """The number of the animal of encounter number `at`: that of its oldest encounter."""
        while self.parent[at] != at:
            self.parent[at] = self.parent[self.parent[at]]
            at = self.parent[at]
        return at

    def join(self, one, other, why, certain=False):
        """Make two encounters one animal; or say in a list of one sentence why not.

        certain: also where both have a box in one picture, which is then only said.
        """
        first, second = sorted((self.animal(one), self.animal(other)))
        if first == second:
            return []
        names, together = self.called[first] | self.called[second], self.media[first] & self.media[second]
        fault = f"they are named {' and '.join(sorted(names))}" if len(names) > 1 else ""
        fault = fault or ("one picture shows both" if together else "")
        if len(names) < 2 and (certain or not together):
            self.parent[second], self.called[first] = first, names
            self.media[first] |= self.media[second]
        return [f"{self.found.index[one]} and {self.found.index[other]} {why}, but {fault}."] if fault else []

    def names(self):
        """What the animal of each encounter is called, a list."""
        animals = [self.animal(at) for at in range(len(self.parent))]
        taken, made = set().union(*self.called), {}
        for animal in dict.fromkeys(animals):
            made[animal] = next(iter(self.called[animal]), None) or self._new(animal, taken)
            taken.add(made[animal])
        return [made[animal] for animal in animals]

    def _new(self, animal, taken):
        digest = hashlib.sha256(self.found.index[animal].encode()).hexdigest().upper()
        return next(name for size in range(LETTERS, 65) if (name := f"A-{digest[:size]}") not in taken)


def individuals(table, found):
    """Rows of the individuals table. table: of identities. found: as of `encounters`."""
    rows = []
    facts = found.drop(columns="individual").join(table.set_index("encounter")[["individual", "by"]])
    for name, part in facts.groupby("individual"):
        sides = set(part["flank"].dropna())
        rows.append(
            {
                "individual": name,
                "status": "both" if len(sides) == 2 else f"{sides.pop()}_only" if sides else "unknown",
                "linked_by": _linked_by(part),
                "named_by": "labels" if (part["by"] == "labels").any() else "workflow",
                "first": part["timestamp"].min(),
                "last": part["timestamp"].max(),
                "encounters": len(part),
            }
        )
    return rows


def _linked_by(part):
    """How the two flanks of an animal were joined; None where there are not two."""
    if part["flank"].nunique() < 2:
        return None
    if part.groupby("track")["flank"].nunique().max() == 2:
        return "track"
    named = part[part["by"] == "labels"]
    return "labels" if named["flank"].nunique() == 2 else "match"
