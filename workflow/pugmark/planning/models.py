"""The models of the runs: what each training rests on, which version of a model that makes, and where it lies.

Read whenever the workflow is parsed, so it imports nothing heavy.
"""

import os

from pugmark import methods
from pugmark.planning import collection, studies, versions
from pugmark.planning.versions import canonical


class Models:
    """The models of a plan.Plan."""

    def __init__(self, plan):
        self.plan = plan
        self._trainings = {}

    def training(self, run):
        """The settings that a training rests on, as canonical JSON: with the names that it learned from, if it did."""
        folder = self._versions(run)
        if folder not in self._trainings:
            settings = self._settings(run)
            self._trainings[folder] = (
                versions.of_names(settings, run.code, self.plan.names(run.source), folder)
                if run.learns_names
                else canonical(settings)
            )
        return self._trainings[folder]

    def version(self, run):
        """Which version of its model the run has."""
        return versions.version(self.training(run), run.code)

    def folder(self, run):
        """The folder of the run's model."""
        return f"{self._versions(run)}/{self.version(run)}"

    def is_trained(self, run):
        """Whether the run's model is finished: its record is written last, and what was removed since is no model."""
        files = "model.pt", "trained.parquet", versions.RECORD
        return all(os.path.exists(f"{self.folder(run)}/{name}") for name in files)

    def weights(self, run):
        """{name: path} of the weight files that the run's method loads."""
        at = studies.where(self.plan.config, run.label)
        keys = "weights", "part_weights"
        return self.plan.manifest.paths({f"{at}.{key}": run.params.get(key) for key in keys})

    def _settings(self, run):
        source = self.plan.collections[run.source]
        content = {"content": self.plan.content(run.file)} if run.file else {}
        return content | {
            "method": run.method,
            "params": run.params,
            "seed": run.seed,
            **collection.view(source, run.train_view),
            "individuals": source["individuals"] if methods.counts(run.facts, run.params) else None,
            "manifest": self.plan.manifest.facts(self.weights(run)),
            "names": {},
        }

    def _versions(self, run):
        return f"{self.plan.results}/{run.source}/models/{run.name}"
