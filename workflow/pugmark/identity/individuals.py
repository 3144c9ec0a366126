"""The animals of a collection: which flanks were seen, how they were joined, when, and how often."""


def of(table, found, said=None):
    """Rows of the individuals table. table: of identities. found: as of naming.encounters. said: a said.Said."""
    facts = found.rename(columns={"individual": "given"}).join(table.set_index("encounter")[["individual", "by"]])
    by_hand = {*said.names.values(), *(name for _, name in said.renames)} if said else set()
    return [_row(name, part, by_hand) for name, part in facts.groupby("individual")]


def _row(name, part, by_hand):
    first = part.dropna(subset=["flank"]).reset_index(names="encounter").drop_duplicates("flank").set_index("flank")
    sides, linked_by = first["encounter"].to_dict(), _linked_by(part)
    told = {"track": "both", None: f"{next(iter(sides))}_only" if sides else "unknown"}
    return {
        "individual": name,
        "left_id": sides.get("left"),
        "right_id": sides.get("right"),
        "status": told.get(linked_by, "linked"),
        "linked_by": linked_by,
        "named_by": "person" if name in by_hand else "labels" if (part["given"] == name).any() else "workflow",
        "first": part["timestamp"].min(),
        "last": part["timestamp"].max(),
        "encounters": len(part),
        "singleton": part["sequence"].nunique() == 1,
    }


def _linked_by(part):
    """How the two flanks of an animal were joined, by the strongest evidence; None where there are not two."""
    if part["flank"].nunique() < 2:
        return None
    if part.groupby("track")["flank"].nunique().max() == 2:
        return "track"
    if part[part["by"] == "labels"]["flank"].nunique() == 2:
        return "labels"
    return "person" if (part["by"] == "person").any() else "match"
