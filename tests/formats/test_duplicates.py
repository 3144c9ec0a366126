"""Files of equal content."""

import pandas as pd
from formats.media import photo

from pugmark.formats import duplicates, folder


def test_the_first_path_is_the_original_of_every_other(tmp_path):
    for name, seed in (("b/x.jpg", 1), ("a/x.jpg", 1), ("c.jpg", 1), ("d.jpg", 2)):
        photo(tmp_path / name, seed=seed)
    (tmp_path / "e.mp4").write_bytes((tmp_path / "c.jpg").read_bytes())
    assert duplicates.originals(tmp_path, folder.listing(tmp_path)[0]) == {"b/x.jpg": "a/x.jpg", "c.jpg": "a/x.jpg"}


def test_what_is_said_of_a_duplicate_is_said_of_its_original_once():
    said = pd.DataFrame({"path": ["a", "b", "b"], "individual": ["Ada", "Ada", "Bo"], "where": ["1", "2", "3"]})
    assert duplicates.moved(said, {"b": "a"})[["path", "individual"]].to_numpy().tolist() == [["a", "Ada"], ["a", "Bo"]]


def test_the_row_of_a_duplicate_leads_back_to_its_original():
    good = {"path": "a", "station": "S1", "status": "ok", "media_id": "m"}
    rows = [good, duplicates.row("b", good, "S2"), duplicates.row("c", good | {"status": "unreadable: empty"}, None)]
    media = pd.DataFrame(rows)
    assert media["station"].tolist()[:2] == ["S1", "S2"] and media["status"][2] == "unreadable: empty"
    assert duplicates.in_table(media) == {"b": "a"}
