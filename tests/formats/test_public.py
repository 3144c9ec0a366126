"""Published data sets through the package wildlife-datasets."""

import json

import numpy as np
import pytest
from formats.media import photo
from formats.packages import column, table

from pugmark.formats import sidecars
from pugmark.formats.folder import BatchError


def said(batch, labels):
    return sidecars.read(batch, {"labels": labels})


def test_a_public_data_set_by_the_name_of_its_class(tmp_path):
    for name in "abc":
        photo(tmp_path / "images" / f"{name}.jpg")
    header = "image_id,identity,path,date,orientation,original_split,trap_id,location\n"
    rows = "1,Ada,images/a.jpg,2020-05-31 10:00:00,left,train,T7,north\n2,unknown,images/b.jpg,,,test,,south\n"
    table(tmp_path, header + rows, "metadata.csv")
    found = said(tmp_path, {"dataset": "Dataset_Metadata"})
    assert column(found, "individual") == ["Ada", None]
    assert column(found, "timestamp") == ["2020-05-31T10:00:00", None]
    assert column(found, "station") == ["T7", "south"]
    assert column(found, "split") == ["train", "test"] and column(found, "viewpoint") == ["left", None]


def test_a_public_data_set_with_boxes_in_pixels(tmp_path):
    root = tmp_path / "hyena.coco"
    photo(root / "images" / "train2022" / "1.jpg")
    outline = [4, 3, 24, 3, 24, 33, 4, 33]  # reaches 3 pixels below the image, as published boxes do
    annotation = {"name": "Ada", "segmentation": [outline], "image_id": 1, "category_id": 1, "viewpoint": "left"}
    image = {"id": 1, "file_name": "1.jpg", "date_captured": "2020-05-31 10:00:00"}
    category = {"id": 1, "name": "hyena", "supercategory": "animal"}
    content = {"annotations": [annotation], "images": [image], "categories": [category]}
    table(root, json.dumps(content), "annotations/instances_train2022.json")
    found = said(tmp_path, {"dataset": "HyenaID2022"})
    assert np.allclose(found[["x", "y", "w", "h"]], [[0.1, 0.1, 0.5, 0.9]]) and column(found, "viewpoint") == ["left"]


def test_an_unknown_or_unfit_data_set_is_refused(tmp_path):
    with pytest.raises(BatchError, match="no class 'CzechLinx'; the nearest is CzechLynx"):
        said(tmp_path, {"dataset": "CzechLinx"})
    with pytest.raises(BatchError, match="CzechLynxv2 of wildlife-datasets cannot read"):
        said(tmp_path, {"dataset": "CzechLynxv2"})
    table(tmp_path, "image_id,identity,path\n1,Ada,images/a.jpg\n", "metadata.csv")
    photo(tmp_path / "other.jpg")
    with pytest.raises(BatchError, match="there is no media file images"):
        said(tmp_path, {"dataset": "Dataset_Metadata"})


def test_a_data_set_with_thumbnails_gaps_and_pictures_that_are_gone(tmp_path, caplog):
    photo(tmp_path / "images" / "a.jpg")
    photo(tmp_path / "@eaDir" / "a.jpg")
    rows = "1,Zoe\u0308,.\\images\\a.jpg,NA\n2,Bo,@eaDir/a.jpg,S1\n3,NA,images/gone.jpg,S1\n"
    table(tmp_path, "image_id,identity,path,station\n" + rows, "metadata.csv")
    found = said(tmp_path, {"dataset": "Dataset_Metadata"})
    assert found[["path", "individual", "station"]].to_numpy().tolist() == [["images/a.jpg", "Zo\u00eb", None]]
    assert "1 of 2 rows name no media file" in caplog.text
