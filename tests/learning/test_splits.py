"""Batch norms that see the batch in parts."""

import pytest
import torch

from pugmark.learning import inference, splits
from pugmark.learning.backbones import backbone


@pytest.mark.parametrize(("rows", "parts", "sizes"), [(6, 2, (3, 3)), (7, 3, (3, 2, 2)), (3, 8, (3,)), (1, 8, (1,))])
def test_each_part_is_normed_by_itself(rows, parts, sizes):
    maps = torch.randn(rows, 4, 3, 3)
    found = splits.SplitNorm(torch.nn.BatchNorm2d(4), parts)(maps)
    norm = torch.nn.BatchNorm2d(4)
    torch.testing.assert_close(found, torch.cat([norm(part) for part in maps.split(sizes)]))


def test_the_parts_move_the_statistics_about_as_much_as_the_batch():
    norm, whole, maps = torch.nn.BatchNorm2d(4), torch.nn.BatchNorm2d(4), torch.randn(32, 4, 8, 8) + 5
    splits.SplitNorm(norm, 8)(maps)
    whole(maps)
    torch.testing.assert_close(norm.running_mean, whole.running_mean, rtol=0.06, atol=0)


@pytest.mark.parametrize(("count", "parts"), [(16, 4), (10, 4), (6, 1)])
def test_no_two_rows_of_a_part_share_one_again_after_dealing(count, parts):
    order = splits.dealt(count, parts)
    assert sorted(order.tolist()) == list(range(count))
    before = torch.cat([torch.full((len(run),), i) for i, run in enumerate(torch.arange(count).tensor_split(parts))])
    for run in order.tensor_split(parts):
        assert parts == 1 or len(set(before[run].tolist())) == len(run)


def test_inference_with_split_norms_is_that_without():
    torch.manual_seed(0)
    model, images = backbone("timm/test_resnet"), torch.randn(4, 3, 32, 32)
    with torch.inference_mode():
        expected = model.eval()(images)
        splits.split_norms(model, 2)
        assert sum(isinstance(part, splits.SplitNorm) for part in model.modules()) > 5
        torch.testing.assert_close(model(images), expected)
        torch.testing.assert_close(inference.prepared(model, torch.float32)(images), expected, atol=1e-5, rtol=1e-4)
