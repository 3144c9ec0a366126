"""Vectors of one's own: whatever made them, they are clustered, evaluated and reported like those of any method.

The file names each crop by `crop_id` or by `path` (`formats.vectors` says how). Its content is part of what the run
rests on, so a changed file embeds again. Every crop needs a vector; rows about other crops are passed over.
"""

import pandas as pd
import torch

from pugmark.formats import vectors
from pugmark.learning.norm import unit

TITLE = "Vectors from a file"
SOURCE = "The user's own"
FAMILY = "file"
LABELS = "none"
SEES_PATHS = True
PARAMS = {
    "file": "vectors.parquet",  # [ours: any name will do] Parquet or CSV, with a row per crop
}
ALLOWED = {"file": "word"}
PUBLISHED = []


def fit(crops, params, run):
    """The vectors of the file."""
    columns, names, found = vectors.read(params["file"])
    return {"columns": columns, "crops": names, "vectors": torch.tensor(found)}


def embed(crops, params, state):
    """float32 N x D, the file's vectors at unit norm. Raises VectorsError."""
    named = crops.meta.rename(columns={"frame_number": "frame"})
    wanted = vectors.names(named, state["columns"])
    if wanted.duplicated().any():
        raise vectors.VectorsError(
            f"{params['file']} has one vector for several animals, such as those of "
            f"{vectors.first(named[state['columns']], wanted.duplicated())}: add the box x, y, w, h, and `frame` for a "
            "video, or name the crops by `crop_id`."
        )
    rows = pd.Index(state["crops"]).get_indexer(wanted)
    if (rows < 0).any():
        raise vectors.VectorsError(
            f"{params['file']} has no vector for {(rows < 0).sum()} of the {len(rows)} crops of this batch, such as "
            f"that of {vectors.first(named[state['columns']], rows < 0)}: add a row for each, under the same name."
        )
    return unit(state["vectors"].numpy()[rows])
