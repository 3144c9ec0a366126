"""Any model that the ultralytics package loads: MegaDetector 6 and 1000 (larch, sorrel, cedar), YOLO on COCO, or one
that `train_detector` has made.

The package is AGPL-3.0 and imported in this module alone. MegaDetector 5 is a YOLOv5 file, which ultralytics cannot
open: run it with its own tool and take its results with the detector `megadetector_json`.
"""

import logging
import os
import queue
import tempfile
from itertools import islice

import cv2
import numpy as np
import torch
from torchvision.ops import batched_nms

from pugmark.formats import ahead, classes, pixels
from pugmark.runtime import cores
from pugmark.runtime.devices import device
from pugmark.weights import WeightsError

LOG = logging.getLogger(__name__)
DEFAULTS = {
    "weights": "megadetector-larch",  # name of the file in the manifest
    "confidence": 0.2,  # boxes below are left out; 0.2 to 0.3 is typical of MegaDetector
    "image_size": 1280,  # pixels of the long side that the network sees; 640 takes a quarter of the time
    "batch": 8,  # images that a GPU takes in one pass: as many as its memory holds
    "iou": 0.45,  # of two boxes of one label that overlap by more, the less confident goes
    "classes": {},  # what a class counts as, {"capybara": "animal", "shadow": null}: goes before the built-in table
}
ALLOWED = {
    "weights": "word",
    "confidence": ">= 0, <= 1",
    "image_size": ">= 32",
    "batch": ">= 1",
    "iou": "> 0, <= 1",
    "classes": ["animal", "person", "vehicle", None],
}
_MOST_WORKERS = 4  # each holds a model of its own
_QUIET = {"YOLO_OFFLINE": "true", "YOLO_VERBOSE": "false", "YOLO_AUTOINSTALL": "false"}


def detect(media, batch, settings, weights, counts):
    """Yield a row per box on the media's images and frames; memory holds a few batches of reduced images.

    Raises WeightsError where the weight file is missing, of unknown checksum (it is a pickle) or of another package.
    """
    with tempfile.TemporaryDirectory() as scratch:
        # Read when the package is first imported: no settings in the home folder, no network.
        os.environ.update(_QUIET, YOLO_CONFIG_DIR=scratch)
        models, size = _models(settings, weights)
        meaning = labels(models[0].names, settings["classes"])
        kept = {name: label for name, label in meaning.items() if label}
        LOG.info("%s: %s; dropped: %d classes", settings["weights"], kept, len(meaning) - len(kept))
        wide = settings["image_size"]
        reduced = ((row.media_id, _reduced(image, wide)) for row, image in pixels.frames(media, batch, wide))
        groups = iter(lambda: list(islice(reduced, size)), [])
        for group, found in ahead.mapped(_predictor(models, settings), groups, len(models)):
            for (media_id, _), result in zip(group, found, strict=True):
                for row in _rows(result, meaning, settings["iou"]):
                    yield {"media_id": media_id, "detector": f"ultralytics {settings['weights']}", **row}


def _models(settings, weights):
    """The models to work side by side, and how many images each takes at a time.

    A processor is busiest with one image per core, and its caches hold no batch.
    """
    on_gpu = device().type == "cuda"
    # Asked before the package is imported, which sets OMP_NUM_THREADS to 1 where nobody has.
    granted = cores.granted()
    workers = 1 if on_gpu else min(granted, _MOST_WORKERS)
    models, threads = [_model(settings["weights"], weights) for _ in range(workers)], granted // workers
    for model in models:
        # The package sets a number of its own, one less than the machine has cores.
        model.add_callback("on_predict_start", lambda predictor: torch.set_num_threads(threads))
    return models, settings["batch"] if on_gpu else 1


def _predictor(models, settings):
    """A function that gives (group, results) of a group of (media_id, image), by whichever of `models` is free."""
    free = queue.SimpleQueue()
    for model in models:
        free.put(model)

    def predict(group):
        model = free.get()
        try:
            return group, _predict(model, [image for _, image in group], settings)
        finally:
            free.put(model)

    return predict


def labels(names, chosen):
    """{class name: animal, person, vehicle or None} of a model's class names; `chosen` goes before the built-in table.

    A model that was trained on COCO knows things as well, which are None.
    """
    from ultralytics.utils import ROOT, YAML

    coco = list(YAML.load(ROOT / "cfg" / "datasets" / "coco.yaml")["names"].values())
    first, last = coco.index("bird"), coco.index("giraffe")
    speaks_coco = set(coco) <= set(names.values())
    things = set(coco[:first] + coco[last + 1 :]) if speaks_coco else set()

    meant = {name: classes.label(name, chosen) for name in names.values()}
    return {
        name: None if label == "animal" and name in things - set(chosen) else label for name, label in meant.items()
    }


def _model(name, weights):
    if name not in weights:
        raise WeightsError(f"The detector needs the weights {name}: give --weights {name}=PATH.")
    if not weights[name].trusted:
        raise WeightsError(
            f"{weights[name].path} is a pickle, which can run code when loaded: check where it comes from and give its "
            f"full sha256 ({weights[name].sha256}) for {name} under weights.files in config.yaml."
        )
    from ultralytics import YOLO

    try:
        return YOLO(str(weights[name].path))
    except (TypeError, ModuleNotFoundError) as error:
        raise WeightsError(
            f"ultralytics cannot open {weights[name].path}. A YOLOv5 file (MegaDetector 5 is one) must be run with its "
            "own tool; take its results with the detector megadetector_json."
        ) from error


def describe(folder, classes):
    """Write what ultralytics is told of the pictures and boxes in `folder`; returns its path."""
    from ultralytics.utils import YAML

    parts = {"path": str(folder.resolve()), "train": "images/train", "val": "images/val"}
    YAML.save(folder / "data.yaml", parts | {"names": dict(enumerate(classes))})
    return folder / "data.yaml"


def fine_tuned(start, described, folder, settings):
    """Train on from the weights `start`, or from the last epoch that an earlier job kept in `folder`.

    described: what `describe` returned. settings: epochs, image_size, batch, seed. Returns the path of the best weights
    and {"mAP50", "mAP50_95": {class: value}}, on the validating part. Raises WeightsError.
    """
    os.environ.update(_QUIET, YOLO_CONFIG_DIR=str(folder))
    from ultralytics import YOLO

    told = {"data": str(described), "imgsz": settings["image_size"], "batch": settings["batch"], "plots": False}
    told |= {"device": str(device()), "workers": min(cores.granted() - 1, 8), "project": str(folder.resolve())}
    last, finished = folder / "run" / "weights" / "last.pt", folder / "finished"
    if not finished.exists() and last.exists():
        YOLO(str(last)).train(resume=True, device=told["device"])
    elif not finished.exists():
        more = {"epochs": settings["epochs"], "seed": settings["seed"], "name": "run", "exist_ok": True}
        _model(start.name, {start.name: start}).train(**told, **more)
    finished.touch()
    best = last.with_name("best.pt")
    found = YOLO(str(best)).val(**told, name="val", exist_ok=True)
    names = [found.names[number] for number in found.box.ap_class_index]
    curves = {"mAP50": found.box.ap50, "mAP50_95": found.box.ap}
    return best, {metric: dict(zip(names, map(float, values), strict=True)) for metric, values in curves.items()}


def _reduced(image, size):
    """RGB to the BGR that ultralytics expects, shrunk as its letterbox would: a batch never holds full images."""
    scale = size / max(image.shape[:2])
    if scale < 1:
        width, height = round(image.shape[1] * scale), round(image.shape[0] * scale)
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.ascontiguousarray(image[..., ::-1])


def _predict(model, images, settings):
    return model.predict(
        images,
        imgsz=settings["image_size"],
        conf=settings["confidence"],
        iou=settings["iou"],
        device=device(),
        half=device().type == "cuda",
        verbose=False,
    )


def _rows(result, meaning, iou):
    """A row per box; where a model gives one animal two boxes of two species, the more confident stays."""
    names = [result.names[int(number)] for number in result.boxes.cls]
    kept = [index for index, name in enumerate(names) if meaning[name]]
    boxes, confidence = result.boxes.xyxy[kept].cpu(), result.boxes.conf[kept].cpu()
    label = torch.tensor([classes.LABELS.index(meaning[names[index]]) for index in kept])
    for index in batched_nms(boxes, confidence, label, iou).tolist():
        left, top, right, bottom = result.boxes.xyxyn[kept[index]].tolist()
        yield {
            "label": meaning[names[kept[index]]],
            "source_label": names[kept[index]],
            "confidence": float(confidence[index]),
            **{"x": left, "y": top, "w": right - left, "h": bottom - top},
        }
