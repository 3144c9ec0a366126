"""A small configuration for the tests of planning."""


def cats(folder):
    """A configuration with two real batch folders below `folder`, and a method without weights."""
    for batch in ("2024-05", "2024-06"):
        (folder / "media" / batch).mkdir(parents=True)
        (folder / "media" / batch / "a.jpg").write_bytes(batch.encode())
    return {
        "results": str(folder / "results"),
        "collections": {"cats": {"batches": f"{folder}/media/*", "detect": {"name": "whole"}}},
        "methods": {"random": {}, "pixels": None, "mine": {"method": "resnet50", "epochs": 3, "weights": None}},
        "seeds": [1, 2],
    }
