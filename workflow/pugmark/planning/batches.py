"""Which folders are a collection's batches, and the names of the parts in which large ones are worked on.

Read whenever the workflow is parsed, so it imports nothing heavy.
"""

import fnmatch
import glob
import os
import re

from pugmark.formats.folder import JUNK, is_junk
from pugmark.planning import paths
from pugmark.planning.configuration import ConfigError


def folders(name, spec, results):
    """{batch: folder} of the collection `name`, whose completed settings are `spec`; of a drawn survey, those to come.

    Raises ConfigError where there are none, or where a name cannot stand for one batch.
    """
    if "synthetic" in spec:
        count = spec["synthetic"]["batches"]
        return {f"batch_{i:02}": f"{results}/{name}/survey/batch_{i:02}" for i in range(1, count + 1)}
    patterns = [spec["batches"]] if isinstance(spec["batches"], str) else spec["batches"]
    matched = {os.path.normpath(path) for pattern in patterns for path in glob.glob(paths.at_home(pattern))}
    found = sorted(path for path in matched if os.path.isdir(path) and os.path.basename(path).lower() not in JUNK)
    paths.check_apart(name, patterns, found, results)
    if not found:
        files = f": only files, such as {min(matched)}; write the folder that holds them" if matched else ""
        raise ConfigError(f"collections.{name}.batches: no folder matches {' or '.join(patterns)}{files}.")
    if spec["labels"] == "folders" and not any(map(_holds_folders, found)):
        raise ConfigError(
            f"collections.{name}: with `labels: folders` a batch holds a folder for each individual, and no folder "
            f"lies in {found[0]} or in any other batch. If that is an individual, write `batches: "
            f"{os.path.dirname(found[0])}`."
        )
    named = {}
    for folder in found:
        batch = os.path.basename(os.path.abspath(folder))
        if fault := _fault(batch, folder, named):
            raise ConfigError(f"collections.{name}.batches: rename {paths.printable(folder)}: its name {fault}.")
        named[batch] = folder
    return named


def _holds_folders(folder):
    return any(os.path.isdir(os.path.join(folder, name)) for name in os.listdir(folder) if not is_junk(name))


def _fault(batch, folder, named):
    if batch in named:
        return f"is also the name of {named[batch]}"
    if whole(batch) != batch:
        return "is that of a shard"
    return paths.fault(batch) or ("is not UTF-8" if not paths.is_text(folder) else None)


def whole(batch):
    """The batch of which `batch` is a shard, or itself."""
    return re.sub(r"\.\d+of\d+$", "", batch)


def shards(batch, numbers):
    """The names under which a batch is worked on: its shards where a pattern of `numbers` {pattern: number} fits."""
    number = next((number for pattern, number in numbers.items() if fnmatch.fnmatch(batch, pattern)), 1)
    return [f"{batch}.{i}of{number}" for i in range(1, number + 1)] if number > 1 else [batch]
