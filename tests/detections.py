"""Media tables for tests of detectors."""

import pandas as pd

from pugmark import tables

COLUMNS = list(tables.definitions()["media"]["columns"])


def media(*paths, **facts):
    """A media table of images m0, m1 ... at `paths`, with the columns `facts`."""
    rows = [{"media_id": f"m{n}", "path": path, "kind": "image", "status": "ok"} for n, path in enumerate(paths)]
    made = pd.DataFrame(rows, columns=COLUMNS).astype(object).assign(time_source="none", sequence="s", **facts)
    return made.where(made.notna(), None)


def keep(folder, rows):
    """Write the media table `rows` into `folder`."""
    tables.write(folder / "media.parquet", "media", rows.to_dict("records"), stage="ingest")
