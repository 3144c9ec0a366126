"""A tracker's tracks as vectors: all boxes of one track hold the same random unit vector, which clustering reads back.

Trackers are those of the package `trackers`. They see boxes alone, frame by frame; each video gets a new one, so that
neither state nor track numbers pass from one to the next.
"""

import functools
import logging

import numpy as np
import pandas as pd
import supervision
import trackers

from pugmark.learning.hashing import directions
from pugmark.learning.video import videos

logger = logging.getLogger(__name__)
PARAMS = {
    "high": 0.6,  # [code] least confidence of a box in the first stage
    "new": 0.7,  # [code] least confidence of a box that starts a track
    "match": 0.1,  # [code] least IoU times confidence in the first stage: a cost of 0.9
    "match_low": 0.5,  # [code] least IoU in the second stage
    "match_new": 0.3,  # [code] least IoU times confidence with a track that is not confirmed: a cost of 0.7
    "confirm": 2,  # [code] boxes until a track counts, but for those of the first frame
    "memory": 30,  # [code] sampled frames that a track outlives without a box; the paper means one second
    "size": 128,  # [ours: a track needs a direction of its own] length of the vectors
}
"""Settings of a tracker in two stages."""
ALLOWED = {
    "high": ">= 0, <= 1",
    "new": ">= 0, <= 1",
    "match": ">= 0, <= 1",
    "match_low": ">= 0, <= 1",
    "match_new": ">= 0, <= 1",
    "confirm": ">= 1",
    "memory": ">= 0",
    "size": ">= 2",
}
FRAME_RATE = 30
"""At which the package counts its buffers in frames as given; any other rate would rescale them, down to none."""
_NONE = np.zeros(0, int)


def two_stage(params, state):
    """ByteTrack's association as the package offers it: its BoT-SORT, without the compensation of camera motion.

    params: high, new, match, match_low, match_new, confirm, memory, as `methods.bytetrack` explains them. state: the
    package's class of the Kalman filter's state. Returns what makes a tracker. Its own class of the name ByteTrack has
    one gate for all stages and leaves the boxes' confidence out of it.
    """
    return functools.partial(
        trackers.BoTSORTTracker,
        lost_track_buffer=params["memory"],
        frame_rate=FRAME_RATE,
        track_activation_threshold=params["new"],
        minimum_consecutive_frames=params["confirm"],
        minimum_iou_threshold_first_assoc=params["match"],
        minimum_iou_threshold_second_assoc=params["match_low"],
        minimum_iou_threshold_unconfirmed_assoc=params["match_new"],
        high_conf_det_threshold=params["high"],
        enable_cmc=False,
        instant_first_frame_activation=True,
        state_estimator_class=state,
    )


def vectors(meta, tracker, size):
    """float32 N x size: the direction of each box's track, the constant vector where it is of none that is confirmed.

    meta: DataFrame of N crops, as of `Crops.meta`. tracker: called without arguments for each video, gives a new
    tracker of the package.
    """
    if meta["frame_number"].isna().all():
        logger.warning(
            "none of the %d boxes is of a video: photographs are taken for successive frames, so that a track says "
            "little about who is who; choose a method that looks at pixels",
            len(meta),
        )
    names = np.full(len(meta), None, object)
    groups = meta.groupby(videos(meta))
    for video, rows in groups.indices.items():
        own = meta.iloc[rows]
        found = follow(corners(own), own["confidence"].to_numpy(), steps(own), tracker())
        names[rows[found >= 0]] = [f"{video} track {number}" for number in found[found >= 0]]
    return directions(names, size)


def follow(boxes, confidences, times, tracker):
    """Track of each box, int array of N, -1 for none that is confirmed.

    boxes: float N x 4, left, top, right, bottom in pixels. confidences: N, from 0 to 1. times: int N, the step at which
    each box is seen. The tracker is fed every step from the first to the last, those without a box too.
    """
    found, seen = np.full(len(boxes), -1), pd.Series(times).groupby(times).indices
    for time in range(times.min(), times.max() + 1):
        rows = seen.get(time, _NONE)
        given = supervision.Detections(boxes[rows], confidence=confidences[rows], data={"row": rows})
        told = tracker.update(given)
        # In an order of its own, and without those that it does not consider.
        if len(told):
            found[told.data["row"]] = told.tracker_id
    return found


def steps(meta):
    """The sampled frame, counted from 0, of each crop of one video (int array of N).

    As the sampling is not told, the least distance between two frames that hold boxes is one step; one that is not a
    multiple is rounded, since the frames of a steady time are not always evenly numbered. Images follow one another by
    time and then id, one step each.
    """
    if meta["frame_number"].isna().any():
        order = meta.sort_values(["timestamp", "media_id"])["media_id"].unique()
        return meta["media_id"].map({name: step for step, name in enumerate(order)}).to_numpy()
    numbers, codes = np.unique(meta["frame_number"].to_numpy(int), return_inverse=True)
    gaps = np.diff(numbers)
    counted = np.maximum(1, np.rint(gaps / gaps.min(initial=numbers[-1]))).astype(int)
    return np.concatenate([[0], np.cumsum(counted)])[codes]


def corners(meta):
    """Left, top, right and bottom of the boxes of one video in its pixels, float64 N x 4.

    The media's size follows from the crops: the boxes' areas in pixels give its area, and the proportions of the crops,
    which are padded alike in both directions, its proportions. The median passes over crops cut off at an edge.
    """
    width, height = meta["w"].to_numpy(float), meta["h"].to_numpy(float)
    area = np.median(meta["area"] / (width * height))
    aspect = np.median(meta["width"] / width / (meta["height"] / height))
    size = np.sqrt([area * aspect, area / aspect])
    left_top = meta[["x", "y"]].to_numpy(float)
    return np.hstack([left_top, left_top + np.stack([width, height], 1)]) * np.tile(size, 2)
