"""Which batches are new since the last report.

A report remembers what it was made of in a file of its own. Made again over the same batches, it marks the same ones.
"""

import json

from pugmark.runtime import disk

FILE = "seen.json"


def new(out, settings):
    """{collection: [batch]} of those that the last report in the folder `out` did not have; none in a first report.

    settings: those of `stages.report`.
    """
    now = {name: sorted(given["batches"]) for name, given in settings["collections"].items()}
    last = _last(out)
    if last is None:
        return {name: [] for name in now}
    if last["batches"] == now:
        return last["new"]
    return {name: sorted(set(batches) - set(last["batches"].get(name, []))) for name, batches in now.items()}


def remember(out, settings, found):
    """Write down what this report has, and what of it was new."""
    now = {name: sorted(given["batches"]) for name, given in settings["collections"].items()}
    with disk.replacing(out / FILE) as partial, open(partial, "w") as file:
        json.dump({"batches": now, "new": found}, file, sort_keys=True)


def _last(out):
    try:
        return json.loads((out / FILE).read_text())
    except (FileNotFoundError, ValueError):
        return None
