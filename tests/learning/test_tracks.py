"""Trackers as methods: which frames they are fed, what passes between videos, and the gates and memories of each."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from pugmark import methods
from pugmark.clustering import algorithms
from pugmark.learning import tracks, video
from pugmark.metrics import partition

TRACKERS = ["sort", "bytetrack", "botsort"]


def boxes(frames, animal=0, name="v", every=1, **columns):
    """Rows of the crops' meta: an animal that moves right by a twentieth of its side a step, in 400 x 200 pixels."""
    frames = np.asarray(frames)
    rows = {"media_id": [f"{name}-f{frame * every}" for frame in frames], "frame_number": frames * float(every)}
    rows |= {"x": 0.05 + 0.005 * frames, "y": 0.1 + 0.4 * animal, "w": 0.1, "h": 0.2, "confidence": 1.0}
    # Padded by 5 % on each side.
    rows |= {"width": 44, "height": 44, "area": 1600, "sequence": "s", "timestamp": pd.NaT, "animal": animal}
    return pd.DataFrame(rows | columns)


def tracked(name, *parts, **settings):
    """Track numbers of the concatenated rows, as clustering reads them from the method's vectors."""

    class Crops:
        meta = pd.concat(parts, ignore_index=True)

    vectors = methods.load(name).embed(Crops, methods.resolve(name, settings), {})
    assert vectors.dtype == np.float32 and np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    return algorithms.repeated(vectors)


def test_the_size_of_the_media_follows_from_the_crops():
    meta = boxes(range(3))
    np.testing.assert_allclose(tracks.corners(meta)[1], [0.055 * 400, 20, 0.155 * 400, 60])
    cut = pd.concat([meta, boxes([3], width=30, touches_border=True)], ignore_index=True)
    np.testing.assert_allclose(tracks.corners(cut)[1], [22, 20, 62, 60])


@pytest.mark.parametrize("every", [1, 25])
@pytest.mark.parametrize("name", TRACKERS)
def test_animals_that_move_steadily_are_followed_from_end_to_end(name, every):
    parts = [boxes(range(20), animal, every=every) for animal in (0, 1)]
    found = tracked(name, *parts, memory=1)
    truth = pd.concat(parts)["animal"].to_numpy()
    assert adjusted_rand_score(truth[found >= 0], found[found >= 0]) == 1
    # SORT confirms at the third box; the others begin with confirmed tracks.
    nobody = 4 if name == "sort" else 0
    assert (found < 0).sum() == nobody
    above, below = partition.id_f1(partition.matched(truth, found), found)
    assert above.sum() / below.sum() == pytest.approx(2 * (40 - nobody) / (80 - nobody))


@pytest.mark.parametrize(
    ("name", "expected"),
    [("sort", [-1, -1, *[0] * 8, -1, -1, 1, 1, 1]), ("botsort", [0] * 10 + [-1, 1, 1, 1, 1])],
)
def test_an_animal_that_comes_later_is_nobody_until_its_track_is_confirmed(name, expected):
    assert tracked(name, boxes(range(10)), boxes(range(5, 10), animal=1)).tolist() == expected


@pytest.mark.parametrize("name", TRACKERS)
def test_the_order_of_the_rows_says_nothing(name):
    parts = [boxes(range(20), animal) for animal in (0, 1)]
    found = tracked(name, *parts)
    order = np.random.default_rng(0).permutation(40)
    again = tracked(name, pd.concat(parts).iloc[order])
    assert ((found[order] < 0) == (again < 0)).all() and adjusted_rand_score(found[order], again) == 1


@pytest.mark.parametrize(("missing", "survives"), [(1, True), (2, False)])
def test_empty_frames_count_against_the_memory(missing, survives):
    before, after = boxes(range(6)), boxes(range(6 + missing, 14))
    found = tracked("sort", before, after, memory=1)
    assert found[:6].tolist() == [-1, -1, 0, 0, 0, 0]
    assert found[6:].tolist() == ([0] * (8 - missing) if survives else [-1, -1, *[1] * (6 - missing)])


@pytest.mark.parametrize("name", ["bytetrack", "botsort"])
@pytest.mark.parametrize(("memory", "kept"), [(30, 1), (5, 2)])
def test_the_memory_is_counted_in_sampled_frames(name, memory, kept):
    found = tracked(name, boxes(range(6), every=10), boxes(range(14, 20), every=10, x=0.08), memory=memory, match=0.01)
    assert found.max() + 1 == kept


@pytest.mark.parametrize("name", TRACKERS)
def test_a_video_begins_anew(name):
    found = tracked(name, boxes(range(8), name="v"), boxes(range(8), name="w"))
    assert set(found[:8]) & set(found[8:]) <= {-1} and found.max() == 1
    np.testing.assert_array_equal(found[:8] < 0, found[8:] < 0)


def test_two_halves_with_swapped_places_are_one_swap():
    """What trackers get wrong: two animals change places out of sight. Half of each is then called the other."""
    early = [boxes(range(10), animal, x=0.3) for animal in (0, 1)]
    late = [boxes(range(12, 22), animal, x=0.3, y=0.1 + 0.4 * (1 - animal)) for animal in (0, 1)]
    found = tracked("bytetrack", *early, *late)
    truth = pd.concat([*early, *late])["animal"].to_numpy()
    above, below = partition.id_f1(partition.matched(truth, found), found)
    assert found.max() == 1 and above.sum() / below.sum() == 0.5


@pytest.mark.parametrize("name", ["bytetrack", "botsort"])
def test_what_the_confidence_decides(name):
    sure, unsure, hidden = boxes(range(4)), boxes(range(4, 6), confidence=0.4), boxes(range(6, 8), confidence=0.05)
    assert tracked(name, sure, unsure, hidden).tolist() == [0] * 6 + [-1] * 2
    # An unsure box neither starts a track nor continues one that was lost.
    assert tracked(name, unsure).tolist() == [-1, -1]
    assert tracked(name, boxes(range(3)), boxes([5], confidence=0.4)).tolist() == [0, 0, 0, -1]
    # Sure enough for the first stage, not for a track of its own.
    assert tracked(name, boxes(range(4), confidence=0.65)).tolist() == [-1] * 4


def test_the_gates_of_the_first_stage():
    """A jump by 0.75 of the side leaves an IoU of 1/7: enough for ByteTrack's 0.1, too little for BoT-SORT's 0.2."""
    rows = boxes(range(4), x=[0.1, 0.1, 0.1, 0.175])
    assert tracked("bytetrack", rows).tolist() == [0, 0, 0, 0]
    assert tracked("botsort", rows).tolist() == [0, 0, 0, -1]
    # Times a confidence of 0.65 it is below 0.1, and with IoU alone it is not.
    assert tracked("bytetrack", rows.assign(confidence=[1, 1, 1, 0.65])).tolist() == [0, 0, 0, -1]


def test_images_of_an_event_follow_one_another_by_time_then_id():
    times = pd.to_datetime(["2024-01-01 10:00:02", "2024-01-01 10:00:01", "2024-01-01 10:00:01", "2024-01-01 10:00:02"])
    meta = boxes(range(4), media_id=["a", "c", "b", "a"], frame_number=None, timestamp=times)
    assert tracks.steps(meta).tolist() == [2, 1, 0, 2]
    untimed = meta.assign(timestamp=pd.NaT)
    assert tracks.steps(untimed).tolist() == [0, 2, 1, 0]


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [([7], [0]), ([0, 25, 50, 150], [0, 1, 2, 6]), ([30, 0, 30, 59, 119], [1, 0, 1, 2, 4]), ([3, 5, 6], [0, 2, 3])],
)
def test_steps_of_sampling(numbers, expected):
    meta = pd.DataFrame({"frame_number": np.array(numbers, float)})
    assert tracks.steps(meta).tolist() == expected


def test_the_video_of_frames_and_of_images():
    meta = pd.DataFrame(
        {"media_id": ["ab-f1-f20", "ab-f1-f3", "cd"], "frame_number": [20, 3, None], "sequence": ["s", "s", "t"]}
    )
    assert video.videos(meta).tolist() == ["ab-f1", "ab-f1", "t"]


def test_a_tracker_on_photographs_alone_says_that_it_tells_little(caplog):
    tracked("sort", boxes(range(3)))
    assert caplog.text == ""
    photographs = boxes(range(3), frame_number=np.nan, timestamp=pd.Timestamp("2024-01-01"))
    tracked("sort", photographs)
    assert "none of the 3 boxes is of a video" in caplog.text


@pytest.mark.parametrize("name", TRACKERS)
@pytest.mark.parametrize("share", [0, 1])
def test_the_ends_of_every_range_can_be_tracked_with(name, share):
    stated = methods.catalogue()[name]["PARAMS"]
    ends = {key: share for key, value in stated.items() if isinstance(value, float)}
    found = tracked(name, boxes(range(6)), boxes(range(6), 1), memory=0, confirm=1, size=2, **ends)
    assert len(found) == 12
