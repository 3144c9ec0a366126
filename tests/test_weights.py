"""Weight files are verified before anything is loaded, and fetched only with the right checksum."""

import functools
import hashlib
import http.server
import threading

import pytest

from pugmark import weights
from pugmark.stages import fetch

CONTENT = b"not really weights"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def file(tmp_path):
    (tmp_path / "net.pth").write_bytes(CONTENT)
    return tmp_path / "net.pth"


def test_a_full_checksum_makes_a_file_trusted(file):
    found = weights.verified([f"net={file}"], {"net": {"sha256": DIGEST, "licence": "MIT"}})["net"]
    assert found.trusted and found.provenance() == {"name": "net", "sha256": DIGEST, "licence": "MIT"}


def test_a_prefix_is_accepted_but_not_trusted(file):
    assert not weights.verified([f"net={file}"], {"net": {"sha256": DIGEST[:8]}})["net"].trusted


@pytest.mark.parametrize("checksum", [None, "", DIGEST[:7], "0" * 64])
def test_a_wrong_or_missing_checksum_names_the_remedy(file, checksum):
    with pytest.raises(weights.WeightsError, match=r"weights\.files|correct the checksum"):
        weights.verified([f"net={file}"], {"net": {"sha256": checksum}})


@pytest.fixture
def server(file):
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=file.parent)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def entry(server, checksum):
    return entry_of(checksum, f"{server}/net.pth")


def entry_of(checksum, url):
    return {"name": "net", "file": "net.pth", "url": url, "sha256": checksum, "licence": "MIT"}


def test_fetch_keeps_a_file_with_the_right_checksum(server, tmp_path):
    fetch.fetch(entry(server, DIGEST), tmp_path / "got" / "net.pth")
    assert (tmp_path / "got" / "net.pth").read_bytes() == CONTENT


def test_fetch_links_a_file_that_lies_in_a_folder_of_weights(file, tmp_path):
    nowhere = entry_of(DIGEST, url=None)
    fetch.fetch(nowhere, tmp_path / "got" / "net.pth", [tmp_path / "empty", tmp_path])
    assert (tmp_path / "got" / "net.pth").readlink() == file


def test_fetch_links_no_file_with_another_checksum(file, tmp_path):
    with pytest.raises(weights.WeightsError, match="delete the file"):
        fetch.fetch(entry_of("0" * 64, url=None), tmp_path / "got" / "net.pth", [tmp_path])
    assert not (tmp_path / "got").exists()


def test_fetch_leaves_nothing_of_a_wrong_file(server, tmp_path):
    with pytest.raises(weights.WeightsError):
        fetch.fetch(entry(server, "0" * 64), tmp_path / "got" / "net.pth")
    assert not list((tmp_path / "got").iterdir())
