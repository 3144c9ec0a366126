"""ByteTrack with a better Kalman filter: BoT-SORT on boxes alone, without camera motion and appearance.

The Kalman filter tracks width and height separately, and the first stage demands more overlap. Two parts of the paper
are left out. Compensation of camera motion needs whole frames, but only crops are kept; it changes nothing for a fixed
camera. Appearance is not supported by the package `trackers`. The tracker learns nothing and sees no pixels.
"""

from trackers.utils.state_representations import XCYCWHStateEstimator

from pugmark.learning import tracks

TITLE = "BoT-SORT (boxes alone)"
SOURCE = "Aharon et al., BoT-SORT: Robust associations multi-pedestrian tracking (2022)"
FAMILY = "tracker"
LABELS = "none"
GROUPING = "tracks"
PARAMS = tracks.PARAMS | {
    "match": 0.2,  # [code] minimum IoU times confidence in the first stage: a cost of 0.8
}
ALLOWED = tracks.ALLOWED
PUBLISHED = [
    {"data": "8-Calves", "metric": "IDF1", "value": 0.15, "setting": "ByteTrack or BoT-SORT, about; Fang et al."},
]


def fit(crops, params, run):
    """Nothing to learn."""
    return {}


def embed(crops, params, state):
    """float32 N x size, the same vector for all boxes of a track."""
    return tracks.vectors(crops.meta, tracks.two_stage(params, XCYCWHStateEstimator), params["size"])
