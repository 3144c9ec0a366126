"""The drawn survey: same bytes from the same seed, a truth that fits the pictures, a valid package."""

import csv
import itertools
import json
from datetime import datetime, timedelta

import cv2
import frictionless
import jsonschema
import numpy as np
import pytest
import referencing
from PIL import ExifTags, Image
from pycocotools import mask as rle

from pugmark.stages import synthesise
from pugmark.synthetic import camera, scenes, survey
from pugmark.synthetic.animals import draw_animal, random_pose
from pugmark.synthetic.coats import DARK, coat
from pugmark.synthetic.frames import Actor, draw_frame
from pugmark.synthetic.ribbons import Canvas, Figure, Ribbon

SMALL = {
    "individuals": 3,
    "stations": 2,
    "sequences": 2,
    "pairs": 1,
    "empty": 1,
    "people": 2,
    "width": 160,
    "height": 120,
}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A small batch and its truth, drawn once for all tests of this file."""
    out, truth = tmp_path_factory.mktemp("batch"), tmp_path_factory.mktemp("truth")
    return out, truth, synthesise.synthesise(out, truth, 1, SMALL)


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def files(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_same_seed_gives_the_same_bytes_and_another_batch_other_pictures(drawn, tmp_path):
    out, truth, _ = drawn
    synthesise.main(
        ["--out", str(tmp_path / "again"), "--truth", str(tmp_path / "truth"), "--settings", json.dumps(SMALL)]
    )
    assert files(tmp_path / "again") == files(out)
    assert files(tmp_path / "truth") == files(truth)
    synthesise.synthesise(tmp_path / "second", tmp_path / "other", 2, SMALL)
    pictures = [
        {content for path, content in files(folder).items() if path.suffix == ".JPG"}
        for folder in (out, tmp_path / "second")
    ]
    assert not pictures[0] & pictures[1]


def test_counts_are_those_of_the_settings(drawn):
    out, truth, counts = drawn
    # 3 individuals x 2 passages, two of them in company, 1 false trigger, 2 people; 3 frames each.
    assert counts["sequences"] == 3 * 2 - 1 + 1 + 2
    assert counts["frames"] == 3 * counts["sequences"] == len(list(out.rglob("*.JPG")))
    assert counts["animals"] == len(rows(truth / "labels.csv"))


def test_true_boxes_enclose_the_masks_and_lie_in_the_picture(drawn):
    _, truth, _ = drawn
    labels, coco = rows(truth / "labels.csv"), json.loads((truth / "masks.json").read_text())
    names = {image["id"]: image["file_name"] for image in coco["images"]}
    assert len(labels) == len(coco["annotations"]) > 0
    for label, annotation in zip(labels, coco["annotations"], strict=True):
        ys, xs = np.nonzero(rle.decode(annotation["segmentation"]))
        found = [xs.min() / 160, ys.min() / 120, (np.ptp(xs) + 1) / 160, (np.ptp(ys) + 1) / 120]
        assert [float(label[key]) for key in "xywh"] == pytest.approx(found, abs=1e-6)
        assert (names[annotation["image_id"]], annotation["individual"]) == (label["path"], label["individual"])
        assert annotation["area"] == len(xs)


def test_exif_states_the_time_of_the_package_and_the_last_camera_no_zone(drawn):
    out, _, _ = drawn
    without_zone = set()
    for row in rows(out / "media.csv"):
        moment = datetime.fromisoformat(row["timestamp"])
        exif = Image.open(out / row["filePath"]).getexif()
        photo = exif.get_ifd(ExifTags.IFD.Exif)
        assert photo[ExifTags.Base.DateTimeOriginal] == f"{moment:%Y:%m:%d %H:%M:%S}"
        assert exif[ExifTags.Base.Make] == "Pugmark"
        zone = photo.get(ExifTags.Base.OffsetTimeOriginal)
        assert zone in (None, "+03:00")
        without_zone |= {row["filePath"].split("/")[0]} if zone is None else set()
    assert without_zone == {"S02"}


def test_the_package_says_what_is_on_a_picture_but_neither_who_nor_where(drawn):
    out, truth, _ = drawn
    observed = rows(out / "observations.csv")
    media = {row["mediaID"]: row["filePath"] for row in rows(out / "media.csv")}
    assert {row[column] for row in observed for column in ("individualID", "bboxX", "bboxWidth")} == {""}
    told = {label["individual"].encode() for label in rows(truth / "labels.csv")}
    assert not any(name in content for name in told for path, content in files(out).items() if path.suffix != ".JPG")
    with_animals = {media[row["mediaID"]] for row in observed if row["observationType"] == "animal"}
    assert with_animals == {label["path"] for label in rows(truth / "labels.csv")}
    kinds = [row["observationType"] for row in observed]
    assert kinds.count("human") == 6
    assert kinds.count("blank") >= 3


@pytest.mark.shared
def test_the_package_is_valid_camtrap_dp(drawn, shared):
    out, _, _ = drawn
    schemas = shared / "data" / "camtrap_dp"
    tables = [
        {"name": name, "path": f"{name}.csv", "schema": json.loads((schemas / f"{name}-table-schema.json").read_text())}
        for name in ("deployments", "media", "observations")
    ]
    report = frictionless.Package.from_descriptor({"resources": tables}, basepath=str(out)).validate()
    assert report.valid, report.flatten(["rowNumber", "fieldName", "note"])
    assert report.stats["tasks"] == 3
    profile = json.loads((schemas / "camtrap-dp-profile.json").read_text())
    anything = referencing.Resource.opaque(True)  # the general schemas that the profile refers to lie on the web
    registry = referencing.Registry(retrieve=lambda uri: anything)
    package = json.loads((out / "datapackage.json").read_text())
    validator = jsonschema.validators.validator_for(profile)(profile, registry=registry)
    validator.validate(package)
    assert not validator.is_valid(package | {"project": {"title": "incomplete"}})


def test_every_individual_passes_three_stations_and_shows_both_flanks():
    visits = [visit for batch in (1, 2, 3) for visit in survey.plan(synthesise.DEFAULTS, batch)]
    for individual in range(8):
        seen = [(visit.station, side) for visit in visits for who, side in visit.cast if who == individual]
        assert len(seen) == 12
        assert len({station for station, _ in seen}) >= 3
        assert {side for _, side in seen} == {"left", "right"}
    assert 250 <= 3 * len(visits) <= 400


def test_bursts_straddle_midnight_and_visits_keep_apart():
    for batch in (1, 2, 3):
        start, end = survey.period(batch)
        visits = survey.plan(synthesise.DEFAULTS, batch)
        for station in range(4):
            here = [visit for visit in visits if visit.station == station]
            gaps = [later.start - earlier.start for earlier, later in itertools.pairwise(here)]
            assert min(gaps) >= timedelta(minutes=10)
            assert start <= here[0].start <= here[-1].start < end
            midnight = [visit for visit in here if visit.start.date() != (visit.start + 2 * survey.SECOND).date()]
            assert len(midnight) == any(visit.night for visit in here)


def test_flanks_and_individuals_differ_but_not_in_darkness():
    coats = {(who, side): coat(1, who, side) for who in range(6) for side in ("left", "right")}
    dark = np.array([sheet.sum(0).ravel() for sheet in coats.values()])
    between = np.corrcoef(dark) - np.eye(len(dark))
    assert np.abs(between).max() < 0.35
    assert np.abs(dark.mean(1) - DARK).max() < 0.03
    coat.cache_clear()
    assert np.array_equal(coats[2, "left"], coat(1, 2, "left"))


def test_a_straight_ribbon_covers_a_rectangle_and_two_half_discs():
    canvas = Canvas((-2, -1, 2, 1), 50, (1.0, 0.0, 0.0))
    canvas.paint(Ribbon(((-1, 0, 0.4), (1, 0, 0.4)), colour=(0.5, 0.5, 0.5)))
    assert canvas.alpha.sum() == pytest.approx((100 * 40) + np.pi * 20**2, rel=0.01)
    assert canvas.colour.sum() == pytest.approx(1.5 * canvas.alpha.sum(), rel=1e-4)


def test_an_animal_facing_left_is_the_mirror_image_of_one_facing_right():
    pose, sheet = random_pose(np.random.default_rng(0)), coat(1, 0, "left")
    left, right = (draw_animal(sheet, pose, 40, side, night=False) for side in ("left", "right"))
    assert np.array_equal(left.alpha, right.alpha[:, ::-1])
    assert left.x == pytest.approx(right.alpha.shape[1] - 1 - right.x)


def test_the_nearer_figure_hides_the_farther_whatever_their_order():
    view = scenes.station(1, 0, 160, 120)
    light = camera.random_light(np.random.default_rng(0), False, 160, 120)
    block = Figure(np.full((20, 20, 3), 0.5, np.float32), np.ones((20, 20), np.float32), 0, 20)
    far, near = Actor(block, 50, 80), Actor(block, 60, 90)  # columns 50-69, rows 60-79; columns 60-79, rows 70-89
    for actors, hidden in (([far, near], 0), ([near, far], 1)):
        _, masks = draw_frame(view, light, actors, np.random.default_rng(0))
        assert [mask.sum() for mask in masks] == ([300, 400] if hidden == 0 else [400, 300])
        assert not (masks[0] & masks[1]).any()
        assert masks[hidden][60:70, 50:70].all()


def test_infrared_pictures_have_no_colour_and_day_pictures_do():
    view = scenes.station(1, 0, 160, 120)
    for night in (True, False):
        light = camera.random_light(np.random.default_rng(0), night, 160, 120)
        picture, _ = draw_frame(view, light, [], np.random.default_rng(0))
        assert (np.ptp(picture, axis=2) == 0).all() == night
        assert picture.shape == (120, 160, 3)


def test_a_station_looks_the_same_in_every_frame_but_for_wind_and_noise():
    def grey(index, seed):
        light = camera.random_light(np.random.default_rng(5), False, 160, 120)
        picture, _ = draw_frame(scenes.station(1, index, 160, 120), light, [], np.random.default_rng(seed))
        return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(float)

    same, other = np.abs(grey(0, 1) - grey(0, 2)).mean(), np.abs(grey(0, 1) - grey(1, 2)).mean()
    assert 0 < same < 8 < other


def test_unknown_settings_and_full_folders_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"unknown setting 'individual'; did you mean individuals\?"):
        synthesise.synthesise(tmp_path / "out", tmp_path / "truth", 1, {"individual": 3})
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match="not empty"):
        synthesise.synthesise(tmp_path, tmp_path / "truth", 1, SMALL)


def test_a_period_without_any_trigger_gives_tables_with_headers_alone(tmp_path):
    nothing = SMALL | {"sequences": 0, "pairs": 0, "empty": 0, "people": 0}
    counts = synthesise.synthesise(tmp_path / "out", tmp_path / "truth", 1, nothing)
    assert counts == {"frames": 0, "animals": 0, "sequences": 0}
    assert rows(tmp_path / "out" / "media.csv") == rows(tmp_path / "truth" / "labels.csv") == []
    assert (tmp_path / "out" / "media.csv").read_text().startswith("mediaID,deploymentID")
