"""Parts along joints: where they land, what is black, and what tables are refused."""

import numpy as np
import pandas as pd
import pytest

from pugmark.learning import joints


def spot(x, y, size=(100, 200)):
    """A black picture with a white spot of 9 pixels at the shares x and y."""
    image = np.zeros((*size, 3), np.uint8)
    down, right = round(y * size[0]), round(x * size[1])
    image[down - 4 : down + 5, right - 4 : right + 5] = 255
    return image


def brightest(picture):
    """The middle (x, y) of what is white."""
    down, right = np.nonzero(picture[..., 0] > 128)
    return right.mean(), down.mean()


def test_the_ends_of_a_limb_land_one_above_the_other():
    seen = {"left_hip": (0.5, 0.3), "left_knee": (0.6, 0.7)}
    for end, place in (("left_hip", (32, 8)), ("left_knee", (32, 56))):
        found = joints.limbs(spot(*seen[end]), seen)
        assert found.shape == (6, 64, 64, 3)
        assert brightest(found[2]) == pytest.approx(place, abs=1.5)
    assert not found[[0, 1, 3, 4, 5]].any(), "a limb without both ends is black"


def test_left_and_right_never_change_places():
    image = np.full((100, 200, 3), 90, np.uint8)
    left = joints.limbs(image, {"left_shoulder": (0.2, 0.2), "left_front_paw": (0.2, 0.8)})
    right = joints.limbs(image, {"right_shoulder": (0.2, 0.2), "right_front_paw": (0.2, 0.8)})
    assert [part.any() for part in left] == [True] + [False] * 5
    assert [part.any() for part in right] == [False, True] + [False] * 4


def test_the_trunk_lies_between_the_middles_of_its_ends():
    seen = {"left_shoulder": (0.8, 0.4), "right_shoulder": (0.8, 0.6), "left_hip": (0.2, 0.5)}
    for place, lands in (((0.8, 0.5), (112, 32)), ((0.2, 0.5), (16, 32))):
        found = joints.trunk(spot(*place), seen)
        assert found.shape == (64, 128, 3) and brightest(found) == pytest.approx(lands, abs=1.5)
    assert not joints.trunk(spot(0.5, 0.5), {"left_hip": (0.2, 0.5)}).any()
    assert not joints.trunk(spot(0.5, 0.5), {"left_hip": (0.5, 0.5), "left_shoulder": (0.5, 0.5)}).any()


def rows(**changes):
    return pd.DataFrame([{"crop_id": "7", "joint": "left_hip", "x": 0.25, "y": 0.5} | changes])


def test_a_table_is_read_by_crop(tmp_path):
    rows().to_csv(tmp_path / "joints.csv", index=False)
    rows().to_parquet(tmp_path / "joints.parquet")
    for name in ("joints.csv", "joints.parquet"):
        assert joints.read(tmp_path / name) == {"7": {"left_hip": (0.25, 0.5)}}


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"joint": "elbow"}, "unknown joint 'elbow': known are left_back_paw"), ({"x": 12.0}, "left_hip of crop 7 lies")],
)
def test_what_is_no_joint_is_refused(tmp_path, changes, said):
    rows(**changes).to_csv(tmp_path / "joints.csv", index=False)
    with pytest.raises(joints.JointsError, match=said):
        joints.read(tmp_path / "joints.csv")


def test_a_table_without_the_columns_is_refused(tmp_path):
    rows().drop(columns="y").to_csv(tmp_path / "joints.csv", index=False)
    with pytest.raises(joints.JointsError, match="no table with the columns crop_id, joint, x and y"):
        joints.read(tmp_path / "joints.csv")
