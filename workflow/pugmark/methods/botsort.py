"""ByteTrack with a better filter, as far as boxes alone can tell: BoT-SORT without camera motion and appearance.

The Kalman filter follows width and height by themselves, and the first stage demands more overlap. The paper's two
other parts are not here: the compensation of camera motion needs whole frames, where only crops are kept, and changes
nothing for a camera that stands still; the package `trackers` has no appearance term. Nothing is learned and no pixel
is seen.
"""

from trackers.utils.state_representations import XCYCWHStateEstimator

from pugmark.learning import tracks

TITLE = "BoT-SORT (boxes alone)"
SOURCE = "Aharon et al., BoT-SORT: Robust associations multi-pedestrian tracking (2022)"
FAMILY = "tracker"
LABELS = "none"
GROUPING = "tracks"
PARAMS = tracks.PARAMS | {
    "match": 0.2,  # [code] least IoU times confidence in the first stage: a cost of 0.8
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
