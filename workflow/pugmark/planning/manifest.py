"""Where weight files come from and lie: workflow/weights.yaml with the user's own entries, and the folders searched.

Read whenever the workflow is parsed, so it imports nothing heavy; files are verified by the stages (weights.py).
"""

import os
from pathlib import Path

from pugmark import literals
from pugmark.planning import configuration, paths
from pugmark.planning.configuration import ConfigError

FILE = Path(__file__).parents[2] / "weights.yaml"


class Manifest:
    """The known weight files, {name: {file, url, sha256, licence}}.

    settings: the section `weights` of config.yaml. results: the folder below which `fetch` puts them. `trained`, the
    detectors.Detectors, gives the weights that the workflow makes itself.
    """

    def __init__(self, settings, results):
        self.settings, self.results, self.trained = settings, results, None
        self.entries = configuration.read_yaml(FILE)
        for name, entry in settings["files"].items():
            if name not in self.entries and "file" not in entry:
                raise ConfigError(f"weights.files.{name} lacks `file`: write the name of the file.")
            self.entries[name] = _known(self.entries.get(name), entry) | entry

    def paths(self, wanted):
        """{name: path} of the weight files `wanted`, {key of the configuration: name or None}.

        Raises ConfigError where one cannot be had.
        """
        return {name: self._path(name, key) for key, name in wanted.items() if name}

    def facts(self, names):
        """{name: its checksum and licence, or its version}: what the settings of a stage say of its weights."""
        return {name: self._facts(name) for name in names}

    def _facts(self, name):
        if name in self.made:
            return {"made": self.trained.version(name), "licence": "made by this workflow"}
        return {key: self.entries[name].get(key) for key in ("sha256", "licence")}

    @property
    def made(self):
        """The names of the weights that the workflow makes itself."""
        return self.trained.config if self.trained else {}

    def entry(self, path):
        """The entry, with its name, of the file that lies at `path`, where `fetch` links or downloads it to."""
        return next({"name": name, **entry} for name, entry in self.entries.items() if self._place(entry) == path)

    def folders(self):
        """Where files are looked for before any is downloaded."""
        named = os.environ.get("PUGMARK_WEIGHTS", "").split(os.pathsep)
        return [paths.at_home(folder) for folder in (self.settings["folder"], *named) if folder]

    def _place(self, entry):
        """One path for a file wherever it comes from, in a folder per checksum, so that another is never taken for it:
        moving the folder of weights changes no job."""
        return f"{self.results}/weights/{str(entry.get('sha256'))[:8].lower()}/{entry['file']}"

    def _path(self, name, key):
        if name in self.made:
            return self.trained.path(name)
        if name not in self.entries:
            raise ConfigError(f"{key}: {literals.unknown(name, [*self.entries, *self.made], 'weights')}")
        entry = self.entries[name]
        if not entry.get("sha256"):
            raise ConfigError(
                f"{key}: nobody has stated the checksum of {entry['file']} ({name}). Fetch it from {entry.get('url')}, "
                f"make sure that it is the file you want, and write its sha256sum into weights.files.{name}.sha256."
            )
        place, folders = self._place(entry), self.folders()
        there = any(map(os.path.isfile, [place, *(os.path.join(folder, entry["file"]) for folder in folders)]))
        if there or (self.settings["download"] and entry.get("url")):
            return place
        where = " or ".join(folders) or "any folder: none is given"
        raise ConfigError(
            f"{key}: {entry['file']} ({name}) is not in {where}. Fetch it from "
            f"{entry.get('url') or 'its publisher'} into the folder that weights.folder or PUGMARK_WEIGHTS names, set "
            f"weights.download: true, or name a file of your own in weights.files.{name}: {{file, sha256, licence}}."
        )


def _known(listed, own):
    """What holds of the `listed` entry for a user's `own`: another checksum is another file, from another place."""
    if listed and own.get("sha256") and listed["sha256"] and not own["sha256"].lower().startswith(listed["sha256"]):
        listed = {"file": listed["file"]}
    return {"url": None, "licence": "not stated"} | (listed or {})
