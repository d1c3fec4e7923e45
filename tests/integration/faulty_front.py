# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A load balancer before a site's API server that fails on demand: refusals, latency, dropped and outdated watches."""

from __future__ import annotations

import base64
import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import yaml
from demo.cluster import wait_until

TIMEOUT = 60
CHUNK = 65536
# what belongs to one connection and not to the message
HOP = frozenset({"connection", "transfer-encoding", "content-length", "keep-alive", "host"})


class Front(ThreadingHTTPServer):
    """refused, dropped, outdated: how often each fault happened."""

    daemon_threads = True

    def __init__(self, kubeconfig: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        config = yaml.safe_load(kubeconfig.read_text())
        self._config = config
        cluster = config["clusters"][0]["cluster"]
        self._server = urlsplit(cluster["server"])
        self._tls = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
        self._lock = threading.Lock()
        self._watches: set[socket.socket] = set()
        self._to_refuse = self._to_outdate = 0
        self._status = 0
        # seconds that each request is held up
        self.latency = 0.0
        self.refused = self.dropped = self.outdated = 0
        self._held = ""
        self._let_go_on = threading.Event()

    def kubeconfig(self, path: Path) -> Path:
        """Of the site through this front."""
        name = self._config["clusters"][0]["name"]
        cluster = {"server": f"http://127.0.0.1:{self.server_address[1]}"}
        path.write_text(yaml.safe_dump({**self._config, "clusters": [{"name": name, "cluster": cluster}]}))
        return path

    def refuse(self, requests: int, status: int) -> None:
        """Answer the next so many requests with it."""
        with self._lock:
            self._to_refuse, self._status = requests, status

    def drop_watches(self, outdate: int = 0) -> None:
        """Break the connections of all watches, once there is one. outdate: as many of the next ones ask for a revision
        long forgotten.
        """
        wait_until("an open watch", TIMEOUT, lambda: [] if self._watches else ["any"])
        with self._lock:
            self._to_outdate = outdate
            watches, self._watches = self._watches, set()
            self.dropped += len(watches)
        for connection in watches:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    @contextmanager
    def holding(self, part: str) -> Iterator[None]:
        """Meanwhile requests whose path has this part get no answer."""
        self._held = part
        self._let_go_on.clear()
        try:
            yield
        finally:
            self._held = ""
            self._let_go_on.set()

    def await_let_go(self, path: str) -> None:
        if self._held and self._held in path:
            self._let_go_on.wait(TIMEOUT)

    def refusal(self) -> int | None:
        """The status of the answer; None where the API server is to answer."""
        with self._lock:
            refused = self._to_refuse > 0
            self._to_refuse -= refused
            self.refused += refused
            return self._status if refused else None

    def target(self, path: str) -> str:
        url = urlsplit(path)
        query = dict(parse_qsl(url.query))
        with self._lock:
            outdated = query.get("watch") == "true" and self._to_outdate > 0
            self._to_outdate -= outdated
            self.outdated += outdated
        return f"{url.path}?{urlencode({**query, 'resourceVersion': '1'})}" if outdated else path

    def connect(self) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(
            self._server.hostname or "", self._server.port, context=self._tls, timeout=TIMEOUT
        )

    def keep(self, connection: socket.socket) -> None:
        with self._lock:
            self._watches.add(connection)

    def let_go(self, connection: socket.socket) -> None:
        with self._lock:
            self._watches.discard(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that we or the client broke is what this is for."""


class _Passing(BaseHTTPRequestHandler):
    server: Front
    protocol_version = "HTTP/1.1"

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if status := self.server.refusal():
            answer = {
                "kind": "Status",
                "apiVersion": "v1",
                "status": "Failure",
                "code": status,
                "message": "overloaded",
            }
            headers = [("Content-Type", "application/json"), ("Retry-After", "1")]
            self._answer(status, headers, json.dumps(answer).encode())
            return
        time.sleep(self.server.latency)
        self.server.await_let_go(self.path)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
        there = self.server.connect()
        try:
            there.request(self.command, self.server.target(self.path), body or None, headers)
            answer = there.getresponse()
            kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in HOP]
            if "watch=true" in self.path:
                self._stream(answer, kept)
            else:
                self._answer(answer.status, kept, answer.read())
        finally:
            there.close()

    do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = _pass

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response(status)
        for name, value in [*headers, ("Content-Length", str(len(body)))]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, answer: http.client.HTTPResponse, headers: list[tuple[str, str]]) -> None:
        self.send_response(answer.status)
        for name, value in [*headers, ("Transfer-Encoding", "chunked")]:
            self.send_header(name, value)
        self.end_headers()
        self.server.keep(self.connection)
        try:
            while piece := answer.read1(CHUNK):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\n\r\n")
        finally:
            self.server.let_go(self.connection)

    def log_message(self, *_words: Any) -> None:
        """Nobody reads it."""


@contextmanager
def front_of(kubeconfig: Path) -> Iterator[Front]:
    front = Front(kubeconfig)
    thread = threading.Thread(target=front.serve_forever, daemon=True)
    thread.start()
    try:
        yield front
    finally:
        front.shutdown()
        front.server_close()
        thread.join(TIMEOUT)
