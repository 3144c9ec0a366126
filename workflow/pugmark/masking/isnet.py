"""IS-Net "general use" (the DIS project) as packaged by rembg: the salient foreground of a picture.

`rembg` resizes the picture to 1024 x 1024 and normalises it (mean 0.5, standard deviation 1). It min-max scales the
output and resizes it to the picture. Post-processing is a morphological opening, a Gaussian blur of sigma 2 and a
threshold at 127 of 255.
"""

import numpy as np
import onnxruntime
from PIL import Image
from rembg.bg import post_process
from rembg.sessions.dis_general_use import DisSession

from pugmark.runtime import cores


class IsNet(DisSession):
    """rembg's session on a verified weight file. It neither searches the home folder nor downloads anything."""

    def __init__(self, weights):
        options = onnxruntime.SessionOptions()
        # By default onnxruntime uses all cores of the node, not only those of the job.
        options.intra_op_num_threads = cores.granted()
        super().__init__(self.name(), options, weights.path)

    @classmethod
    def download_models(cls, path):
        """The weight file itself: nothing to download."""
        return path

    def salient(self, image):
        """The bool foreground, H x W, of a uint8 picture, H x W x 3."""
        (probability,) = self.predict(Image.fromarray(image))
        return post_process(np.asarray(probability)) > 0
