"""Which version of a model is a run's: the folder that says what made it, chosen whenever the workflow is parsed.

A version is a checksum of the settings and the code of a training, and its folder is named by it, so that no model is
taken for one that other settings made, nor lost to them. A finished model keeps its settings beside it, in RECORD.
"""

import glob
import hashlib
import json
import os
from pathlib import Path

from pugmark.runtime.disk import replacing

RECORD = "model.json"


def canonical(settings):
    """Settings as JSON whose text depends on the values alone, so that reordering config.yaml reruns nothing."""
    return json.dumps(settings, sort_keys=True, separators=(",", ":"))


def version(settings, code):
    """Twelve hex digits for the canonical JSON of a training's settings and the fingerprint of its code."""
    return hashlib.sha256((settings + code).encode()).hexdigest()[:12]


def keep(settings, folder):
    """Write the settings of a finished training into its folder."""
    with replacing(Path(folder, RECORD)) as partial:
        Path(partial).write_text(canonical(settings))


def of_names(settings, code, names, models):
    """The settings, as canonical JSON, of a training that learns from names.

    settings: dict of what else it rests on. names: {batch: checksum of who is said to be in its pictures} today.
    models: the folder of the run's versions. Where a finished model is of these settings and this code, and the names
    of the batches that it learned from are as they were, it is the one: a batch that came later, or went, changes
    nothing. A corrected name asks for another.
    """
    found = [names]
    for path in glob.glob(f"{glob.escape(str(models))}/*/{RECORD}"):
        text = Path(path).read_text()
        learned = json.loads(text)["names"]
        kept = all(names.get(batch, checksum) == checksum for batch, checksum in learned.items())
        made = canonical(settings | {"names": learned})
        if kept and made == text and version(made, code) == os.path.basename(os.path.dirname(path)):
            found.append(learned)
    # Of several, that which learned from most; today's names stand for a model yet to be made.
    return canonical(settings | {"names": max(found[1:] or found, key=len)})
