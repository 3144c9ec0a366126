"""Weight files are verified before anything is loaded, and fetched only with the right checksum."""

import functools
import hashlib
import http.server
import json
import os
import socket
import subprocess
import sys
import threading
import traceback
from pathlib import Path

import pytest
import safetensors.torch
import torch
from places import ROOT

from pugmark import weights
from pugmark.learning import backbones, checkpoint
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


def test_fetch_leaves_nothing_of_a_wrong_file_and_says_which_it_got(server, tmp_path):
    with pytest.raises(
        weights.WeightsError, match=rf"net\.pth gave another file than net: its sha256 is {DIGEST}, not 000"
    ):
        fetch.fetch(entry(server, "0" * 64), tmp_path / "got" / "net.pth")
    assert not list((tmp_path / "got").iterdir())


def test_fetch_without_a_network_names_file_address_checksum_and_folder(tmp_path):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/net.pth"
        with pytest.raises(weights.WeightsError) as error:
            fetch.fetch(entry_of(DIGEST, url), tmp_path / "got" / "net.pth")
    said = str(error.value)
    assert said.startswith(f"Cannot fetch net.pth from {url}: there is no connection")
    assert DIGEST in said and "weights.folder or PUGMARK_WEIGHTS" in said and "\n" not in said
    assert not list((tmp_path / "got").iterdir())


def test_fetch_says_what_the_server_answers(server, tmp_path):
    with pytest.raises(weights.WeightsError, match="the server answers 404 File not found"):
        fetch.fetch(entry_of(DIGEST, f"{server}/gone.pth"), tmp_path / "got" / "net.pth")


def test_the_log_of_a_failed_fetch_is_one_sentence(tmp_path):
    settings = json.dumps(entry_of(DIGEST, "http://no-such-host.invalid/net.pth"))
    command = [sys.executable, "-m", "pugmark.stages.fetch", f"--settings={settings}", f"--out={tmp_path}/net.pth"]
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": "workflow"}, cwd=ROOT
    )
    last = done.stderr.splitlines()
    assert done.returncode == 1 and len(last) == 2 and "ERROR: Cannot fetch net.pth" in last[1], done.stderr


class Code:
    """What a pickle makes of it is a call of a function."""

    def __reduce__(self):
        return Path.touch, (Path("executed"),)


@pytest.mark.parametrize("content", ["code", "cut", "empty", "text", "cut.safetensors"])
def test_a_file_that_cannot_be_read_safely_is_one_sentence_without_bad_advice(content, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / content
    if content == "code":
        torch.save({"a": Code()}, path)
    else:
        torch.save({"a": torch.zeros(1000)}, path)
        path.write_bytes({"cut": path.read_bytes()[:2000], "text": b"<html>"}.get(content, b""))
    for read in (backbones.read_state, checkpoint.load):
        with pytest.raises(weights.WeightsError) as error:
            read(path)
        assert f"{path} is damaged, or a pickle" in str(error.value) and "\n" not in str(error.value)
        assert "weights_only" not in "".join(traceback.format_exception(error.value))
    assert not (tmp_path / "executed").exists()


def test_a_file_that_holds_no_state_dict_is_refused(tmp_path):
    torch.save([torch.zeros(1)], tmp_path / "list.pth")
    with pytest.raises(weights.WeightsError, match="holds no state dict"):
        backbones.read_state(tmp_path / "list.pth")


def test_both_kinds_of_files_are_read(tmp_path):
    state = {"a": torch.arange(3.0)}
    torch.save({"state_dict": state}, tmp_path / "net.pth")
    safetensors.torch.save_file(state, tmp_path / "net.safetensors")
    for name in ("net.pth", "net.safetensors"):
        assert backbones.read_state(tmp_path / name)["a"].tolist() == [0, 1, 2]
