# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a failover's time is not the tool's: Velero by its own timestamps, the storage as its requests were seen."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import urllib3
from ocpvirt_lab.dead_address import Span
from ocpvirt_lab.site_client import SiteClient

VELERO = "/apis/velero.io/v1/namespaces/velero"
# from when a DownloadRequest is answered until its address expires
DOWNLOAD_TTL = timedelta(minutes=10)
TIMEOUT = 300


def union(spans: Iterable[Span]) -> float:
    """Seconds in which there was at least one of them."""
    total, reached = 0.0, float("-inf")
    for begin, end in sorted(spans):
        total += max(0.0, end - max(begin, reached))
        reached = max(reached, end)
    return total


def velero_spans(client: SiteClient, since: datetime) -> list[Span]:
    """Of its restores and downloads that were asked for since then; in whole seconds, as Velero writes them."""
    spans = []
    for restore in client.list(f"{VELERO}/restores")[0]:
        status = restore["status"]
        spans.append((_time(status["startTimestamp"]), _time(status["completionTimestamp"])))
    for request in client.list(f"{VELERO}/downloadrequests")[0]:
        answered = datetime.fromisoformat(request["status"]["expiration"]) - DOWNLOAD_TTL
        spans.append((_time(request["metadata"]["creationTimestamp"]), answered.timestamp()))
    return [span for span in spans if span[0] >= int(since.timestamp())]


class StorageFront(ThreadingHTTPServer):
    """Passes requests on to a storage's API, and keeps when each was under way."""

    daemon_threads = True

    def __init__(self, url: str) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        self.behind = url
        self.connections = urllib3.PoolManager(maxsize=16, retries=False, timeout=TIMEOUT)
        self.spans: list[Span] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Passing(BaseHTTPRequestHandler):
    server: StorageFront
    protocol_version = "HTTP/1.1"

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        began = time.time()
        answer = self.server.connections.request(
            self.command, f"{self.server.behind}{self.path}", body=body, headers={"Content-Type": "application/json"}
        )
        self.server.spans.append((began, time.time()))
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer.data)))
        self.end_headers()
        self.wfile.write(answer.data)

    do_GET = do_PUT = do_POST = do_DELETE = _pass

    def log_message(self, *_words: object) -> None:
        """Nobody reads it."""


@contextmanager
def storage_front(url: str) -> Iterator[StorageFront]:
    front = StorageFront(url)
    threading.Thread(target=front.serve_forever, daemon=True).start()
    try:
        yield front
    finally:
        front.shutdown()
        front.server_close()


def _time(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
