"""Fast feature extraction: batch norms folded into convolutions, channels last, bfloat16 where the chip has it."""

import copy
import logging

import numpy as np
import torch
from torch import nn
from torch.fx.experimental.optimization import fuse
from torch.fx.proxy import TraceError

from pugmark.learning import loader, transforms
from pugmark.learning.backbones import Backbone
from pugmark.runtime.devices import device

logger = logging.getLogger(__name__)


def precision():
    """bfloat16 if the device supports it natively, else float32."""
    if device().type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        chip = torch.cpu.get_capabilities()
        native = chip.get("avx512_bf16") or chip.get("amx_bf16") or chip.get("bf16")
    return torch.bfloat16 if native else torch.float32


def extract(model, crops, height, width, dtype=None, batch=32):
    """Features of all crops under the test transform, in order: float32 N x D, not normalised.

    model: module from normalised images B x 3 x height x width to B x D; not changed. A model that returns B x P x D
    gives N x P x D. dtype: of the backbone's body, None for `precision()`. All else stays float32.
    """
    fast = prepared(model, precision() if dtype is None else dtype)
    recipe = transforms.test_recipe(height, width)
    parts = []
    with torch.inference_mode():
        for images, _ in loader.batches(crops, loader.in_order(len(crops), batch), (recipe,), seed=0, epoch=0):
            images = transforms.normalise(images.to(device(), non_blocking=True))
            parts.append(fast(images).float().cpu().numpy())
    return np.concatenate(parts)


def prepared(model, dtype):
    """A copy of `model` on the device, for inference: every backbone's body is fused, channels last and in `dtype`."""
    model = copy.deepcopy(model).eval()
    for part in [part for part in model.modules() if isinstance(part, Backbone)]:
        part.body = _Cast(_fused(part.body).to(dtype=dtype, memory_format=torch.channels_last), dtype)
    return model.to(device())


class _Cast(nn.Module):
    def __init__(self, body, dtype):
        super().__init__()
        self.body, self.dtype = body, dtype

    def forward(self, images):
        return self.body(images.to(self.dtype, memory_format=torch.channels_last)).float()


def _fused(body):
    if not any(type(part) is nn.BatchNorm2d for part in body.modules()):
        return body
    try:
        return fuse(body, inplace=True)
    except TraceError:
        # Some of timm's networks have control flow that depends on the input. They run unfused.
        logger.info("the backbone cannot be traced: its batch norms are not folded into its convolutions")
        return body
