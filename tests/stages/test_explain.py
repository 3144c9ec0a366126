"""The stage that draws what networks look at, and the methods that offer theirs."""

import collections
import io
import json

import numpy as np
import pandas as pd
import pytest
import torch
from learning import crop_tables
from methods import small
from methods.small import SMALL
from PIL import Image
from reporting.results_tree import METHODS, Page, Tree, run

from pugmark import methods, tables
from pugmark.learning import checkpoint, crops
from pugmark.learning import run as runs
from pugmark.learning.backbones import Backbone
from pugmark.learning.gradcam import ExplainError
from pugmark.methods import fancl
from pugmark.reporting import panels
from pugmark.stages import explain, report, train

OFFERING = [name for name in methods.catalogue() if methods.explainable(name)]


SMALL_FANCL = {key: SMALL[key] for key in ("backbone", "weights", "height", "width")}


@pytest.fixture(autouse=True)
def one_process(monkeypatch):
    monkeypatch.setenv("PUGMARK_WORKERS", "0")


@pytest.fixture
def seen(tmp_path):
    table, labels, split = crop_tables.rows(individuals=3, frames=4)
    crop_tables.write(tmp_path, table, labels, split)
    return crops.read_split(tmp_path / "batches", split, 255)


def fitted(name, seen):
    params = small.params(name)
    return params, train.fit(name, seen, params, runs.Run(1, {}, 3, None, "key"))


def test_the_methods_with_a_network_of_their_own_offer_it():
    assert {"cluster_contrast", "video_pairs"} <= set(OFFERING)
    assert not {"random", "pixels", "oracle"} & set(OFFERING)


@pytest.mark.parametrize("name", OFFERING)
def test_an_offered_network_gives_vectors_as_long_as_the_methods_and_has_a_backbone(name, seen):
    params, state = fitted(name, seen)
    network = methods.load(name).network(params, state).eval()
    assert isinstance(network.backbone, Backbone)
    vectors = network(torch.randn(2, 3, params["height"], params["width"]))
    assert vectors.shape == (2, methods.load(name).embed(seen.take([0]), params, state).shape[1])


def table(names, clusters):
    ids = [f"c{at}" for at in range(len(names))]
    split = pd.DataFrame({"crop_id": ids, "individual": names})
    return split, pd.DataFrame({"crop_id": ids, "algorithm": "kmeans", "cluster": clusters})


def test_every_kind_is_shown_before_any_is_shown_twice_and_loners_are_not():
    split, clusters = table(["Ana", "Ana", "Ana", "Bo", None, None, None], [0, 0, 0, 0, 1, 1, -1])
    features = np.eye(7, dtype=np.float32)
    rows, towards, nearest = explain.chosen(split, features, clusters, 3)
    kinds = ["name" if row < 3 else "cluster" for row in rows]
    assert sorted(kinds[:2]) == ["cluster", "name"] and len(rows) == 3
    for row, vector, other in zip(rows, towards, nearest, strict=True):
        others = {0: [1, 2], 1: [0, 2], 2: [0, 1], 4: [5], 5: [4]}[row]
        np.testing.assert_array_equal(vector, features[others].sum(0))
        assert other in others
    features[2] = features[0]
    rows, _, nearest = explain.chosen(split, features, clusters, 99)
    assert dict(zip(rows, nearest, strict=True))[0] == 2
    assert len(explain.chosen(split, features, clusters, 99)[0]) == 5
    split, clusters = table(["Ana"], [0])
    assert [len(part) for part in explain.chosen(split, features[:1], clusters, 8)] == [0, 0, 0]


def drawn(folder, name, seen, **settings):
    """The picture that the command line draws for a small model."""
    params, state = fitted(name, seen)
    model = {"method": name, "params": params, "seed": 1, "state": state, "weights": []}
    checkpoint.save(folder / "model.pt", model)
    ids, features = seen.meta["crop_id"], methods.load(name).embed(seen, params, state)
    tables.write(
        folder / "batches/b1/features/mine-s1.parquet", "features", {"crop_id": ids, "feature": features}, "test"
    )
    clusters = {"crop_id": ids, "algorithm": "kmeans", "cluster": 0, "score": 1.0}
    tables.write(folder / "clusters.parquet", "clusters", pd.DataFrame(clusters), "test")
    paths = {"model": "model.pt", "folder": "batches", "split": "split.parquet", "clusters": "clusters.parquet"}
    options = [word for option, path in paths.items() for word in (f"--{option}", str(folder / path))]
    options += ["--run", "mine-s1", "--settings", json.dumps(settings), "--out", str(folder / "gradcam.jpg")]
    options += ["--layout", str(folder / "layout.parquet")]
    explain.main(options)
    with Image.open(folder / "gradcam.jpg") as image:
        return np.asarray(image)


def test_the_map_holds_the_named_crops_and_the_prototypes_of_their_individuals(tmp_path, seen):
    drawn(tmp_path, "care", seen, crops=1)
    points, told = tables.read(tmp_path / "layout.parquet", "layout"), tables.provenance(tmp_path / "layout.parquet")
    crops_on_it = points[points["kind"] == "crop"]
    assert crops_on_it["name"].tolist() == seen.meta["crop_id"].tolist()
    assert crops_on_it["individual"].tolist() == seen.meta["individual"].tolist()
    assert points.loc[points["kind"] == "prototype", "name"].tolist() == ["cow 0", "cow 1", "cow 2"]
    assert -1 <= told["counts"]["silhouette"] <= 1 and told["counts"]["crops"] == 12


def test_prototypes_are_compared_in_the_space_of_texts(tmp_path, seen):
    params, state = fitted("care", seen)
    model = {"method": "care", "params": params, "state": state}
    split = pd.DataFrame({"crop_id": list("abcd"), "individual": ["cow 0", "cow 0", "cow 1", "cow 1"]})
    features = np.zeros((4, 96), np.float32)
    features[:, 0], features[[0, 1], 64], features[[2, 3], 65] = [9, 0, 9, 0], 1, 1  # apart in the last 32 alone
    rows, counts = explain.mapped(model, split, features)
    assert counts == {"silhouette": pytest.approx(1.0), "crops": 4} and len(rows) == 6
    assert explain.mapped(model, split.iloc[:2], features[:2])[0] == []


def tile(picture, down, right):
    """One picture of a drawn sheet, without its frame."""
    top, left = down * (panels.TILE + panels.TITLE) + panels.TITLE, panels.GAP + right * panels.TILE
    return picture[top + 4 : top + panels.TILE - 10, left + 4 : left + panels.TILE - 10].astype(float)


def test_a_picture_shows_crops_above_their_maps(tmp_path, seen):
    found = drawn(tmp_path, "cluster_contrast", seen, crops=3, fill=None)
    assert found.shape == (4 * (panels.TILE + panels.TITLE) + panels.GAP, 3 * panels.TILE + panels.GAP, 3)
    for right in range(3):
        assert np.abs(tile(found, 0, right) - tile(found, 1, right)).mean() > 10


def test_the_share_on_the_animal_is_told_beside_what_it_fills():
    heats, inside = torch.tensor([[[3.0, 1.0]], [[1.0, 1.0]]]), torch.tensor([[[1.0, 0.0]], [[1.0, 1.0]]])
    # The second crop has no mask, so it says nothing.
    assert explain.looked_at(heats, inside) == ": 75 % of it on the animal, which fills 50 % of the picture"
    assert explain.looked_at(heats[1:], inside[1:]) == ""


class Colours(torch.nn.Module):
    """Offers its pictures' own colours as descriptors."""

    def descriptors(self, images):
        return images


def test_the_point_that_looks_like_the_hottest_one_is_ringed():
    pictures = torch.zeros(2, 4, 32, 32)
    pictures[:, 3] = 1
    pictures[0, :3, 8, 4] = pictures[1, :3, 20, 24] = torch.tensor([2.0, -1.0, 0.5])
    heats = torch.zeros(1, 32, 32)
    heats[0, 8, 4] = 1.0
    (first, points), (second, found) = explain.alike(Colours(), pictures[:1], pictures[1:], heats)
    assert first == "hottest place" and second.startswith("what looks like it")
    # Rings of 4 pixels around both.
    for (picture,), (down, right) in ((points, (8, 4)), (found, (20, 24))):
        assert picture[down - 4, right].tolist() == [220, 30, 30] and picture[down + 4, right].tolist() == [220, 30, 30]


def test_a_place_lies_in_the_middle_of_its_cell():
    assert explain.scaled((0, 6), (7, 7), (224, 224)) == (16, 208)
    assert explain.scaled((100, 20), (224, 224), (7, 7)) == (3, 0)


def test_an_overlay_is_half_the_crop_and_half_its_map():
    images, heats = torch.zeros(1, 3, 1, 2), torch.tensor([[[0.0, 1.0]]])
    crop, colours = panels.pictures(images)[0].astype(int), panels.coloured(heats)[0].astype(int)
    np.testing.assert_array_equal(panels.overlays(images, heats)[0], (crop + colours) // 2)
    low, high = colours[0]
    assert low[2] > low[0] and high[0] > high[2]  # blue, red


def test_equal_inputs_draw_equal_pictures(tmp_path, seen):
    first = drawn(tmp_path, "cluster_contrast", seen, crops=2)
    np.testing.assert_array_equal(drawn(tmp_path, "cluster_contrast", seen, crops=2), first)


def test_a_method_without_a_network_is_told_in_one_sentence(tmp_path, seen):
    with pytest.raises(ExplainError, match="Method pixels offers no `network`"):
        drawn(tmp_path, "pixels", seen)


def test_the_noise_of_fancl_is_shown_step_by_step():
    """The brightest pixel lies outside the animal, which is the lower row: a half of that is one pixel."""
    params = methods.resolve("fancl", SMALL_FANCL | {"layer": "conv1", "area": 0.5})
    network = fancl.Branches(params)
    network.original.backbone.body = torch.nn.Sequential(collections.OrderedDict(conv1=torch.nn.Identity()))
    pictures = torch.zeros(1, 4, 2, 2)
    pictures[0, :3] = torch.tensor([[2.0, 0.0], [1.0, 0.5]])
    pictures[0, 3, 1] = 1.0
    rows = dict(explain.noise(network, pictures))
    assert list(rows) == ["activation of conv1", "region, 50 % of the animal", "noised"]
    np.testing.assert_array_equal(rows["region, 50 % of the animal"][0][..., 0], [[0, 0], [255, 0]])
    assert rows["noised"][0][1, 0].max() == 0 and rows["noised"][0][1, 1].min() > 90
    hot, cold = (rows["activation of conv1"][0][at].astype(int) for at in ((0, 0), (0, 1)))
    assert hot[0] > hot[2] and cold[2] >= cold[0]


def test_without_a_noised_branch_there_is_no_noise_to_show():
    params = methods.resolve("fancl", SMALL_FANCL | {"branches": ["original"], "consistency": []})
    assert explain.noise(fancl.Branches(params), torch.zeros(1, 4, 32, 32)) == []


def test_the_picture_of_fancls_noise_is_drawn_by_the_stage(tmp_path, seen):
    found = drawn(tmp_path, "fancl", seen, crops=2, fill=255)
    assert found.shape[0] == 7 * (panels.TILE + panels.TITLE) + panels.GAP


def test_nothing_to_explain_is_a_picture_that_says_so(tmp_path):
    panels.draw([], tmp_path / "empty.jpg")
    with Image.open(tmp_path / "empty.jpg") as image:
        assert np.asarray(image).std() > 1


def test_normalised_images_become_pictures_again():
    raw = torch.tensor([[0, 128, 255]], dtype=torch.uint8).view(1, 3, 1, 1)
    from pugmark.learning import transforms

    np.testing.assert_array_equal(panels.pictures(transforms.normalise(raw))[0], [[[0, 128, 255]]])


def test_the_report_shows_the_picture_of_each_run_that_has_one(tmp_path):
    known = [run("resnet50", 1, "bench"), run("cluster_contrast", 1, "bench")]
    tree = Tree(tmp_path, "bench", runs=known)
    held = io.BytesIO()
    Image.new("RGB", (50, 20), "red").save(held, "JPEG")
    (tmp_path / "results/bench/runs/resnet50-s1/gradcam.jpg").write_bytes(held.getvalue())
    points = [
        {"kind": "crop", "name": f"c{at}", "individual": f"cow {at % 2}", "x": float(at), "y": 1.0} for at in range(6)
    ]
    points.append({"kind": "prototype", "name": "cow 0", "individual": "cow 0", "x": 0.0, "y": 0.0})
    path = tmp_path / "results/bench/runs/resnet50-s1/layout.parquet"
    tables.write(path, "layout", points, "explain", counts={"silhouette": 0.404, "crops": 6})
    explained = [one["run"] for one in known]
    settings = {"collections": {"bench": tree.settings(explained=explained)}, "methods": METHODS}
    report.report(tmp_path / "results", tmp_path / "out", settings)
    page = Page((tmp_path / "out/index.html").read_text(encoding="utf-8"))
    assert "resnet50-s1: silhouette 0.40, 6 crops" in page.said and "cow 1" in page.said
    (shown,) = [image for image in page.images if "gradcam" in image["src"]]
    assert (shown["width"], shown["height"], shown["src"]) == ("50", "20", "bench/gradcam-resnet50-s1.jpg")
    assert (tmp_path / "out" / shown["src"]).read_bytes() == held.getvalue()
