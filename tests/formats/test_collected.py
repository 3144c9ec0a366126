"""The crops of a collection in one table."""

import pandas as pd
import pytest

from pugmark import tables
from pugmark.formats import collected

DAY = pd.Timestamp("2024-05-01")


NOTHING = {"string": "", "binary": b"", "bool": False}


def write(folder, batch, rows):
    """The tables of a batch. rows: (crop and picture, hour, animal)."""
    for name in ("crops", "labels", "media"):
        columns = tables.definitions()[name]["columns"]
        blank = {one: None if of.get("nullable") else NOTHING.get(of["type"], 0) for one, of in columns.items()}
        made = []
        for crop, hour, animal in rows:
            own = {"crop_id": crop, "media_id": f"{batch}{crop}", "path": f"Ada/{crop}.jpg", "station": "Ada"}
            own |= {"timestamp": DAY + pd.Timedelta(hours=hour), "sequence": f"{batch}/{hour}", "individual": animal}
            made.append(blank | {one: value for one, value in own.items() if one in columns})
        tables.write(folder / batch / f"{name}.parquet", name, made, "drawn")


@pytest.fixture
def found(tmp_path):
    write(tmp_path, "a", [("a2", 5, "Ada"), ("a1", 4, "Ada")])
    write(tmp_path, "b", [("b1", 1, "Bo"), ("b2", 2, "Cy")])
    return collected.crops(tmp_path, ["a", "b"], 60)[0]


def test_batches_stand_in_their_order_and_crops_by_time_within(found):
    assert found["crop_id"].tolist() == ["a1", "a2", "b1", "b2"]
    assert found["individual"].tolist() == ["Ada", "Ada", "Bo", "Cy"]


def test_a_folder_that_is_called_after_its_animal_is_no_station_of_that_batch_and_stays_one_of_another(found):
    assert found["station"].isna().tolist() == [True, True, False, False]
