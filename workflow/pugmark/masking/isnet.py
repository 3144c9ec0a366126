"""IS-Net "general use" (the DIS project) as rembg packages it: the salient foreground of a picture.

`rembg` scales to 1024 x 1024, mean 0.5, standard deviation 1, min-max scales the output and resizes it to the picture;
its post-processing is a morphological opening, a Gaussian of sigma 2 and the threshold 127 of 255.
"""

import numpy as np
import onnxruntime
from PIL import Image
from rembg.bg import post_process
from rembg.sessions.dis_general_use import DisSession

from pugmark.runtime import cores


class IsNet(DisSession):
    """rembg's session on a verified file: nothing is looked up in the home folder or fetched."""

    def __init__(self, weights):
        options = onnxruntime.SessionOptions()
        # onnxruntime counts the node's cores, not the job's.
        options.intra_op_num_threads = cores.granted()
        super().__init__(self.name(), options, weights.path)

    @classmethod
    def download_models(cls, path):
        """The file that the session opens."""
        return path

    def salient(self, image):
        """The bool foreground, H x W, of a uint8 picture, H x W x 3."""
        (probability,) = self.predict(Image.fromarray(image))
        return post_process(np.asarray(probability)) > 0
