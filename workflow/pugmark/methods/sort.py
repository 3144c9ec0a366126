"""A tracker: it follows each box by its position alone, and forgets an animal that two frames in a row do not show.

A Kalman filter on the centre, area and aspect ratio of each track says where its box is next; the Hungarian assignment
on the IoU says which box that is. Nothing is learned and no pixel is seen. A vector stands for the track that the box
belongs to; boxes of no confirmed track are nobody's. Each video is tracked by itself, from sampled frame to sampled
frame. `trackers`' implementation with the values of the authors' code.
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
    "match": 0.3,  # [code] least IoU of a box with where its track is expected
    "new": 0.0,  # [code] least confidence of a box that starts a track
    "confirm": 3,  # [code] boxes until a track counts; those before are nobody's
    "memory": 1,  # [code] sampled frames that a track outlives without a box
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
