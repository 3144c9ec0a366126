"""Tables for tests: a small Camtrap DP package (six media of two deployments), and what is read of a batch."""

import json
from collections import Counter

from formats.media import photo

from pugmark.formats import sidecars

DEPLOYMENTS = "deploymentID,locationName,timestampIssues\nd1,Brücke,false\nd2,Hill,true\n"
MEDIA = "mediaID,deploymentID,timestamp,filePath,fileName\n" + "".join(
    f"m{i},{'d1' if i < 4 else 'd2'},2024-05-31T10:0{i}:00Z,media/{i}.jpg,{i}.jpg\n" for i in range(6)
)
OBSERVATIONS = "observationID,mediaID,observationType,individualID,observationComments\no1,m1,animal,Ada,shy\n"


def package(batch, resources=None, **tables):
    """Six media, four of deployment d1 and two of d2, of which `tables` and `resources` replace parts."""
    for i in range(6):
        photo(batch / "media" / f"{i}.jpg")
    content = {"deployments": DEPLOYMENTS, "media": MEDIA, "observations": OBSERVATIONS} | tables
    stated = {name: {"name": name, "path": f"{name}.csv"} for name in content} | (resources or {})
    for name, text in content.items():
        (batch / f"{name}.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    (batch / "datapackage.json").write_text(json.dumps({"resources": list(stated.values())}))


def read(batch):
    """({path: station}, {path: individuals}, the counts that are not 0)."""
    counts = Counter()
    found = sidecars.read(batch, {}, counts=counts)
    named = found[found["individual"].notna()].groupby("path")["individual"].apply(list).to_dict()
    return dict(zip(found["path"], found["station"], strict=True)), named, {what: n for what, n in counts.items() if n}


def table(batch, text, name="labels.csv"):
    """Write a sidecar into `batch`."""
    (batch / name).parent.mkdir(parents=True, exist_ok=True)
    (batch / name).write_text(text, encoding="utf-8")


def column(found, name):
    """A column of what was read as a list, with None where nothing is said."""
    return [None if value is None or value != value else value for value in found[name]]
