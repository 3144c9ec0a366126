"""Detectors that the workflow trains itself: `detectors` in the configuration, by names of the user's choice.

A detector's folder is named by its settings and its code, as a model's is: boxes that arrive train nothing again. Read
whenever the workflow is parsed, so it imports nothing heavy.
"""

import os

from pugmark import literals
from pugmark.planning import fingerprint, versions
from pugmark.planning.configuration import ConfigError


class Detectors:
    """The detectors of a completed `config`, which start from weights of the `manifest`. Raises ConfigError."""

    def __init__(self, config, manifest, results):
        self.config, self.manifest, self.results = config["detectors"], manifest, results
        for name, given in self.config.items():
            if name in manifest.entries:
                raise ConfigError(f"detectors.{name}: there are weights of this name: choose another.")
            if given["start"] in self.config:
                raise ConfigError(f"detectors.{name}.start: {given['start']} is trained here: name published weights.")
            names = [one for names in given["classes"].values() for one in names]
            for called in names:
                if names.count(called) > 1:
                    raise ConfigError(f"detectors.{name}.classes: {called} stands in two classes: leave it in one.")
            for source in given["learn_from"]:
                if source not in config["collections"]:
                    known = config["collections"]
                    raise ConfigError(f"detectors.{name}.learn_from: {literals.unknown(source, known, 'collection')}")

    def check(self, collections):
        """Refuse a detector that learns from what a trained one found. collections: {name: completed settings}."""
        for name, given in self.config.items():
            for source in given["learn_from"]:
                if collections[source]["detect"].get("weights") in self.config:
                    raise ConfigError(
                        f"detectors.{name}.learn_from: the boxes of {source} come from a trained detector: name a "
                        "collection whose boxes somebody has drawn (`detect: {name: boxes}`)."
                    )

    def weights(self, name):
        """{name: path} of the weights that the training starts from."""
        return self.manifest.paths({f"detectors.{name}.start": self.config[name]["start"]})

    def settings(self, name):
        """What the training is told, as canonical JSON."""
        own = {key: value for key, value in self.config[name].items() if key not in ("learn_from", "start")}
        return versions.canonical(own | {"manifest": self.manifest.facts(self.weights(name))})

    def version(self, name):
        """Which version of the detector today's settings and code make."""
        told = self.settings(name) + versions.canonical(self.config[name]["learn_from"])
        return versions.version(told, fingerprint.of("stages.train_detector"))

    def path(self, name):
        """Where its weights lie."""
        return f"{self.results}/detectors/{name}/{self.version(name)}/model.pt"

    def is_trained(self, name):
        return os.path.exists(self.path(name))
