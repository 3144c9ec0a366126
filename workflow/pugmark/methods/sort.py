"""A tracker that follows boxes by position alone. It forgets an animal that is missing from two frames in a row.

A Kalman filter on centre, area and aspect ratio predicts the next box of each track. The Hungarian assignment on the
IoU matches boxes to these predictions. The tracker learns nothing and sees no pixels. A vector stands for the track of
its box; a box without a confirmed track belongs to nobody. Each video is tracked separately, over its sampled frames.
The implementation is that of `trackers`, with the values of the authors' code.
"""

import functools

from trackers import SORTTracker
from trackers.utils.state_representations import XCYCSRStateEstimator

from pugmark.learning import tracks

TITLE = "SORT"
SOURCE = "Bewley et al., Simple online and realtime tracking (ICIP 2016)"
FAMILY = "tracker"
LABELS = "none"
GROUPING = "tracks"
PARAMS = {
    "match": 0.3,  # [code] minimum IoU of a box with the predicted box of its track
    "new": 0.0,  # [code] minimum confidence of a box that starts a track
    "confirm": 3,  # [code] boxes until a track is confirmed; earlier ones belong to nobody
    "memory": 1,  # [code] sampled frames that a track survives without a box
    "size": 128,  # [ours: a track needs a direction of its own] length of the vectors
}
ALLOWED = {
    "match": ">= 0, <= 1",
    "new": ">= 0, <= 1",
    "confirm": ">= 1",
    "memory": ">= 0",
    "size": ">= 2",
}
PUBLISHED = [
    {"data": "3D-POP", "metric": "IDF1", "value": 0.96, "setting": "3D-MuPPET: matched across views, then SORT"},
]


def fit(crops, params, run):
    """Nothing to learn."""
    return {}


def embed(crops, params, state):
    """float32 N x size, the same vector for all boxes of a track."""
    tracker = functools.partial(
        SORTTracker,
        lost_track_buffer=params["memory"],
        frame_rate=tracks.FRAME_RATE,
        track_activation_threshold=params["new"],
        minimum_consecutive_frames=params["confirm"],
        minimum_iou_threshold=params["match"],
        state_estimator_class=XCYCSRStateEstimator,
    )
    return tracks.vectors(crops.meta, tracker, params["size"])
