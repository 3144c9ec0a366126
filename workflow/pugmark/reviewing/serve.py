"""Serve the review pages where answers should be saved at once, for instance on a cluster's login node.

    python -m pugmark.reviewing.serve results/C/review --ledger review/C

It listens on this machine alone, at a random port, and answers those alone who know the token that it prints. From
elsewhere: `ssh -L PORT:localhost:PORT HOST`, then the printed address. Each answer is on the disk before the page hears
of it. All addresses in the pages are relative, so a proxy may put a path before them.
"""

import argparse
import contextlib
import hashlib
import hmac
import json
import secrets
import sys
import threading
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from pugmark.identity import ledger

LONGEST = 100_000
"""Bytes of an answer."""
HERE = ("localhost", "127.0.0.1", "[::1]")
SILENT = 60
"""Seconds after which a request that does not go on is dropped."""


class Handler(SimpleHTTPRequestHandler):
    """Pages and pictures of one folder, and the answers of a reviewer at `answers`."""

    timeout = SILENT

    def __init__(self, *given, folder, home, token, lock, origins):
        self.home, self.token, self.lock, self.origins = home, token, lock, origins
        self.cookie = cookie_of(token)
        super().__init__(*given, directory=folder)

    def do_GET(self):
        """A file, or the lines of a reviewer."""
        if not self._is_allowed():
            return
        if not self._asks_for_answers():
            super().do_GET()
            return
        asked = parse_qs(urlsplit(self.path).query).get("reviewer", [""])[0]
        try:
            lines, _ = ledger.read(ledger.files(self.home))
        except (OSError, ValueError) as error:
            self._say(HTTPStatus.INTERNAL_SERVER_ERROR, f"The ledger cannot be read: {error}")
            return
        self._say(HTTPStatus.OK, json.dumps([line._asdict() for line in lines if line.reviewer == asked]))

    def do_HEAD(self):
        """Whether a file is there, for those who may have it."""
        if self._is_allowed():
            super().do_HEAD()

    def do_POST(self):
        """Append one answer."""
        if not self._is_allowed():
            return
        size = self.headers.get("Content-Length", "")
        size = int(size) if size.isascii() and size.isdigit() and len(size) < 10 else 0
        if not self._asks_for_answers() or not 0 < size <= LONGEST:
            self._say(HTTPStatus.BAD_REQUEST, "An answer is one line of the ledger as JSON, sent to `answers`.")
            return
        try:
            given = json.loads(self.rfile.read(size))
            line = ledger.Line(*(str(given[name]) for name in ledger.COLUMNS))
            with self.lock:
                self._append(line)
        except (ValueError, KeyError, TypeError) as error:
            self._say(HTTPStatus.BAD_REQUEST, f"This is no answer: {error}.")
        except OSError as error:
            self._say(HTTPStatus.INSUFFICIENT_STORAGE, f"The answer could not be saved: {error}.")
        else:
            self._say(HTTPStatus.OK, "saved")

    def _append(self, line):
        # A page that heard no answer sends its line again.
        own = Path(self.home) / ledger.file_name(line.reviewer)
        if not own.exists() or line not in ledger.read([str(own)])[0]:
            ledger.append(self.home, line)

    def _asks_for_answers(self):
        return urlsplit(self.path).path.rstrip("/").endswith("/answers")

    def _is_allowed(self):
        """Whether the request comes from a page of this server; if not, it is refused.

        Another page in the same browser may send requests here, but knows no token. The scripts that a page loads are
        asked for without one, so the cookie that came with the page lets them pass; answers need the token itself,
        which the cookie does not tell: browsers bring cookies to every port of a machine.
        """
        host = _host(f"//{self.headers.get('Host', '')}")
        origin = self.headers.get("Origin")
        token = parse_qs(urlsplit(self.path).query).get("token", [""])[0]
        known = hmac.compare_digest(token.encode(), self.token.encode())
        cookie = self.cookie in self.headers.get("Cookie", "").split("; ")
        if host not in self.origins or (origin and _host(origin) not in self.origins):
            self._say(HTTPStatus.FORBIDDEN, "This server answers pages of its own machine alone (see --host).")
            return False
        if not known and (self._asks_for_answers() or not cookie):
            self._say(HTTPStatus.FORBIDDEN, "Open the address that the server printed, with its token.")
            return False
        self.knows = known
        return True

    def end_headers(self):
        """Every answer to who knows the token brings the cookie."""
        if getattr(self, "knows", False):
            self.send_header("Set-Cookie", f"{self.cookie}; HttpOnly; SameSite=Strict")
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def _say(self, status, text):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if status == HTTPStatus.OK else "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def list_directory(self, path):
        """No folder is listed."""
        self.send_error(HTTPStatus.NOT_FOUND)

    def log_message(self, *given):
        """Nothing is printed of single requests."""


def cookie_of(token):
    """The cookie that lets a page's scripts pass: another one for each server, so two may be open in one browser."""
    made = hashlib.sha256(f"page of {token}".encode()).hexdigest()
    return f"pugmark-{made[:8]}={made[8:]}"


def _host(address):
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


def server(folder, home, token, port=0, hosts=()):
    """A server of the pages in `folder` that writes answers into the folder `home`."""
    lock, origins = threading.Lock(), {urlsplit(f"//{host}").hostname for host in (*HERE, *hosts)}

    def handler(*given):
        return Handler(*given, folder=folder, home=home, token=token, lock=lock, origins=origins)

    return ThreadingHTTPServer(("127.0.0.1", port), handler)


def main(argv=None):
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="results/COLLECTION/review")
    parser.add_argument("--ledger", required=True, help="folder of the answers, as of collections.NAME.ledger")
    parser.add_argument("--port", type=int, default=0, help="default: any that is free")
    parser.add_argument("--host", action="append", default=[], help="name under which a proxy offers this server")
    given = parser.parse_args(argv)
    token = secrets.token_urlsafe(18)
    with server(given.folder, given.ledger, token, given.port, given.host) as made:
        sys.stdout.write(f"http://localhost:{made.server_port}/index.html?token={token}\n")
        sys.stdout.flush()
        with contextlib.suppress(KeyboardInterrupt):
            made.serve_forever()


if __name__ == "__main__":
    main()
