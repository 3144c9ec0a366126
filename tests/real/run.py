"""Run the workflow on the real data beside the project: `make real`; PUGMARK_REAL=reduced is the size that CI takes.

Arguments choose among those of ARRANGE; without any, peru, holstein, koi and own run. The data are arranged as links
under results/real/arranged, since nothing may be written where they lie.
"""

import csv
import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "workflow"))

from pugmark import tables  # noqa: E402

DATA = ROOT.parent / "shared" / "data"
ARRANGED = ROOT / "results" / "real" / "arranged"
REDUCED = os.environ.get("PUGMARK_REAL") == "reduced"


def link(source, target):
    """A symbolic link at `target`, made anew."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    target.symlink_to(os.path.relpath(source, target.parent))


def arrange_holstein():
    """All cows as one batch (twelve where reduced), and the open set's query and gallery as another."""
    cows = sorted((DATA / "holstein2025" / "datasets_v2").iterdir())[: 12 if REDUCED else None]
    for cow in cows:
        for image in sorted(cow.iterdir())[: 24 if REDUCED else None]:
            link(image, ARRANGED / "holstein" / "spring" / cow.name / image.name)
    for part in ("query", "gallery"):
        for image in (DATA / "holstein2025" / part).rglob("*.*"):
            link(image, ARRANGED / "holstein_open" / "open" / part / image.parent.name / image.name)


def arrange_koi():
    """The video with the box table beside it; the first 60 frames' boxes where reduced."""
    (video,) = (DATA / "koi_video").glob("*.mp4")
    (boxes,) = (DATA / "koi_video").glob("*.csv")
    link(video, ARRANGED / "koi" / video.name)
    rows = boxes.read_text(encoding="utf-8-sig").splitlines(keepends=True)
    kept = [row for row in rows if not REDUCED or int(row.split(",")[5][5:10]) <= 60]
    (ARRANGED / "koi" / boxes.name).write_text("".join(kept))


def arrange_label_free():
    """Twelve cows with up to 24 pictures each, day and infra-red: small enough to train the whole family thrice."""
    for cow in sorted((DATA / "holstein2025" / "datasets_v2").iterdir())[:12]:
        for image in sorted(cow.iterdir())[:24]:
            link(image, ARRANGED / "label_free" / "spring" / cow.name / image.name)


def arrange_video():
    """The first 60 frames of the koi, the whole video, and one four times as long: forwards and backwards twice, as the
    light goes down and the camera shifts, so that no frame is there twice."""
    (video,) = (DATA / "koi_video").glob("*.mp4")
    (boxes,) = (DATA / "koi_video").glob("*.csv")
    rows = boxes.read_text(encoding="utf-8-sig").splitlines(keepends=True)
    link(video, ARRANGED / "video" / "short" / video.name)
    (ARRANGED / "video" / "short" / boxes.name).write_text("".join(row for row in rows if scene(row) <= 60))
    link(video, ARRANGED / "video" / "whole" / video.name)
    link(boxes, ARRANGED / "video" / "whole" / boxes.name)
    folder = ARRANGED / "video" / "long"
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "koi.mp4").exists():
        (folder / "koi.csv").write_text("".join(longer(video, folder / "koi.mp4", rows)))


def scene(row):
    """The number of the frame that a row of the koi's box table is of, from 1."""
    return int(row.split(",")[5][5:10])


def longer(source, target, rows, passes=4):
    """Write the longer video; returns the rows of its boxes."""
    import av
    import numpy as np

    with av.open(str(source)) as file:
        frames = [frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]
    count, made = len(frames), []
    with av.open(str(target), "w") as file:
        stream = file.add_stream("libx264", rate=25, options={"crf": "20"})
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for number in range(passes * count):
            turn, place = divmod(number, count)
            original = place if turn % 2 == 0 else count - 1 - place
            moved = np.roll(frames[original], 8 * turn, axis=1) * (1 - 0.4 * number / (passes * count))
            file.mux(stream.encode(av.VideoFrame.from_ndarray(moved.astype(np.uint8), format="rgb24")))
            made += [shifted(row, 8 * turn, number + 1) for row in rows if scene(row) == original + 1]
        file.mux(stream.encode())
    return made


def shifted(row, pixels, number):
    """A row of the box table, `pixels` to the right and on frame `number`; at the edge it becomes narrower."""
    name, x, y, w, h, _, *size = row.split(",")
    left = min(int(x) + pixels, int(size[0]) - 2)
    return ",".join([name, str(left), y, str(min(int(w), int(size[0]) - left)), h, f"scene{number:05}.jpg", *size])


def arrange_own():
    """Lion photographs in a folder of one's own making: flat, renamed, named in labels.csv."""
    folder, rows = ARRANGED / "own" / "field day 1", []
    for lion in sorted((DATA / "lions" / "val").iterdir()):
        for number, image in enumerate(sorted(lion.iterdir()), 1):
            name = f"photo {len(rows) + 1:03}{image.suffix}"
            link(image, folder / name)
            rows.append({"path": name, "individual": lion.name, "sequence": f"{lion.name}-{number}"})
    write(folder / "labels.csv", rows)


def arrange_supervised():
    """The twelve cows, the open set, and all lions: those of `train` teach; of those of `val`, 61 crops ask the others.

    61 queries and 85 gallery crops are the sizes that CARE states for 19 lions. Its membership is unpublished: here the
    crops of each lion lie in the order of a checksum, and the queries are spread over them evenly.
    """
    arrange_label_free()
    arrange_holstein()
    rows = []
    for part in ("train", "val"):
        images = sorted((DATA / "lions" / part).glob("*/*"), key=lambda path: (path.parent.name, checksum(path.name)))
        for number, image in enumerate(images):
            asks = (number + 1) * 61 // len(images) > number * 61 // len(images)
            word = "train" if part == "train" else "query" if asks else "gallery"
            name = f"{image.parent.name}/{image.name}"
            link(image, ARRANGED / "lions" / "all" / name)
            rows.append({"path": name, "individual": image.parent.name, "split": word})
    write(ARRANGED / "lions" / "all" / "labels.csv", rows)


def checksum(text):
    return hashlib.sha256(text.encode()).hexdigest()


def write(path, rows):
    """A CSV of dicts."""
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


ARRANGE = {
    "peru": lambda: None,
    "holstein": arrange_holstein,
    "koi": arrange_koi,
    "own": arrange_own,
    "label_free": arrange_label_free,
    "supervised": arrange_supervised,
    "video": arrange_video,
}
ALWAYS = ("peru", "holstein", "koi", "own")


def run(name):
    """Run one configuration; raises CalledProcessError where the workflow fails."""
    ARRANGE[name]()
    files = [f"tests/real/{name}.yaml", "tests/real/weights.yaml"]
    reduced = f"tests/real/{name}.reduced.yaml"
    files += [reduced] * (REDUCED and (ROOT / reduced).is_file())
    snakemake = [ROOT / ".venv/bin/snakemake", "--cores", "2", "--configfile", *files, "--quiet", "progress"]
    subprocess.run(snakemake, cwd=ROOT, check=True)


def figures(name):
    """Print what was measured; the oracle must be perfect, or labels and protocol do not fit each other."""
    for file in sorted((ROOT / "results" / "real" / name).glob("*/runs/*/metrics.parquet")):
        collection, run = file.parts[-4], file.parts[-2]
        table = tables.read(file, "metrics").dropna(subset=["value"])
        for row in table[table["metric"].isin(["mAP", "rank1", "accuracy", "IDF1"])].itertuples():
            measured = f"{row.metric:10}{row.value:7.3f}  [{row.low:.3f}, {row.high:.3f}]"
            print(f"{collection:20}{run:24}{row.protocol:26}{measured}")
            assert run != "oracle-s1" or row.metric != "mAP" or row.value == 1, f"{file}: the oracle is not perfect"


def main():
    if not DATA.is_dir():
        print(f"make real: skipped, no real data at {os.path.relpath(DATA, ROOT)}")
        return
    for name in sys.argv[1:] or ALWAYS:
        run(name)
        figures(name)
        print(f"{name}: open results/real/{name}/report/index.html")


if __name__ == "__main__":
    main()
