"""Segment Anything: one image embedding per media, shared by the mask generator and every box prompt."""

import functools

import cv2
import numpy as np
from segment_anything import SamAutomaticMaskGenerator, SamPredictor, sam_model_registry

from pugmark.masking import rle
from pugmark.runtime.devices import device
from pugmark.weights import content

# The authors shrink images to this size before SAM. The generator holds three float masks of the image's size per
# point: 0.65 GB for 16 points at a time. The library's 64 points take four times that and give the same masks.
MAX_HEIGHT, MAX_WIDTH = 1500, 2250
GENERATOR = {"points_per_batch": 16, "output_mode": "coco_rle"}


class Sam:
    """A SAM model. weights: a `Weights` named sam_vit_b, sam_vit_l or sam_vit_h, Meta's state dict.

    generator: keyword arguments of SamAutomaticMaskGenerator, for other values than the library's defaults: 32 points
    per side, predicted IoU 0.88, stability 0.95, box NMS 0.7.
    """

    def __init__(self, weights, generator=None):
        model = sam_model_registry[weights.name.removeprefix("sam_")]()
        model.load_state_dict(content(weights.path))
        self.predictor = SamPredictor(model.to(device()).eval())
        self.generator = GENERATOR | (generator or {})

    def embed(self, image):
        """The SamImage of a uint8 `image`, H x W x 3. This is the only pass of the image encoder."""
        height, width = image.shape[:2]
        scale = min(1.0, MAX_HEIGHT / height, MAX_WIDTH / width)
        if scale < 1:
            image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        self.predictor.set_image(image)
        return SamImage(self.predictor, self.generator, image, (width, height))


class SamImage:
    """An embedded image, valid until the next one is embedded. Boxes are (left, top, right, bottom) in its pixels."""

    def __init__(self, predictor, generator, image, size):
        self._predictor, self._options, self._image = predictor, generator, image
        self._scale = np.array(image.shape[1::-1]) / size

    def prompt(self, box):
        """The single mask for a box and the point at its centre, cut to the box: bool, the box's height x width."""
        corners = np.array(box, float).reshape(2, 2)
        masks, _, _ = self._predictor.predict(
            point_coords=corners.mean(0, keepdims=True) * self._scale,
            point_labels=np.ones(1),
            box=(corners * self._scale).ravel(),
            multimask_output=False,
        )
        return self._cut(masks[0], box)

    def masks(self, box):
        """The masks of everything in the image, cut to the box. Masks with no pixel in the box are left out."""
        size = self._image.shape[:2]
        cut = (self._cut(rle.decode(counts, *size), box) for counts in self._everything)
        return [mask for mask in cut if mask.any()]

    @functools.cached_property
    def _everything(self):
        generator = SamAutomaticMaskGenerator(self._predictor.model, **self._options)
        generator.predictor = _Embedded(self._predictor)
        return [found["segmentation"]["counts"] for found in generator.generate(self._image)]

    def _cut(self, mask, box):
        """The part of a mask of the shrunk image inside the box, at the box's own resolution (nearest pixel)."""
        left, top, right, bottom = box
        columns = ((np.arange(left, right) + 0.5) * self._scale[0]).astype(int)
        rows = ((np.arange(top, bottom) + 0.5) * self._scale[1]).astype(int)
        return mask[np.ix_(rows, columns)]


class _Embedded(SamPredictor):
    """A copy of a predictor that reuses its embedding of the whole image, which the generator sets first."""

    def __init__(self, predictor):
        self.__dict__.update(predictor.__dict__)

    def set_image(self, image, image_format="RGB"):
        """Embed only after a reset. The generator resets it for zoomed crops, if it makes any."""
        if not self.is_image_set:
            super().set_image(image, image_format)
