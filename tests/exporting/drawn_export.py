"""A small survey by hand, with names that formats choke on."""

import pandas as pd

from pugmark.exporting import occasions, opinions
from pugmark.exporting.sightings import Export, of_animals
from pugmark.identity.ledger import Line
from pugmark.identity.strategy import Strategy

COLUMNS = ["encounter", "individual", "decision", "flank", "station", "timestamp"]
# Ana is known from both flanks at once, NA from the left, O'Neil #2 from the right; two encounters have no name.
ROWS = [
    ("e1", "Ana", "new", "left", "A_1", "2024-05-01 23:30:00"),
    ("e2", "Ana", "new", "right", "A_1", "2024-05-01 23:30:00"),
    ("e3", "Ana", "known", "left", "A_1", "2024-05-03 01:30:00"),
    ("e4", "NA", "new", "left", "B 2", "2024-05-02 13:00:00"),
    ("e5", "O'Neil #2", "new", "right", "B 2", "2024-05-02 11:00:00"),
    ("e6", "O'Neil #2", "known", "right", "B 2", "2024-05-02 11:20:00"),
    ("e7", "A-1", "review", "left", "B 2", "2024-05-02 13:30:00"),
    ("e8", None, "unidentifiable", None, "A_1", "2024-05-01 12:00:00"),
    ("e9", "Ana", "known", None, None, "2024-05-02 00:00:00"),
    ("e10", "Ana", "known", None, "A_1", None),
]
STATIONS = pd.DataFrame(
    {
        "station": ["A_1", "B 2"],
        "x": [500.0, 1500.5],
        "y": [0.0, -20.0],
        "longitude": [35.123456, 35.2],
        "latitude": [-1.55555, -1.5],
        "start": pd.to_datetime(["2024-05-01", "2024-05-02 12:00"], format="ISO8601"),
        "end": pd.to_datetime(["2024-05-04", "2024-05-04"]),
        "problems": [[(pd.Timestamp("2024-05-02"), pd.Timestamp("2024-05-02 06:00"))], []],
    }
)
INDIVIDUALS = [("Ana", "both", "track"), ("NA", "left_only", None)]
INDIVIDUALS += [("O'Neil #2", "right_only", None), ("A-1", "left_only", None)]


def crops(rows=ROWS):
    table = pd.DataFrame(rows, columns=COLUMNS)
    table["timestamp"] = pd.to_datetime(table["timestamp"])
    table["track"] = table["encounter"].replace("e2", "e1")
    table = table.assign(crop_id=table["encounter"] + "-d00", media_id="m" + table["encounter"], by="workflow")
    table = table.assign(sequence="s" + table["track"], path="x/" + table["encounter"] + ".jpg", batch="b1")
    table = table.assign(kind="image", frame_number=None, width=200, height=100, utc_offset="+02:00", confidence=0.9)
    table = table.assign(x=0.25, y=0.5, w=0.5, h=0.25)
    table["probability"] = table["decision"].map({"review": 0.4, "unidentifiable": 1.0}).fillna(0.97)
    return table.assign(certain=table["decision"].isin(["known", "new"]))


def line(who, one, other, answer, time="2024-06-01T00:00:00Z"):
    return Line(time, who, f"{one}-d00", f"{other}-d00", "", "", answer, "", "", "", "")


def export(rows=ROWS, stations=STATIONS, days=1, starts="00:00", said=(), more=()):
    """The Export of `rows`. more: pairs of the pairs table beside those of ROWS."""
    table = crops(rows)
    individuals = pd.DataFrame(INDIVIDUALS, columns=["individual", "status", "linked_by"])
    pairs = pd.DataFrame(
        [("e3", "e1", 0.9, 1), ("e6", "e5", 0.8, 1), ("e5", "e2", 0.3, 1), ("e7", "e4", 0.5, 1), *more]
    )
    pairs.columns = ["encounter", "candidate", "score", "rank"]
    pairs = opinions.table(pairs, Strategy(0.7, 0.4, 1), lambda scores: scores / 2, said, table)
    table, pairs, told = of_animals(table, pairs)
    over = occasions.over(table["timestamp"], stations, days, starts)
    return Export("Mara 2024", table, individuals, pairs, stations, over, told)
