"""Versions of a model: which folder holds the model of a run, chosen whenever the workflow is parsed.

A version is a checksum of a training's settings and code, and names the model's folder. So models of other settings are
neither confused nor overwritten. A finished model keeps its settings beside it, in RECORD.
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

    settings: dict of everything else that the training depends on. names: {batch: checksum of today's names in it}.
    models: the folder of the run's versions.
    A finished model is used again if it has these settings and this code, and if the names in the batches that it
    learned from are unchanged. A batch that was added or removed since changes nothing. A corrected name asks for a
    new model.
    """
    found = [names]
    for path in glob.glob(f"{glob.escape(str(models))}/*/{RECORD}"):
        text = Path(path).read_text()
        learned = json.loads(text)["names"]
        kept = all(names.get(batch, checksum) == checksum for batch, checksum in learned.items())
        made = canonical(settings | {"names": learned})
        if kept and made == text and version(made, code) == os.path.basename(os.path.dirname(path)):
            found.append(learned)
    # Of several models, take the one that learned from most batches; without any, train with today's names.
    return canonical(settings | {"names": max(found[1:] or found, key=len)})
