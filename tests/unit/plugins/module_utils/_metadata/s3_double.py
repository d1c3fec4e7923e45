# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small S3 server over HTTP: a bucket in memory, which can be told to answer otherwise."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

MODIFIED = "2026-03-01T12:00:00.000Z"
PAGE = 2
XML = {"Content-Type": "application/xml"}


class S3Double(ThreadingHTTPServer):
    """failures: (status, code) of the next answers, an empty code for one that is not S3's.

    answering: cleared, no answer comes. cut_after: so many bytes of an object, then the connection ends.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.contents: dict[str, bytes] = {}
        self.failures: list[tuple[int, str]] = []
        self.answering = threading.Event()
        self.answering.set()
        self.requests: list[str] = []
        self.cut_after: int | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def serving() -> Iterator[S3Double]:
    server = S3Double()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.answering.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: S3Double

    def do_GET(self) -> None:
        if self._failed():
            return
        path, query = self._key()
        if "list-type" in query:
            self._send(200, self._page(query), XML)
        elif path in self.server.contents:
            self._send(200, self.server.contents[path], {"Last-Modified": "Sun, 01 Mar 2026 12:00:00 GMT"})
        else:
            self._send(404, _error("NoSuchKey"), XML)

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self._failed():
            self.server.contents[self._key()[0]] = body
            self._send(200, b"", {"ETag": '"0"'})

    def do_DELETE(self) -> None:
        if not self._failed():
            self.server.contents.pop(self._key()[0], None)
            self._send(204, b"")

    def handle(self) -> None:
        try:
            super().handle()
        except ConnectionError:
            # a client that gave up
            self.close_connection = True

    def log_message(self, *_given: Any) -> None:
        return

    def _failed(self) -> bool:
        self.server.requests.append(f"{self.command} {self.path}")
        self.server.answering.wait(30)
        if not self.server.failures:
            return False
        status, code = self.server.failures.pop(0)
        self._send(status, _error(code), XML if code else {"Content-Type": "text/html"})
        return True

    def _key(self) -> tuple[str, dict[str, list[str]]]:
        parts = urlsplit(self.path)
        return unquote(parts.path).removeprefix("/captures").removeprefix("/"), parse_qs(parts.query)

    def _page(self, query: dict[str, list[str]]) -> bytes:
        after = query.get("continuation-token", [""])[0]
        prefix = query["prefix"][0]
        keys = sorted(key for key in self.server.contents if key.startswith(prefix) and key > after)
        more = len(keys) > PAGE
        items = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>{MODIFIED}</LastModified><Size>1</Size></Contents>"
            for key in keys[:PAGE]
        )
        token = f"<NextContinuationToken>{escape(keys[PAGE - 1])}</NextContinuationToken>" if more else ""
        return (
            f"<ListBucketResult><Name>captures</Name><IsTruncated>{str(more).lower()}</IsTruncated>{token}{items}</ListBucketResult>"
        ).encode()

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        cut = self.server.cut_after if self.command == "GET" else None
        self.wfile.write(body[:cut])
        self.close_connection = cut is not None


def _error(code: str) -> bytes:
    return f"<Error><Code>{code}</Code><Message>key AKIAEXAMPLE</Message></Error>".encode()
