"""The animals of a collection: which flanks were seen, how they were joined, when, and how often."""

import numpy as np
import pandas as pd

from pugmark.identity.matching import FLANKS


def of(table, found, said=None):
    """DataFrame of the individuals table, by name. table: of identities. found: as of naming.encounters. said: a
    said.Said.
    """
    facts = found.rename(columns={"individual": "given"}).join(table.set_index("encounter")[["individual", "by"]])
    facts = facts.dropna(subset=["individual"])
    animals = facts.groupby("individual")
    names = animals.size().index
    first = {side: _first(facts[facts["flank"] == side], names) for side in FLANKS}
    seen = {side: first[side].notna().to_numpy() for side in FLANKS}
    linked_by = _linked_by(facts, names).where(seen["left"] & seen["right"], None)
    status = np.select(
        [linked_by == "track", seen["left"] & seen["right"], seen["left"], seen["right"]],
        ["both", "linked", "left_only", "right_only"],
        "unknown",
    )
    by_hand = {*said.names.values(), *(name for _, name in said.renames)} if said else set()
    labelled = facts["individual"][facts["given"] == facts["individual"]]
    return pd.DataFrame(
        {
            "individual": names,
            "left_id": first["left"].to_numpy(),
            "right_id": first["right"].to_numpy(),
            "status": status,
            "linked_by": linked_by.to_numpy(),
            "named_by": np.select([names.isin(by_hand), names.isin(labelled)], ["person", "labels"], "workflow"),
            "first": animals["timestamp"].min().to_numpy(),
            "last": animals["timestamp"].max().to_numpy(),
            "encounters": animals.size().to_numpy(np.int32),
            "singleton": (animals["sequence"].nunique() == 1).to_numpy(),
        }
    )


def _first(facts, names):
    """The first encounter of each animal among `facts`, a Series by name; None without any."""
    first = facts.reset_index(names="encounter").drop_duplicates("individual").set_index("individual")["encounter"]
    first = first.reindex(names).astype(object)
    return first.where(first.notna(), None)


def _linked_by(facts, names):
    """The strongest evidence that could have joined two flanks of each animal, a Series by name."""
    sided = facts.dropna(subset=["flank"])
    both = sided.groupby(["individual", "track"])["flank"].nunique() == 2
    labels = sided[sided["by"] == "labels"].groupby("individual")["flank"].nunique() == 2
    person = (facts["by"] == "person").groupby(facts["individual"]).any()
    evidence = {"track": both.groupby("individual").any(), "labels": labels, "person": person}
    kinds = [evidence[kind].reindex(names, fill_value=False).to_numpy(bool) for kind in evidence]
    return pd.Series(np.select(kinds, list(evidence), "match"), names).astype(object)
