"""The server of the review pages: who may ask it, and what becomes of an answer."""

import json
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request

import pytest
from places import ROOT
from reviewing.drawn_review import write

from pugmark.identity import ledger
from pugmark.reviewing import serve

LINE = dict.fromkeys(ledger.COLUMNS, "") | {
    "time": "2024-05-01T00:00:00.001Z",
    "reviewer": "Ana",
    "encounter": "q0",
    "candidate": "ana-0",
    "answer": "same",
}


@pytest.fixture
def served(tmp_path):
    """(address of the pages, folder of the answers)."""
    write(tmp_path)
    (tmp_path / "secret.txt").write_text("secret")
    with serve.server(str(tmp_path / "review"), str(tmp_path / "home"), "t0ken") as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{made.server_port}", tmp_path / "home"
        made.shutdown()


def ask(address, data=None, **headers):
    """(status, text, headers) of a request."""
    request = urllib.request.Request(address, data and json.dumps(data).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:
            return reply.status, reply.read().decode(), reply.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), error.headers


def test_an_answer_is_appended_once_and_told_again(served):
    address, home = served
    for _ in range(2):  # a page that heard nothing sends it again
        assert ask(f"{address}/answers?token=t0ken", LINE)[0] == 200
    lines, _ = ledger.read(ledger.files(home))
    assert [line._asdict() for line in lines] == [LINE]
    assert len((home / "Ana.csv").read_text().splitlines()) == 2  # the header and the answer
    assert json.loads(ask(f"{address}/answers?token=t0ken&reviewer=Ana")[1]) == [LINE]
    assert json.loads(ask(f"{address}/some/prefix/answers?token=t0ken&reviewer=Bo")[1]) == []


def test_the_pages_are_served_to_who_knows_the_token(served):
    address, _ = served
    status, text, headers = ask(f"{address}/index.html?token=t0ken")
    assert status == 200 and "are these two the same animal" in text
    cookie = headers["Set-Cookie"].partition(";")[0]
    assert "HttpOnly" in headers["Set-Cookie"] and "SameSite=Strict" in headers["Set-Cookie"]
    assert ask(f"{address}/data.js", Cookie=f"{serve.cookie_of('other server')}; {cookie}")[0] == 200
    assert "t0ken" not in cookie  # browsers bring cookies to every port of a machine
    assert _raw(address, "HEAD /data.js HTTP/1.0\r\nHost: localhost") == 403
    assert (
        ask(f"{address}/index.html")[0] == 403 and ask(f"{address}/data.js", Cookie=serve.cookie_of("guess"))[0] == 403
    )


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/answers", {}, 403),
        ("/answers?token=guess", {}, 403),
        ("/answers", {"Cookie": serve.cookie_of("t0ken")}, 403),  # another page's request brings the cookie
        ("/answers?token=t0ken", {"Origin": "https://evil.example"}, 403),
        ("/answers?token=t0ken", {"Host": "evil.example"}, 403),
        ("/other?token=t0ken", {}, 400),
    ],
)
def test_nobody_else_answers(served, path, headers, status):
    address, home = served
    assert ask(address + path, LINE, **headers)[0] == status
    assert ledger.files(home) == []


@pytest.mark.parametrize("data", [{"answer": "same"}, LINE | {"answer": "maybe"}, LINE | {"candidate": ""}, [1], "x"])
def test_what_is_no_answer_is_refused(served, data):
    address, home = served
    status, text, _ = ask(f"{address}/answers?token=t0ken", data)
    assert status == 400 and "This is no answer" in text and ledger.files(home) == []


@pytest.mark.parametrize("path", ["/../secret.txt", "/%2e%2e/secret.txt", "/pictures/../../secret.txt", "/pictures/"])
def test_nothing_outside_the_pages_is_served(served, path):
    status, text, _ = ask(f"{served[0]}{path}?token=t0ken")
    assert status == 404 and "secret" not in text


def test_an_answer_that_was_taken_outlives_a_kill(tmp_path):
    write(tmp_path)
    command = [sys.executable, "-m", "pugmark.reviewing.serve", tmp_path / "review", "--ledger", tmp_path / "home"]
    with subprocess.Popen(command, cwd=ROOT / "workflow", stdout=subprocess.PIPE, text=True) as server:
        address = server.stdout.readline().strip()
        assert ask(address.replace("index.html", "answers"), LINE)[0] == 200
        server.kill()
    assert [line.encounter for line in ledger.read(ledger.files(tmp_path / "home"))[0]] == ["q0"]


def test_requests_that_are_none_are_refused_and_the_server_goes_on(served):
    address, home = served
    path = "POST /answers?token=t0ken HTTP/1.0\r\nHost: "
    assert _raw(address, f"{path}localhost\r\nContent-Length: many") == 400
    assert _raw(address, f"{path}localhost\r\nContent-Length: -1") == 400
    assert _raw(address, f"{path}[::1") == 403
    assert ask(f"{address}/answers?token=t0ken", LINE | {"reviewer": "\ud800"})[0] == 400
    assert ledger.files(home) == [] and ask(f"{address}/answers?token=t0ken", LINE)[0] == 200
    (home / "other.csv").write_text("no,ledger\n1,2\n")
    assert ask(f"{address}/answers?token=t0ken&reviewer=Ana")[0] == 500
    assert ask(f"{address}/answers?token=t0ken", LINE | {"answer": "different"})[0] == 200


def _raw(address, request):
    """Status of a request that no client would write."""
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as made:
        made.sendall(f"{request}\r\n\r\n".encode())
        return int(made.makefile("rb").readline().split()[1])
