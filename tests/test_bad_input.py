"""Whatever lies in a batch folder, ingest ends well and says what was wrong with which file."""

import os
import shutil
import struct
import zlib

import numpy as np
import pytest
from formats.media import noise, photo, video

from pugmark import tables
from pugmark.formats import pixels
from pugmark.formats.folder import BatchError
from pugmark.stages import ingest


def statuses(batch, **settings):
    """{path: status} of files (not frames), after a round trip through the table."""
    rows, counts = ingest.ingest(batch, settings)
    tables.write(batch.parent / "media.parquet", "media", rows, "ingest", counts=counts)
    media = tables.read(batch.parent / "media.parquet", "media")
    return dict(media.loc[media["kind"] != "frame", ["path", "status"]].itertuples(index=False)), counts


@pytest.fixture
def batch(tmp_path):
    folder = tmp_path / "batch"
    folder.mkdir()
    return folder


def test_broken_images_are_rows_with_a_reason(batch):
    photo(batch / "good.jpg")
    (batch / "empty.jpg").write_bytes(b"")
    (batch / "empty2.jpg").write_bytes(b"")
    (batch / "text.jpg").write_text("no image at all")
    noise().save(batch / "ppm.jpg", "PPM")
    whole = photo(batch / "cut.jpg", size=(400, 300)).read_bytes()
    (batch / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    found, counts = statuses(batch)
    assert found["good.jpg"] == "ok"
    assert found["empty.jpg"] == found["empty2.jpg"] == "unreadable: empty file"
    assert found["text.jpg"] == found["ppm.jpg"] == "unreadable: not an image, or of another kind than its name says"
    assert found["cut.jpg"].startswith("unreadable: image file is truncated")
    assert counts["unreadable"] == 5 and counts["images"] == 1


def test_a_bomb_is_not_decoded(batch):
    squeezer = zlib.compressobj(9)
    rows = b"".join(squeezer.compress(bytes(1 + 3750)) for _ in range(30_000)) + squeezer.flush()
    header = struct.pack(">IIBBBBB", 30_000, 30_000, 1, 0, 0, 0, 0)
    parts = [b"\x89PNG\r\n\x1a\n"]
    for name, content in ((b"IHDR", header), (b"IDAT", rows), (b"IEND", b"")):
        parts += [struct.pack(">I", len(content)), name, content, struct.pack(">I", zlib.crc32(name + content))]
    (batch / "bomb.png").write_bytes(b"".join(parts))
    assert (batch / "bomb.png").stat().st_size < 200_000 and pixels.MAX_PIXELS < 30_000**2
    found, _ = statuses(batch)
    assert found["bomb.png"] == "unreadable: more than 178956970 pixels"


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_damage_anywhere_in_a_file_never_stops_a_batch(batch):
    noise(64, 48).save(batch / "a.tif")
    noise(64, 48).save(batch / "a.png")
    photo(batch / "a.jpg", taken="2024:05:31 18:30:00", orientation=6)
    generator = np.random.default_rng(0)
    for original in list(batch.iterdir()):
        for i in range(40):
            content = bytearray(original.read_bytes())
            for position in generator.integers(0, len(content) if i % 2 else 120, 6):
                content[position] = generator.integers(256)
            (batch / f"{i}{original.suffix}").write_bytes(content)
    found, counts = statuses(batch)
    assert len(found) == 123 and counts["unreadable"] > 10
    assert all(status == "ok" or status.startswith(("unreadable: ", "duplicate of ")) for status in found.values())


def test_broken_videos(batch):
    (batch / "empty.mp4").write_bytes(b"")
    (batch / "text.avi").write_text("no video")
    shutil.copy(photo(batch / "a.jpg"), batch / "photo.jpg")
    whole = video(batch / "good.mp4", frames=40).read_bytes()
    (batch / "headless.mp4").write_bytes(whole[: len(whole) // 2])
    found, counts = statuses(batch)
    assert found["empty.mp4"] == "unreadable: empty file"
    assert found["text.avi"].startswith("unreadable: ") and found["headless.mp4"].startswith("unreadable: ")
    assert found["good.mp4"] == "ok" and counts["videos"] == 1
    assert not any(str(batch.parent) in status for status in found.values())


def test_a_video_that_breaks_off_keeps_the_frames_before(batch):
    whole = video(batch / "cut.avi", frames=200, size=(320, 240)).read_bytes()
    (batch / "cut.avi").write_bytes(whole[: len(whole) // 2])
    found, counts = statuses(batch)
    rows, _ = ingest.ingest(batch, {})
    numbers = [row["frame_number"] for row in rows if row["kind"] == "frame"]
    assert found["cut.avi"] == "ok" and 1 < len(numbers) < 20
    assert len(list(pixels.video_frames(batch / "cut.avi", set(numbers)))) == counts["frames"] == len(numbers)


def test_links(batch, tmp_path):
    photo(tmp_path / "elsewhere" / "S 9" / "a.jpg")
    os.symlink(tmp_path / "elsewhere" / "S 9" / "a.jpg", batch / "linked.jpg")
    os.symlink(tmp_path / "absent.jpg", batch / "dangling.jpg")
    os.symlink(tmp_path / "elsewhere" / "S 9", batch / "S 9")
    os.symlink(batch, batch / "loop")
    os.symlink("../batch/../batch", batch / "dots")
    found, _ = statuses(batch)
    assert found == {
        "S 9/a.jpg": "ok",
        "linked.jpg": "duplicate of S 9/a.jpg",
        "dangling.jpg": "unreadable: No such file or directory",
    }


def test_of_two_ways_to_one_folder_its_own_name_counts(batch):
    photo(batch / "S 2" / "deep" / "a.jpg")
    os.symlink(batch / "S 2", batch / "S 1")
    found, _ = statuses(batch)
    assert found == {"S 2/deep/a.jpg": "ok"}


def test_a_table_of_any_content_that_is_no_sidecar_is_passed_over(batch):
    photo(batch / "a.jpg")
    (batch / "binary.csv").write_bytes(bytes(range(256)) * 9)
    (batch / "one cell.csv").write_text("x" * 200_000)
    (batch / "empty.csv").write_text("")
    found, _ = statuses(batch)
    assert found == {"a.jpg": "ok"}
    (batch / "Labels.csv").write_text("path,individual\na.jpg," + "x" * 200_000)
    with pytest.raises(BatchError, match="is no table"):
        statuses(batch)


def test_a_name_that_is_not_utf8_is_told_with_escapes(batch):
    os.rename(photo(batch / "a.jpg"), os.fsencode(batch) + b"/caf\xe9.jpg")
    found, _ = statuses(batch)
    assert found == {"caf\\xe9.jpg": "unreadable: the file's name is not UTF-8"}


def test_folders_and_pipes_with_the_name_of_an_image(batch):
    photo(batch / "folder.jpg" / "a.jpg")
    os.mkfifo(batch / "pipe.jpg")
    found, _ = statuses(batch)
    assert found == {"folder.jpg/a.jpg": "ok", "pipe.jpg": "unreadable: not a file"}


@pytest.mark.parametrize("exif", [b"Exif\0\0garbage", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*\0\0\0\x08\xff"])
@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_broken_exif_costs_no_more_than_the_time(batch, exif):
    noise().save(batch / "20240531_183000.jpg", exif=exif)
    rows, _ = ingest.ingest(batch, {})
    assert [(row["status"], row["time_source"]) for row in rows] == [("ok", "filename")]


@pytest.mark.shared
def test_real_broken_files(shared):
    found = {row["path"]: row["status"] for row in ingest.ingest(shared / "data" / "broken", {})[0]}
    assert found == {
        "african_elephants_truncated_file.jpg": "unreadable: image file is truncated (13 bytes not processed)",
        "error_img.JPG": "unreadable: empty file",
        "error_vid.mp4": "unreadable: empty file",
    }
