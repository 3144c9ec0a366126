"""Where weight files come from and lie: workflow/weights.yaml with the user's own entries, and the folders searched.

Read whenever the workflow is parsed, so it imports nothing heavy; files are verified by the stages (weights.py).
"""

import os
from pathlib import Path

from pugmark import configuration, literals
from pugmark.configuration import ConfigError

FILE = Path(__file__).parents[1] / "weights.yaml"


class Manifest:
    """The known weight files, {name: {file, url, sha256, licence}}.

    settings: the section `weights` of config.yaml. results: the folder below which missing files are fetched.
    """

    def __init__(self, settings, results):
        self.settings, self.results = settings, results
        self.entries = configuration.read_yaml(FILE)
        for name, entry in settings["files"].items():
            self.entries[name] = {**self.entries.get(name, {"url": None, "licence": "unknown"}), **entry}

    def paths(self, names):
        """{name: path} of the weight files `names`, None passed over. Raises ConfigError."""
        return {name: self._path(name) for name in names if name}

    def facts(self, names):
        """{name: its checksum and licence}: what the settings of a stage say of its weights."""
        return {name: {key: self.entries[name].get(key) for key in ("sha256", "licence")} for name in names}

    def download(self, path):
        """The entry, with its name, of the file that is fetched to `path`."""
        return next({"name": name, **entry} for name, entry in self.entries.items() if self._fetched(entry) == path)

    def _fetched(self, entry):
        """Where a file is fetched to: a folder per checksum, so that another file is never taken for it."""
        return f"{self.results}/weights/{str(entry.get('sha256'))[:8].lower()}/{entry['file']}"

    def _path(self, name):
        if name not in self.entries:
            raise ConfigError(literals.unknown(name, self.entries, "weights"))
        entry = self.entries[name]
        if not entry.get("sha256"):
            raise ConfigError(
                f"Weights {name}: nobody has stated the checksum of {entry['file']}. Fetch it from {entry.get('url')}, "
                f"make sure that it is the file you want, and write its sha256sum into weights.files.{name}.sha256."
            )
        folders = [folder for folder in (self.settings["folder"], os.environ.get("PUGMARK_WEIGHTS")) if folder]
        fetched = self._fetched(entry)
        for path in [*(os.path.join(folder, entry["file"]) for folder in folders), fetched]:
            if os.path.isfile(path):
                return path
        if self.settings["download"] and entry.get("url"):
            return fetched
        where = " or ".join(folders) or "any folder: none is given"
        raise ConfigError(
            f"Weights {name}: {entry['file']} is not in {where}. Fetch it from "
            f"{entry.get('url') or 'its publisher'} into the folder that weights.folder or PUGMARK_WEIGHTS names, "
            "or set weights.download: true."
        )
