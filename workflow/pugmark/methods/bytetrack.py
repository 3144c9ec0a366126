"""A tracker that also uses boxes of low confidence and remembers a lost animal for a while.

First, confident boxes are assigned to tracks by IoU with the expected box times confidence. Second, tracks that were
seen in the previous frame and got no box may take an unsure box, by IoU alone. The remaining confident boxes are then
offered to tracks with only one box so far; the others start new tracks. Boxes with a confidence of 0.1 or less are
ignored. Labelled boxes all have confidence 1 and leave the second stage nothing to do. The tracker learns nothing and
sees no pixels. The values are those of the authors' code; `learning.tracks` says which part of `trackers` this is.
"""

from trackers.utils.state_representations import XCYCSRStateEstimator

from pugmark.learning import tracks

TITLE = "ByteTrack"
SOURCE = "Zhang et al., ByteTrack: Multi-object tracking by associating every detection box (ECCV 2022)"
FAMILY = "tracker"
LABELS = "none"
GROUPING = "tracks"
PARAMS = tracks.PARAMS
ALLOWED = tracks.ALLOWED
PUBLISHED = [
    {"data": "8-Calves", "metric": "IDF1", "value": 0.15, "setting": "ByteTrack or BoT-SORT, about; Fang et al."},
]


def fit(crops, params, run):
    """Nothing to learn."""
    return {}


def embed(crops, params, state):
    """float32 N x size, the same vector for all boxes of a track."""
    # Centre, area and aspect ratio. With a constant aspect ratio this equals the paper's aspect ratio and height.
    return tracks.vectors(crops.meta, tracks.two_stage(params, XCYCSRStateEstimator), params["size"])
