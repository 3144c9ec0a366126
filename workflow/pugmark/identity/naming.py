"""Name the animals: which encounters show one animal, what it is called, and what is left to a person.

What is certain comes first: encounters of one track, what people said (identity.said), and encounters that labels or
people give one name. What people call different, boxes of one picture and animals of different names are never one.
Then each encounter may join the animal of its best candidate, highest scores first, where the score allows that
(identity.strategy). So an error moves one encounter and what was likened to it.

Candidates of the same event never decide: they look alike for the light and the place. They leave it to a person.
"""

import numpy as np
import pandas as pd

from pugmark import tables
from pugmark.identity import questions
from pugmark.identity.animals import Animals
from pugmark.identity.matching import FLANKS
from pugmark.identity.said import Said

DECISIONS = ("new", "review", "known")
"""From the weakest to the strongest; the encounters of one track share the strongest."""
NEW, REVIEW, KNOWN = range(3)


def decided(rows, pairs, rule, probability, said=None):
    """(DataFrame of the identities table, DataFrame of the questions table, sentences about what was forbidden).

    rows: as of known.crops. pairs: DataFrame of the pairs table. rule: strategy.Strategy. probability: function from
    scores to probabilities, arrays both. said: what people said, a said.Said.
    """
    said = said or Said()
    found = encounters(rows, said)
    animals = Animals(found, said.different)
    refused, conflicts = certain(animals, found, said)
    confirmed = _confirmed(animals, found, said)
    allowed, rejected = possible(pairs, found, animals, said)
    apart, beside = (best(part, len(found)) for part in (allowed[~allowed["beside"]], allowed[allowed["beside"]]))
    joined, more = by_score(animals, apart, rule.accept)
    for one, name in said.renames:
        more += animals.rename(found.index.get_loc(one), name)

    names = found.index.to_numpy(object)
    candidate = np.where(apart["other"] >= 0, names[apart["other"]], None) if len(found) else names
    table = pd.DataFrame({"encounter": names, "individual": animals.names(), "candidate": candidate})
    sure = joined | found.index.isin(confirmed) | found["individual"].notna().to_numpy()
    strength = np.where(sure, KNOWN, np.where(_doubt(apart, beside, rule), REVIEW, NEW))
    doubtful = np.isin(found["track"], found["track"][strength == REVIEW])
    open_pairs = questions.left(allowed[doubtful[allowed["one"]]], table, said, rule.inspect, rejected)
    # A person has seen and rejected whoever it might have been.
    waiting = (strength == REVIEW) & found.index.isin(open_pairs["encounter"])
    rejected_all = (rejected > 0) & ~sure & ~waiting
    strength[rejected_all] = NEW
    strength = pd.Series(strength).groupby(found["track"].to_numpy()).transform("max").to_numpy()
    table = _told(table, found, apart["score"], strength, probability, said)
    by_hand = rejected_all | found.index.isin([*confirmed, *said.names, *said.nobody])
    table = table.assign(
        probability=table["probability"].where(~by_hand, 1.0),
        by=table["by"].where(~by_hand, "person"),
        candidate=[confirmed.get(*row) for row in zip(names, candidate, strict=True)],
    )
    asked = questions.in_order(open_pairs, table, probability, said, refused)
    return table, asked, conflicts + more


def certain(animals, found, said):
    """Join what tracks, people and labels say. (Pairs that a person called the same in vain, sentences)."""
    refused, conflicts = [], []
    conflicts += _alike(animals, found, "track", said)
    for one, other in said.same:
        ends = found.index.get_loc(one), found.index.get_loc(other)
        conflicts += animals.join(*ends, "are called the same", by="person")
        refused += [(one, other)] if animals.animal(ends[0]) != animals.animal(ends[1]) else []
    conflicts += _alike(animals, found, "individual", said)
    for one in sorted(set().union(*said.different)):
        at = found.index.get_loc(one)
        # A label that a person has overruled names nobody.
        name = found["individual"].iloc[at]
        if name and animals.oldest(name) != animals.animal(at):
            animals.called[animals.animal(at)].pop(name, None)
            found.loc[one, "individual"] = None
    return refused, conflicts


def by_score(animals, apart, accept):
    """Join encounters with their best candidates (of `best`), best scores first. (Which ones, bool, sentences)."""
    joined, conflicts = np.zeros(len(apart["score"]), bool), []
    order = np.argsort(-apart["score"], kind="stable")[: np.count_nonzero(apart["score"] >= accept)]
    for at, other in zip(order.tolist(), apart["other"][order].tolist(), strict=True):
        refused = animals.join(at, other, "look alike")
        conflicts += refused
        joined[at] = not refused
    return joined, conflicts


def possible(pairs, found, animals, said):
    """(DataFrame of the pairs that may still be one animal, best first for each encounter, and how many animals a
    person rejected of each encounter, an array).

    one, other: the places of the two encounters in `found`, which are compared as numbers: there are millions. score,
    rank: as in the pairs table. beside: whether both are of one event.
    """
    one, other = (tables.places(found.index, pairs[end]) for end in ("encounter", "candidate"))
    nobody = found.index.isin(said.nobody)
    side = found["flank"].map(FLANKS).fillna(0).to_numpy()
    kept = (one >= 0) & (other >= 0) & ~(nobody[one] | nobody[other]) & (side[one] * side[other] >= 0)
    facts = {"one": one, "other": other, "score": pairs["score"].to_numpy(float), "rank": pairs["rank"].to_numpy()}
    pairs = pd.DataFrame({name: values[kept] for name, values in facts.items()})
    pairs = pairs.iloc[np.lexsort((pairs["rank"], pairs["one"]))].reset_index(drop=True)
    sequence = pd.factorize(found["sequence"])[0]
    pairs["beside"] = sequence[pairs["one"]] == sequence[pairs["other"]]
    denied = np.zeros(len(pairs), bool)
    if said.different:
        marked = np.array([bool(animals.apart[animals.animal(at)]) for at in range(len(found))], bool)
        for at in np.flatnonzero(marked[pairs["one"]] & marked[pairs["other"]]):
            denied[at] = animals.are_apart(pairs["one"][at], pairs["other"][at])
    refused = pairs[denied]
    refused = refused.assign(animal=[animals.animal(at) for at in refused["other"]])
    rejected = refused.groupby("one")["animal"].nunique().reindex(range(len(found)), fill_value=0).to_numpy()
    return pairs[~denied], rejected


def encounters(rows, said=None):
    """One row per encounter in the order of the catalogue: track, flank, batch, sequence, station, timestamp of its
    first crop, individual that labels or people name, and the set of its media. rows: as of known.crops.
    """
    said = said or Said()
    groups = rows.groupby("encounter", sort=False)
    first = groups[["track", "flank", "batch", "sequence", "station", "timestamp"]].nth(0)
    first.index = rows["encounter"].loc[first.index]
    labelled = rows.dropna(subset=["individual"]).groupby("encounter")["individual"].agg(["first", "nunique"])
    named = labelled["first"].where(labelled["nunique"] == 1).reindex(first.index).astype(object)
    named = named.where(named.notna(), None)
    for one, name in said.names.items():
        named[one] = name
    named[first.index.isin(said.nobody)] = None
    for one, flank in said.flanks.items():
        first.loc[one, "flank"] = flank if flank in FLANKS else None
    return first.assign(individual=named, media=_media(rows, first.index))


def _media(rows, names):
    """The set of the media of each encounter, a list. names: of the encounters, as an index."""
    found = [set() for _ in names]
    for at, media in zip(names.get_indexer(rows["encounter"]), rows["media_id"].to_numpy(object), strict=True):
        found[at].add(media)
    return found


def best(pairs, number):
    """The best candidate of each of `number` encounters: arrays `other`, -1 without any, and `score`, then -inf.

    pairs: as of `possible`.
    """
    first = pairs.drop_duplicates("one")
    other, score = np.full(number, -1), np.full(number, -np.inf)
    other[first["one"]], score[first["one"]] = first["other"], first["score"]
    return {"other": other, "score": score}


def _alike(animals, found, column, said):
    conflicts, first = [], {}
    codes, _ = pd.factorize(found[column].mask(found.index.isin(said.nobody)))
    for at in np.flatnonzero(codes >= 0):
        one = first.setdefault(codes[at], at)
        if one != at:
            conflicts += animals.join(one, at, f"are of one {column}", by="certain")
    return conflicts


def _doubt(apart, beside, rule):
    # `new` is -inf where nothing can be promised: then any candidate is a doubt, but none is not.
    scores = [apart["score"], beside["score"]]
    return np.any([np.isfinite(one) & (one >= rule.new) for one in scores], axis=0)


def _confirmed(animals, found, said):
    """{encounter that a person called the same as an earlier one: the other end of that pair}."""
    ends = {one: other for pair in said.same for one, other in (pair, pair[::-1])}
    places = {one: found.index.get_loc(one) for one in ends}
    return {one: other for one, other in ends.items() if animals.animal(places[one]) != places[one]}


def _told(table, found, score, strength, probability, said):
    """The rows of the identities table, as the workflow and labels have them."""
    same = np.where(np.isfinite(score), probability(np.where(np.isfinite(score), score, 0)), 0.0)
    nobody, labelled = table["encounter"].map(said.nobody), found["individual"].notna().to_numpy()
    return table.assign(
        flank=found["flank"].to_numpy(),
        individual=table["individual"].astype(object).where(nobody.isna(), None),
        decision=nobody.where(nobody.notna(), np.array(DECISIONS, object)[strength]),
        probability=np.where(labelled, 1.0, np.where(strength == NEW, 1 - same, same)),
        by=np.where(labelled, "labels", "workflow"),
    )
