"""Controls through the real workflow: the oracle names everybody rightly, random features name nobody."""

import pandas as pd
import pytest
from project import Project

from pugmark import tables
from pugmark.identity import known

ERROR = 0.1
CONFIG = {
    "results": "results",
    "collections": {
        "drawn": {
            "synthetic": {"seed": 3, "batches": 3, "individuals": 6},
            "identify": {"run": [], "withhold": ["batch_03"]},
            "calibrate": {"error": ERROR},
        }
    },
    "detect": {"name": "motion"},
    "methods": {"oracle": {}, "random": {}},
}


@pytest.fixture(scope="module")
def named(tmp_path_factory):
    """{control: identities of the withheld batch, with the true name of each}."""
    made = Project(tmp_path_factory.mktemp("controls"), config=CONFIG)
    made.run("--", *(f"results/drawn/runs/{control}-s1/identities.parquet" for control in ("oracle", "random")))
    folder = made.folder / "results/drawn"
    crops = known.crops(tables.read(folder / "split.parquet", "split"), folder / "batches")
    truth = known.named(crops[crops["batch"] == "batch_03"])["individual"].rename("true")
    found = {}
    for control in ("oracle", "random"):
        table = tables.read(folder / f"runs/{control}-s1/identities.parquet", "identities")
        found[control] = pd.merge(table, truth, left_on="encounter", right_index=True)
    return found


def test_the_oracle_names_everybody_rightly_and_asks_nobody(named):
    found = named["oracle"]
    assert (found["individual"] == found["true"]).mean() == 1 and len(found) > 10
    assert set(found["by"]) == {"workflow"} and (found["decision"] == "known").all()


def test_random_features_name_nobody_beyond_the_chosen_error(named):
    found = named["random"]
    decided = found["decision"] == "known"
    assert (decided & (found["individual"] != found["true"])).mean() <= ERROR
    assert (found["decision"] == "review").mean() > 0.5
