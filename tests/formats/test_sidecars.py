"""What sidecars say, in each dialect; and how a wrong one is refused."""

import json

import numpy as np
import pytest
from formats.media import photo, video

from pugmark.formats import boxes, sidecars
from pugmark.formats.folder import BatchError


def table(batch, text, name="labels.csv"):
    (batch / name).parent.mkdir(parents=True, exist_ok=True)
    (batch / name).write_text(text, encoding="utf-8")


def said(batch, labels="sidecar", file=None):
    return sidecars.read(batch, {"labels": labels}, file)


def column(found, name):
    return [None if value is None or value != value else value for value in found[name]]


def box(found):
    return found[["x", "y", "w", "h"]].to_numpy()


def test_labels_csv_gives_every_column(tmp_path):
    photo(tmp_path / "a.jpg")
    header = "path,individual,station,sequence,timestamp,viewpoint,split,x,y,w,h,remark\n"
    table(tmp_path, header + "a.jpg,Ada,S 1,E2,2024-05-31T18:30:00+02:00,left,query,0.1,0.2,0.3,0.4,shy\n")
    found = said(tmp_path)
    values = [
        found[name][0] for name in ("path", "individual", "station", "sequence", "timestamp", "viewpoint", "split")
    ]
    assert values == ["a.jpg", "Ada", "S 1", "E2", "2024-05-31T18:30:00+02:00", "left", "query"]
    assert box(found).tolist() == [[0.1, 0.2, 0.3, 0.4]]
    assert found["where"][0] == "labels.csv, line 2"


def test_boxes_in_pixels_are_of_the_upright_image(tmp_path):
    photo(tmp_path / "a.jpg", orientation=6)  # stored 40 x 30, upright 30 x 40
    table(tmp_path, "path,individual,x,y,w,h\na.jpg,Ada,3,4,15,20\n")
    assert np.allclose(box(said(tmp_path)), [[0.1, 0.1, 0.5, 0.5]])


def test_none_forgets_names_and_keeps_the_rest(tmp_path):
    photo(tmp_path / "a.jpg")
    table(tmp_path, "path,individual,viewpoint,split,station,x,y,w,h\na.jpg,Ada,left,val,S1,0,0,1,1\n")
    found = said(tmp_path, "none")
    assert [column(found, name) for name in ("individual", "viewpoint", "split", "station")] == [
        [None],
        [None],
        [None],
        ["S1"],
    ]
    assert box(found).tolist() == [[0, 0, 1, 1]]


def test_a_file_kept_apart_stands_in_for_the_sidecars(tmp_path):
    photo(tmp_path / "batch" / "sub" / "a.jpg")
    table(tmp_path / "batch", "path,individual\nsub/a.jpg,Ada\n")
    table(tmp_path, "path,individual\nsub/a.jpg,Bo\n", "truth.csv")
    assert column(said(tmp_path / "batch", "none", tmp_path / "truth.csv"), "individual") == ["Bo"]


def test_names_pass_unharmed_and_sidecars_name_media_from_their_own_folder(tmp_path):
    names = ['a "b".jpg', "é è.jpg", "a..b.jpg", "<b>&amp;.jpg", "semi;colon, comma.jpg"]
    rows = ["path,individual"]
    for name in names:
        photo(tmp_path / "süd" / name)
        rows.append('"' + name.replace('"', '""') + '",<i>Zoë "2"</i>')
    table(tmp_path, "\n".join(rows), "süd/labels.csv")
    found = said(tmp_path)
    assert sorted(found["path"]) == sorted(f"süd/{name}" for name in names)
    assert set(found["individual"]) == {'<i>Zoë "2"</i>'}


def test_windows_and_other_spellings_of_a_path(tmp_path):
    photo(tmp_path / "s" / "é.jpg")
    table(tmp_path, "\ufeffpath;individual\r\n.\\s\\e\u0301.jpg;Ada\r\n")
    assert column(said(tmp_path), "path") == ["s/é.jpg"]


def test_empty_and_unknown_are_unnamed(tmp_path):
    for name in "abc":
        photo(tmp_path / f"{name}.jpg")
    table(tmp_path, "path,individual\na.jpg,\nb.jpg,Unknown\nc.jpg,Nan\n")
    assert column(said(tmp_path), "individual") == [None, None, "Nan"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file,individual\na.jpg,Ada\n", "no column path"),
        ("path,individual\n../a.jpg,Ada\n", "there is no media file ../a.jpg"),
        ("path,individual\n/etc/passwd,Ada\n", "there is no media file /etc/passwd"),
        ("path,individual,split\na.jpg,Ada,tset\n", "'tset' is none of train, val, query, gallery, test"),
        ("path,individual,timestamp\na.jpg,Ada,31.5.2024\n", "'31.5.2024' is not ISO 8601"),
        ("path,individual,x,y,w,h\na.jpg,Ada,0.5,0,0.6,1\n", "line 2: the box is empty or leaves the image"),
        ("path,individual,x,y,w,h\na.jpg,Ada,0,0,41,30\n", "line 2: the box is empty or leaves the image"),
        ("path,individual,x,y,w,h\na.jpg,Ada,0,0,0,1\n", "line 2: the box is empty or leaves the image"),
        ("path,individual,x,y,w,h\na.jpg,Ada,0,0,,1\n", "a box needs numbers for all of x, y, w, h"),
        ("path,individual,x,y,w,h\na.jpg,Ada,0,0,inf,1\n", "w 'inf' is not a number"),
        ("path,individual,frame\na.jpg,Ada,0\n", "only a video has frames"),
        ("path,individual,frame\nv.mp4,Ada,-1\n", "frame '-1' is not a frame number from 0"),
        ("path,individual,x,y,w,h\nv.mp4,Ada,0,0,1,1\n", "a box on a video needs the number of its frame"),
        ("path,individual\n,Ada\n", "line 2: no path"),
    ],
)
def test_mistakes_are_refused_with_their_line(tmp_path, text, message):
    photo(tmp_path / "a.jpg")
    video(tmp_path / "v.mp4", frames=2)
    table(tmp_path, text)
    with pytest.raises(BatchError) as error:
        said(tmp_path)
    assert str(error.value).startswith("labels.csv must be corrected") and message in str(error.value)


def test_all_mistakes_are_counted_and_five_are_shown(tmp_path):
    photo(tmp_path / "a.jpg")
    table(tmp_path, "path,individual\n" + "".join(f"x{i}.jpg,Ada\n" for i in range(8)))
    with pytest.raises(BatchError) as error:
        said(tmp_path)
    assert str(error.value).count("there is no media file") == 5 and "and 3 more" in str(error.value)


def test_a_table_that_is_not_utf8_is_refused(tmp_path):
    photo(tmp_path / "a.jpg")
    (tmp_path / "labels.csv").write_bytes("path,individual\na.jpg,Zoë\n".encode("latin-1"))
    with pytest.raises(BatchError, match="save it as CSV in UTF-8"):
        said(tmp_path)


def test_folders_name_individuals_and_splits(tmp_path):
    for path in ("Ada/1.jpg", "query/Bo/2.jpg", "gallery/Bo/deep/3.jpg", "4.jpg", "train/5.jpg", "unknown/6.jpg"):
        photo(tmp_path / path)
    found = said(tmp_path, "folders").set_index("path")
    assert found.loc["Ada/1.jpg", ["individual", "split"]].tolist() == ["Ada", None]
    assert found.loc["query/Bo/2.jpg", ["individual", "split"]].tolist() == ["Bo", "query"]
    assert found.loc["gallery/Bo/deep/3.jpg", ["individual", "split"]].tolist() == ["Bo", "gallery"]
    assert found.loc["train/5.jpg", ["individual", "split"]].tolist() == [None, "train"]
    assert column(found.loc[["4.jpg", "unknown/6.jpg"]], "individual") == [None, None]


def test_a_folder_called_na_is_refused(tmp_path):
    photo(tmp_path / "NA" / "1.jpg")
    with pytest.raises(BatchError, match="rename it"):
        said(tmp_path, "folders")


def test_boxes_csv_names_frames_of_a_video(tmp_path):
    video(tmp_path / "v.mp4", frames=3)  # 64 x 48
    table(tmp_path, "path,frame,individual,x,y,w,h\nv.mp4,2,Ada,32,12,16,24\n", "boxes.csv")
    found = said(tmp_path)
    assert column(found, "frame_number") == [2.0]
    assert np.allclose(box(found), [[0.5, 0.25, 0.25, 0.5]])


def test_a_published_table_needs_its_one_video(tmp_path):
    table(tmp_path, "Ada,0,0,10,10,scene00001.jpg,20,40\n", "any.csv")
    with pytest.raises(BatchError, match="exactly that one video"):
        said(tmp_path)
    video(tmp_path / "v.mp4", frames=2)
    assert box(said(tmp_path)).tolist() == [[0, 0, 0.5, 0.25]]
    table(tmp_path, "Ada,0,0,10,10,scene00001.jpg,20,40\nAda,0,0,10,scene00002.jpg,20,40\n", "any.csv")
    with pytest.raises(BatchError, match="line 2"):
        said(tmp_path)


@pytest.mark.shared
def test_the_published_koi_boxes(shared):
    found = said(shared / "data" / "koi_video")
    assert len(found) == 1635 and found["individual"].nunique() == 9
    first = found.iloc[0]
    assert (first["individual"], first["frame_number"]) == ("Florence", 0)  # the file begins with a byte order mark
    assert np.allclose(box(found)[0], [354 / 952, 259 / 540, 276 / 952, 247 / 540])
    assert found["frame_number"].max() == 535


def package(batch, observations, media="m1,d1,2024-05-31T18:30:00+02:00,media/a.jpg,a.jpg\n"):
    resources = [{"name": name, "path": f"{name}.csv"} for name in ("deployments", "media", "observations")]
    table(batch, json.dumps({"resources": [*resources, {"name": "individuals", "data": []}]}), "datapackage.json")
    table(batch, "deploymentID,locationID,locationName\nd1,L1,Old bridge\nd2,L2,\n", "deployments.csv")
    table(batch, "mediaID,deploymentID,timestamp,filePath,fileName\n" + media, "media.csv")
    header = "observationID,mediaID,observationType,individualID,bboxX,bboxY,bboxWidth,bboxHeight\n"
    table(batch, header + observations, "observations.csv")


def test_a_package_gives_places_times_boxes_and_names(tmp_path):
    photo(tmp_path / "media" / "a.jpg")
    package(
        tmp_path, "o1,m1,animal,Ada,0.5,0.5,0.6,0.5\no2,m1,animal,NA,,,,\no3,m1,human,Bo,0,0,1,1\no4,,animal,Cy,,,,\n"
    )
    found = said(tmp_path)
    assert column(found, "individual") == ["Ada", None]  # NA is a missing value there; people and events are left out
    assert set(found["station"]) == {"Old bridge"} and set(found["source"]) == {"package"}
    assert set(found["timestamp"]) == {"2024-05-31T18:30:00+02:00"}
    assert box(found)[0].tolist() == [0.5, 0.5, 0.5, 0.5]  # the standard lets a box leave the image


def test_media_elsewhere_are_matched_by_name_and_never_fetched(tmp_path):
    photo(tmp_path / "x" / "a.jpg")
    url = "https://example.org/1/file"
    package(tmp_path, "", f"m1,d2,2024-05-31T18:30:00Z,{url},a.jpg\nm2,d2,2024-05-31T18:30:00Z,{url},b.jpg\n")
    assert said(tmp_path)[["path", "station"]].to_numpy().tolist() == [["x/a.jpg", "L2"]]
    photo(tmp_path / "y" / "a.jpg")
    assert said(tmp_path).empty  # two files of that name: either could be meant


def test_labels_csv_has_the_last_word_over_a_package(tmp_path):
    photo(tmp_path / "media" / "a.jpg")
    package(tmp_path, "o1,m1,animal,Ada,0,0,1,1\n")
    table(tmp_path, "path,individual\nmedia/a.jpg,Bo\n")
    found = said(tmp_path)
    assert column(found, "individual") == ["Bo", None] and column(found, "station") == [None, "Old bridge"]


@pytest.mark.parametrize("path", ["/etc/passwd", "../secret.csv", "https://example.org/media.csv", None, "absent.csv"])
def test_a_package_reads_nothing_outside_its_folder(tmp_path, path):
    photo(tmp_path / "media" / "a.jpg")
    package(tmp_path, "")
    names = ("deployments", "observations", "media")
    table(tmp_path, json.dumps({"resources": [{"name": name, "path": path} for name in names]}), "datapackage.json")
    with pytest.raises(BatchError, match=r"put the table of deployments|absent\.csv cannot be read .*: check that"):
        said(tmp_path)


@pytest.mark.parametrize("text", ["", "[1]", '{"resources": 3}', "not json"])
def test_a_broken_descriptor_is_refused(tmp_path, text):
    table(tmp_path, text, "datapackage.json")
    with pytest.raises(BatchError, match="no Camtrap DP descriptor"):
        said(tmp_path)


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
    assert np.allclose(box(found), [[0.1, 0.1, 0.5, 0.9]]) and column(found, "viewpoint") == ["left"]


def test_an_unknown_or_unfit_data_set_is_refused(tmp_path):
    with pytest.raises(BatchError, match="no class 'CzechLinx'; the nearest is CzechLynx"):
        said(tmp_path, {"dataset": "CzechLinx"})
    with pytest.raises(BatchError, match="CzechLynxv2 of wildlife-datasets cannot read"):
        said(tmp_path, {"dataset": "CzechLynxv2"})
    table(tmp_path, "image_id,identity,path\n1,Ada,images/a.jpg\n", "metadata.csv")
    photo(tmp_path / "other.jpg")
    with pytest.raises(BatchError, match="there is no media file images"):
        said(tmp_path, {"dataset": "Dataset_Metadata"})


def test_overlap_by_hand():
    assert boxes.iou([[0, 0, 2, 2]], [[1, 1, 2, 2], [0, 0, 2, 2], [5, 5, 1, 1]]).tolist() == [[1 / 7, 1, 0]]
    assert boxes.iou(np.zeros((0, 4)), [[0, 0, 1, 1]]).shape == (0, 1)
