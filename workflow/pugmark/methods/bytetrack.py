"""A tracker that also uses boxes of low confidence, and remembers a lost animal for a while.

Confident boxes are assigned to tracks first, by the IoU with the expected box times the confidence; tracks that were
seen in the frame before and found none may then take an unsure box, by the IoU alone; what is left of the confident
ones is offered to tracks that had one box so far, and else starts a track. Boxes of at most 0.1 take no part. Where all
confidences are 1, as those of labelled boxes are, the second stage has nothing to do. Nothing is learned and no pixel
is seen. The values are those of the authors' code; `learning.tracks` says which part of `trackers` this is.
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
    # Centre, area and aspect ratio: with the latter constant the same as the paper's aspect ratio and height.
    return tracks.vectors(crops.meta, tracks.two_stage(params, XCYCSRStateEstimator), params["size"])
