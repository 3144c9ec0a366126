"""A small but complete results tree, and a reader of the pages that are made of it."""

import io
import json
import re
from datetime import datetime, timedelta
from html.parser import HTMLParser

import numpy as np
from PIL import Image, ImageDraw

from pugmark import tables
from pugmark.masking import rle

EVIL = "<script>alert(1)</script>"
SPECIES = ("fox", "hare & co")
NAMES = [EVIL, 'Ana "la\' roja"', "Éloïse & Söhne", "Bo"]
SCORES = {"random": 0.2, "imagenet": 0.5, "resnet50": 0.4321, "cluster_contrast": 0.68, "oracle": 1.0}
FAMILIES = {"imagenet": "frozen", "resnet50": "supervised", "cluster_contrast": "label-free"}
METHODS = {
    method: {
        "title": f"The {method} method",
        "source": f"A. Author, On {method}, 2024",
        "family": FAMILIES.get(method, "control"),
        "labels": "none",
        "published": [{"data": "LionData", "metric": "mAP", "value": 0.331, "setting": "disjoint individuals"}]
        if method == "resnet50"
        else [],
    }
    for method in SCORES
}


def jpeg(at, size=(90, 60)):
    image = Image.new("RGB", size, (90 + at * 7 % 60, 120, 90))
    pen = ImageDraw.Draw(image)
    pen.ellipse((15, 12, 75, 50), fill=(200, 160 - at % 4 * 30, 90))
    for spot in range(at % 4 + 2):
        pen.ellipse((22 + 9 * spot, 22, 28 + 9 * spot, 32), fill=(40, 30, 20))
    held = io.BytesIO()
    image.save(held, "JPEG", quality=90)
    return held.getvalue()


def ellipse():
    image = Image.new("1", (90, 60))
    ImageDraw.Draw(image).ellipse((15, 12, 75, 50), fill=1)
    return rle.encode(np.asarray(image))


class Tree:
    """Writes the tables of one collection below tmp_path/results."""

    def __init__(
        self,
        folder,
        name,
        labelled=True,
        video=False,
        per_batch=12,
        batches=("b1", "<script>alert(1)<script>"),
        runs=(),
    ):
        self.folder, self.labelled, self.video = folder / "results" / name, labelled, video
        self.batches, self.runs = list(batches), list(runs)
        self.crops = [self._crop(at, batch) for batch in self.batches for at in range(per_batch)]
        for number, crop in enumerate(self.crops):
            crop.update(crop_id=f"m{number:03d}-d00", media_id=f"m{number:03d}", number=number)
        for batch in self.batches:
            self.batch(batch, [crop for crop in self.crops if crop["batch"] == batch])
        keep = tables.definitions()["split"]["columns"]
        tables.write(
            self.folder / "split.parquet",
            "split",
            [{key: crop[key] for key in keep} for crop in self.crops],
            "split",
            settings={"by": "sequence", "train": 0.5},
        )
        for run in self.runs:
            self.run(run)

    def _crop(self, at, batch):
        start = datetime(2024, 5, 3 + self.batches.index(batch), 21, 4)
        return {
            "batch": batch,
            "individual": NAMES[at % 4] if self.labelled else None,
            "viewpoint": "left",
            "station": f"Wald <b>{at % 3}</b>" if at % 5 else None,
            "timestamp": start + timedelta(minutes=10 * at),
            "sequence": f"{batch}-{'film' if self.video else at // 4}",
            "frame_number": at * 5 if self.video else None,
            "infrared": False,
            "split": "test",
        }

    def batch(self, name, crops):
        def write(table, rows, stage, **more):
            tables.write(self.folder / "batches" / name / f"{table}.parquet", table, rows, stage, **more)

        broken = dict(path=f"x/{EVIL}.jpg", status="unreadable: image file is truncated")
        again = dict(path="x/again.jpg", status="duplicate of x/first.jpg")
        kind = "frame" if self.video else "image"
        media = [self._media(crop, kind) for crop in crops]
        if crops:
            media += [
                {**media[0], "kind": "image", "media_id": f"bad{at}", **bad} for at, bad in enumerate([broken, again])
            ]
        write("media", media, "ingest", counts={"ignored": {"other suffix": 3, "hidden": 0}})
        boxes = [self._box(crop, "animal") for crop in crops] + [self._box(crop, "person", 1) for crop in crops[:2]]
        yolo = {"name": "yolo11n", "sha256": "ab12" * 16, "licence": "AGPL-3.0"}
        write("detections", boxes, "detect", models=[yolo], counts={"dropped": {"outside the image": 2}})
        write("masks", [self._mask(crop) for crop in crops], "mask")
        write("crops", [self._image(crop) for crop in crops], "crop", counts={"dropped: too small": 7})
        labels = [
            {key: crop[key] for key in ("crop_id", "individual", "viewpoint")} | {"split": None} for crop in crops
        ]
        write("labels", labels, "label")

    def _media(self, crop, kind):
        return {
            "media_id": crop["media_id"],
            "path": f"x/{crop['media_id']}.jpg",
            "kind": kind,
            "width": 900,
            "height": 600,
            "timestamp": crop["timestamp"],
            "utc_offset": None,
            "time_source": "exif",
            "time_doubt": None,
            "look": None,
            "station": crop["station"],
            "sequence": crop["sequence"],
            "frame_number": crop["frame_number"],
            "status": "ok",
        }

    def _box(self, crop, label, ordinal=0):
        said = SPECIES[crop["number"] % 4 == 3] if label == "animal" else label
        box = dict(x=0.1, y=0.1, w=0.1, h=0.1, confidence=0.9, label=label, source_label=said, detector="ultralytics")
        return box | {"detection_id": f"{crop['media_id']}-d{ordinal:02d}", "media_id": crop["media_id"]}

    def _mask(self, crop):
        source = "unmasked" if crop["number"] % 4 == 0 else "grabcut"
        area = 1.0 if source == "unmasked" else 0.5
        found = dict(height=600, width=900, rle=None, area_fraction=area, policy="grabcut", mask_source=source)
        return {"detection_id": crop["crop_id"], **found}

    def _image(self, crop):
        about = {key: crop[key] for key in ("crop_id", "media_id", "frame_number", "station", "timestamp", "sequence")}
        box = dict(x=0.1, y=0.1, w=0.1, h=0.1, confidence=0.9, sharpness=50.0, area=5400, touches_border=False)
        mask = None if crop["number"] % 4 == 0 else ellipse()
        pixels = dict(image=jpeg(NAMES.index(crop["individual"]) if self.labelled else crop["number"]), mask=mask)
        return about | box | pixels | dict(path=f"x/{crop['media_id']}.jpg", width=90, height=60, infrared=False)

    def run(self, run):
        folder, score = (
            self.folder / "runs" / run["run"],
            SCORES[run["method"]] + 0.01 * (run["seed"] - 1) * (run["method"] != "oracle"),
        )
        named = {crop["crop_id"]: crop["individual"] for crop in self.crops if crop["individual"]}
        clusters = [
            {
                "crop_id": crop["crop_id"],
                "algorithm": "dbscan",
                "cluster": at % 4 if at % 11 else -1,
                "score": 0.9 - at / 100 if at % 11 else np.nan,
            }
            for at, crop in enumerate(self.crops)
        ]
        tables.write(folder / "clusters.parquet", "clusters", clusters, "cluster", settings={"dbscan": {"eps": 0.6}})
        evaluated = dict(stage="evaluate", settings={"ties": "pessimistic", "seed": run["seed"]})
        metrics = self._metrics(run, score) if named else []
        tables.write(folder / "metrics.parquet", "metrics", metrics, **evaluated)
        queries = [self._query(crop_id, at, named, score) for at, crop_id in enumerate(named)]
        tables.write(folder / "queries.parquet", "queries", queries, **evaluated)
        if run["family"] not in ("control", "frozen"):
            lines = [
                {"epoch": epoch, "loss": 3.0 / (epoch + 1), "lr": 0.1, "clusters": 4 + epoch} for epoch in (0, 1, 1, 2)
            ]
            model = self.folder.parent / run["model"]
            model.mkdir(parents=True, exist_ok=True)
            (model / "history.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))

    def _metrics(self, run, score):
        base = {"method": run["method"], "seed": run["seed"], "n": 24}
        values = {
            "mAP": score,
            "rank1": min(score + 0.1, 1),
            "rank5": min(score + 0.2, 1),
            "mAP_chance": 0.23,
            "rank1_chance": 0.25,
        }
        rows = [
            {
                **base,
                "protocol": protocol,
                "metric": metric,
                "value": value,
                "low": max(value - 0.05, 0),
                "high": min(value + 0.05, 1),
            }
            for protocol in ("all", "cross_sequence")
            for metric, value in values.items()
        ]
        partition = {
            "accuracy": score,
            "ARI": score - 0.1,
            "AMI": score - 0.05,
            "IDF1": 1.0 if run["method"] == "oracle" else np.nan,
            "clusters": 4.0,
            "noise_share": 0.125,
        }
        return rows + [
            {**base, "protocol": "dbscan", "metric": metric, "value": value, "low": None, "high": None}
            for metric, value in partition.items()
        ]

    def _query(self, crop_id, at, named, score):
        near = [other for other in named if other != crop_id]
        near = near[at % 5 :][:10]
        correct = [named[other] == named[crop_id] for other in near]
        positives = sum(name == named[crop_id] for name in named.values()) - 1
        ranks = (
            dict(first_rank=1, last_rank=9, ap=self._ap(named[crop_id], score), ap_trapezoid=0.4)
            if positives
            else dict.fromkeys(("first_rank", "last_rank", "ap", "ap_trapezoid"))
        )
        found = dict(protocol="cross_sequence", individual=named[crop_id], positives=positives, junk=0, **ranks)
        return {"crop_id": crop_id, **found, "neighbours": near, "correct": correct}

    def _ap(self, name, score):
        """The score on average over the names, of which each method likes some better."""
        return score + 0.04 * (NAMES.index(name) - 1.5) * (score < 0.6) if score < 0.9 else score

    def settings(self, **more):
        return {
            "batches": self.batches,
            "folders": {batch: str(self.folder.parents[1] / "media" / batch) for batch in self.batches},
            "runs": self.runs,
            "detector": "ultralytics",
            "protocol": "cross_sequence",
        } | more


def run(method, seed, name):
    family = FAMILIES.get(method, "control")
    model = f"{name}/models/{method}-s{seed}/0123456789ab"
    return dict(
        run=f"{method}-s{seed}",
        method=method,
        name=method,
        seed=seed,
        family=family,
        train_on=name,
        model=model,
        settings={"backbone": "timm/resnet10t", "epochs": 3} if method == "resnet50" else {},
    )


def make(folder):
    """Four collections below folder/results, and the report's settings for them."""
    for crop in range(0, 12, 2):  # half of the pictures still lie where they were read
        picture = folder / "media/b1/x" / f"m{crop:03d}.jpg"
        picture.parent.mkdir(parents=True, exist_ok=True)
        picture.write_bytes(jpeg(crop))
    bench = [run(method, seed, "bench") for method in SCORES for seed in (1, 2)]
    made = {
        "bench": Tree(folder, "bench", runs=bench).settings(),
        "wild & free": Tree(
            folder, "wild & free", labelled=False, runs=[run("cluster_contrast", 1, "bench"), run("random", 1, "bench")]
        ).settings(detector="motion"),
        "nothing": Tree(folder, "nothing", per_batch=0, runs=[run("imagenet", 1, "nothing")]).settings(),
        "koi": Tree(folder, "koi", video=True, batches=["film"], runs=[run("cluster_contrast", 1, "koi")]).settings(),
        "absent": {"batches": ["never"], "runs": [run("random", 1, "absent")], "detector": "whole", "protocol": "all"},
    }
    return {"title": f"Survey {EVIL} 2024", "collections": made, "methods": METHODS}


class Page(HTMLParser):
    """Text, image sources, links and elements of a page."""

    def __init__(self, html):
        super().__init__()
        self.text, self.tags, self.images, self.hrefs, self.ids, self._in = [], [], [], [], [], []
        self.feed(html)
        self.said = re.sub(r"\s+", " ", " ".join(self.text))

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.append((tag, attributes))
        self._in.append(tag)
        if tag == "img":
            self.images.append(attributes)
        self.hrefs += [attributes["href"]] if "href" in attributes else []
        self.ids += [attributes["id"]] if "id" in attributes else []

    def handle_endtag(self, tag):
        if tag in self._in:
            del self._in[len(self._in) - 1 - self._in[::-1].index(tag) :]

    def handle_data(self, data):
        if not {"style", "script"} & set(self._in):
            self.text.append(data)
