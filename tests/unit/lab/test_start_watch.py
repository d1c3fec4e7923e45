# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The witness of a start, against an API server that forgets."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from ocpvirt_lab.start_history import VM, Gap
from ocpvirt_lab.start_watch import StartWatch

Object = dict[str, Any]


def vm(name: str, revision: int, strategy: str, namespace: str = "a") -> Object:
    metadata = {"name": name, "namespace": namespace, "uid": name, "resourceVersion": str(revision)}
    return {"metadata": metadata, "spec": {"runStrategy": strategy}}


def error(code: int) -> Object:
    return {"type": "ERROR", "object": {"kind": "Status", "code": code}}


class Server(ThreadingHTTPServer):
    """items, revision: what a list of VMs answers. events: what its next watches tell; None ends a watch. No VMIs."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.items: list[Object] = []
        self.revision = 1
        self.events: queue.Queue[Object | None] = queue.Queue()
        self.watched_from: queue.Queue[str] = queue.Queue()
        self.closed = threading.Event()

    def becomes(self, revision: int, *items: Object) -> None:
        self.items, self.revision = list(items), revision


class Answers(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        split = urlsplit(self.path)
        query, vms = parse_qs(split.query), split.path.endswith("virtualmachines")
        self.send_response(200)
        self.end_headers()
        if "watch" not in query:
            items = self.server.items if vms else []
            metadata = {"resourceVersion": str(self.server.revision)}
            self.wfile.write(json.dumps({"metadata": metadata, "items": items}).encode())
        elif vms:
            self.server.watched_from.put(query["resourceVersion"][0])
            while event := self.server.events.get():
                self.wfile.write(json.dumps(event).encode() + b"\n")
        else:
            self.server.closed.wait(5)

    def log_message(self, *_arguments: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.events.put(None)
        server.closed.set()
        server.shutdown()


@pytest.fixture
def kubeconfig(server: Server, tmp_path: Path) -> Path:
    file = tmp_path / "kubeconfig"
    cluster = {"server": f"http://127.0.0.1:{server.server_port}", "certificate-authority": "ca.pem"}
    file.write_text(yaml.safe_dump({"clusters": [{"cluster": cluster}], "users": [{"user": {"token": "t"}}]}))
    return file


def test_a_broken_watch_goes_on_where_it_was(server: Server, kubeconfig: Path) -> None:
    with StartWatch(kubeconfig) as watch:
        server.events.put({"type": "ADDED", "object": vm("x", 2, "Always")})
        server.events.put(None)
        server.becomes(2, vm("x", 2, "Always"))
    assert [server.watched_from.get(timeout=5) for _watch in range(2)] == ["1", "2"]
    assert (list(watch.history().started), watch.history().gaps) == (["a/x"], [])


def test_after_410_it_lists_again_and_tells_the_gap(server: Server, kubeconfig: Path) -> None:
    server.becomes(3, vm("old", 1, "Always"), vm("x", 2, "Halted"))
    with StartWatch(kubeconfig) as watch:
        server.becomes(9, vm("x", 7, "Always"))
        server.events.put(error(410))
    history = watch.history()
    assert history.gaps == [Gap(VM, 3, 9)]
    assert [point.in_flight for point in history.points] == [1, 1]


def test_other_namespaces_are_not_looked_at(server: Server, kubeconfig: Path) -> None:
    server.becomes(3, vm("x", 2, "Always", "b"))
    with StartWatch(kubeconfig, ["a"]) as watch:
        pass
    assert watch.history().points == []


def test_a_bookmark_moves_the_revision_on(server: Server, kubeconfig: Path) -> None:
    with StartWatch(kubeconfig):
        server.events.put({"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "8"}}})
        server.events.put(None)
        server.becomes(8)
        assert [server.watched_from.get(timeout=5) for _watch in range(2)] == ["1", "8"]
