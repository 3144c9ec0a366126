"""What sidecars say, in each dialect; and how a wrong one is refused."""

import os
from collections import Counter

import numpy as np
import pytest
from formats.media import photo, video
from formats.packages import column, table

from pugmark.formats import boxes, sidecars
from pugmark.formats.folder import BatchError


def said(batch, labels="sidecar", file=None):
    return sidecars.read(batch, {"labels": labels}, file)


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
        ("path,individual,frame\nv.mp4,Ada,1.5\n", "frame '1.5' is not a frame number from 0"),
        ("path,individual,frame\nv.mp4,Ada,inf\n", "frame 'inf' is not a frame number from 0"),
        ("path,individual,x,y,w,h\na.jpg,Ada,0,0,1 1,1\n", "w '1 1' is not a number"),
        ("path,individual\na.jpg,Ada, the old\n", "line 2: more cells than columns"),
        ("path,individual,individual\na.jpg,Ada,Bo\n", "line 1: the column individual is there twice"),
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


def test_a_missing_value_says_nothing_in_any_column(tmp_path):
    photo(tmp_path / "a.jpg")
    columns = "individual,station,sequence,timestamp,viewpoint,split,frame,x,y,w,h"
    table(tmp_path, f"path,{columns}\na.jpg,{','.join(['NA'] * 11)}\n")
    assert said(tmp_path).drop(columns=["path", "source", "where"]).isna().all(axis=None)


def test_what_spreadsheets_and_data_frames_leave_in_a_table(tmp_path):
    photo(tmp_path / "a.jpg")
    video(tmp_path / "v.mp4", frames=3)
    rows = "v.mp4;2.0;Ada;0,25;0,5;0,125;0,25\n;;;;;;\na.jpg;NaN;Bo;NaN;NaN;NaN;NaN\n\n;;;;;;\n"
    table(tmp_path, "sep=;\npath;frame;individual;x;y;w;h\n" + rows)
    found = said(tmp_path)
    assert column(found, "individual") == ["Ada", "Bo"] and column(found, "frame_number") == [2.0, None]
    assert box(found)[0].tolist() == [0.25, 0.5, 0.125, 0.25] and found["where"][0] == "labels.csv, line 3"


def test_names_and_folders_are_composed_alike(tmp_path):
    photo(tmp_path / "Zoe\u0308" / "a.jpg")
    table(tmp_path, "path,individual,station\nZo\u00eb/a.jpg,Zoe\u0308,e\u0301\n")
    assert said(tmp_path)[["path", "individual", "station"]].to_numpy().tolist() == [
        ["Zoe\u0308/a.jpg", "Zo\u00eb", "\u00e9"]
    ]
    assert column(said(tmp_path, "folders"), "individual") == ["Zo\u00eb"]


def test_the_word_test_is_query_and_gallery_at_once(tmp_path):
    photo(tmp_path / "test" / "Ada" / "a.jpg")
    table(tmp_path, "path,individual,split\ntest/Ada/a.jpg,Ada,test\n")
    for labels in ("sidecar", "folders"):
        assert said(tmp_path, labels)[["individual", "split"]].to_numpy().tolist() == [["Ada", "test"]]


def test_rows_of_pictures_that_are_gone_are_counted(tmp_path, caplog):
    photo(tmp_path / "S 1" / "a.jpg")
    table(tmp_path, "path,individual\na.jpg,Ada\nab.jpg,Bo\nc.jpg,Cy\n", "S 1/labels.csv")
    counts = Counter()
    found = sidecars.read(tmp_path, {}, counts=counts)
    assert column(found, "individual") == ["Ada"] and counts == {"rows of tables that name no media file": 2}
    hint = "labels.csv, line 3: there is no media file S 1/ab.jpg (the nearest is S 1/a.jpg)"
    hint += "; labels.csv, line 4: there is no media file S 1/c.jpg"
    assert f"2 of 3 rows name no media file. {hint}" in caplog.text


def test_of_many_pictures_that_are_gone_five_are_told_with_their_lines(tmp_path, caplog):
    photo(tmp_path / "a.jpg")
    table(tmp_path, "path,individual\na.jpg,Ada\n" + "".join(f"{number}.png,Bo\n" for number in range(7)))
    sidecars.read(tmp_path, {})
    for number in range(5):
        assert f"labels.csv, line {number + 3}: there is no media file {number}.png" in caplog.text
    assert "line 8" not in caplog.text and caplog.text.rstrip().endswith("; and 2 more")


def test_a_table_outlives_the_last_of_its_pictures(tmp_path):
    table(tmp_path, "path,individual\na.jpg,Ada\n")
    counts = Counter()
    assert sidecars.read(tmp_path, {}, counts=counts).empty and counts.total() == 1


@pytest.mark.parametrize("content", ["", "\n", ";;\n", "path,individual\n"])
def test_a_table_without_rows_is_as_good_as_none(tmp_path, content):
    photo(tmp_path / "a.jpg")
    table(tmp_path, content)
    assert said(tmp_path).empty


@pytest.mark.parametrize("name", ["labels.csv", "boxes.csv", "datapackage.json", "x.csv", "metadata.csv"])
def test_a_pipe_is_never_opened(tmp_path, name):
    photo(tmp_path / "a.jpg")
    os.mkfifo(tmp_path / name)
    for labels in ("sidecar", {"dataset": "Dataset_Metadata"}):
        if labels == "sidecar" and name in ("x.csv", "metadata.csv"):
            assert said(tmp_path).empty
        else:
            with pytest.raises(BatchError, match=f"{name} is no file but"):
                said(tmp_path, labels)
    with pytest.raises(BatchError, match="is no file but"):
        said(tmp_path, "none", tmp_path / name)


def test_one_stray_quote_swallows_no_row(tmp_path):
    for name in "abc":
        photo(tmp_path / f"{name}.jpg")
    table(tmp_path, 'path,individual\na.jpg,"Ada\nb.jpg,Bob\nc.jpg,Cy\n')
    with pytest.raises(BatchError, match=r"labels\.csv is no table: line 2: a quotation mark is not closed"):
        said(tmp_path)
    table(tmp_path, 'path,individual\na.jpg,"Ada\nb.jpg,Bob"\nc.jpg,Cy\n')
    with pytest.raises(BatchError, match="line 2: a cell goes on in the next line"):
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
    table(tmp_path, "Ada,0,0,10,10,scene00001.jpg,20,40\n\nAda,0,0,10,10,scene00000.jpg,20,40\n", "any.csv")
    with pytest.raises(BatchError, match=r"line 3: .*scene00000"):
        said(tmp_path)
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


def test_overlap_by_hand():
    assert boxes.iou([[0, 0, 2, 2]], [[1, 1, 2, 2], [0, 0, 2, 2], [5, 5, 1, 1]]).tolist() == [[1 / 7, 1, 0]]
    assert boxes.iou(np.zeros((0, 4)), [[0, 0, 1, 1]]).shape == (0, 1)
