# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A front of the lab's NFS server whose replication API has clones: the copy is a real export of the real server."""

from __future__ import annotations

import json
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePosixPath
from typing import Any

import requests

CLONE = re.compile(r"/v1/exports/(?P<export>[^/]+)/clones/(?P<name>[a-z0-9-]+)")
ABSENT = {"error": {"reason": "NotFound", "message": "there is no such clone"}}
TIMEOUT = 60


class CopyingServer(ThreadingHTTPServer):
    """storage: where the server keeps its exports."""

    daemon_threads = True

    def __init__(self, control: str, storage: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.control, self.storage = control, storage
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def clone(self, export: str, name: str) -> tuple[int, Any]:
        with self._lock:
            made, copy = f"{export}-{name}", self.storage / f"{export}-{name}"
            known = copy.with_name(f".{made}.taken")
            seen = requests.get(self.exports(export), timeout=TIMEOUT).json()
            if not known.exists():
                settings = {"role": "primary", "peer": "", "interval_seconds": 60}
                requests.put(self.exports(made), json=settings, timeout=TIMEOUT).raise_for_status()
                known.write_text(self._copy(export, copy))
            path = PurePosixPath(seen["path"]).with_name(made)
            return 200, {"path": str(path), "taken": known.read_text()}

    def unclone(self, export: str, name: str) -> tuple[int, Any]:
        with self._lock:
            made = f"{export}-{name}"
            there = requests.delete(self.exports(made), timeout=TIMEOUT).ok
            shutil.rmtree(self.storage / made, ignore_errors=True)
            (self.storage / f".{made}.taken").unlink(missing_ok=True)
            return (200, {}) if there else (404, ABSENT)

    def exports(self, name: str) -> str:
        return f"{self.control}/v1/exports/{name}"

    def _copy(self, export: str, copy: Path) -> str:
        """Between two snapshots."""
        while True:
            before = requests.get(self.exports(export), timeout=TIMEOUT).json()["last_sync"]
            shutil.copytree(self.storage / export, copy, dirs_exist_ok=True)
            if requests.get(self.exports(export), timeout=TIMEOUT).json()["last_sync"] == before:
                return str(before)


class _Answering(BaseHTTPRequestHandler):
    server: CopyingServer
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        asked = CLONE.fullmatch(self.path)
        if asked:
            do = self.server.clone if self.command == "PUT" else self.server.unclone
            status, answer = do(asked["export"], asked["name"])
            self._send(status, json.dumps(answer).encode())
            return
        there = requests.request(self.command, f"{self.server.control}{self.path}", data=body, timeout=TIMEOUT)
        self._send(there.status_code, there.content)

    do_GET = do_PUT = do_POST = do_DELETE = _answer

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        return


@contextmanager
def copying_server(control: str, storage: Path) -> Iterator[CopyingServer]:
    server = CopyingServer(control, storage)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join(60)
        server.server_close()
