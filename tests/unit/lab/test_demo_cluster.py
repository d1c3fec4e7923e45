# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo's plain client, against a site that was lost and is back: what it kept open leads nowhere any more."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from demo.cluster import Cluster
from ocpvirt_lab.layout import SITES
from ocpvirt_lab.pki import SitePki, write_kubeconfig

NODES = "/api/v1/nodes"


@dataclass
class Api:
    """A site behind its relay: connections that were made before `lost` end when they are used, not earlier.

    asked: the method of each request, whether it was answered or not; down: no connection is answered.
    """

    cluster: Cluster
    asked: list[str] = field(default_factory=list)
    made: int = 0
    lost: int = 0
    down: bool = False

    def lose_and_restore(self) -> None:
        self.lost = self.made
        self.asked.clear()


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    pki = SitePki(tmp_path, SITES["east"])
    pki.create()
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*pki.server)
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        file = tmp_path / "kubeconfig"
        write_kubeconfig(file, "east", f"https://127.0.0.1:{server.server_port}", pki.ca, pki.token("admin"))
        site = Api(Cluster(file))
        server.RequestHandlerClass = _answers(site)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield site
        server.shutdown()


def _answers(api: Api) -> type[BaseHTTPRequestHandler]:
    class Answers(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            api.made += 1
            self.number = api.made

        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            api.asked.append(self.command)
            if api.down or self.number <= api.lost:
                self.close_connection = True
                return
            content = b'{"items": [{}]}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _answer

        def log_message(self, *_arguments: Any) -> None:
            pass

    return Answers


def test_a_connection_is_kept_from_one_request_to_the_next(api: Api) -> None:
    assert [api.cluster.call("GET", NODES) for _again in range(3)] == [{"items": [{}]}] * 3
    assert api.made == 1


@pytest.mark.parametrize(
    "read",
    [
        lambda cluster: cluster.list("PersistentVolume"),
        lambda cluster: cluster.get("PersistentVolume", "pv-0"),
        lambda cluster: cluster.events(NODES, "1"),
    ],
    ids=["list", "get", "events"],
)
def test_a_read_over_what_was_kept_open_to_a_lost_site_is_repeated(api: Api, read: Callable[[Cluster], Any]) -> None:
    read(api.cluster)
    api.lose_and_restore()
    assert read(api.cluster)
    assert api.asked == ["GET", "GET"]


@pytest.mark.parametrize(
    ("write", "method"),
    [
        (lambda cluster: cluster.create({"kind": "PersistentVolume", "metadata": {"name": "pv-0"}}), "POST"),
        (lambda cluster: cluster.patch("PersistentVolume", "pv-0", None, {}), "PATCH"),
        (lambda cluster: cluster.start("db-0", "payroll"), "PUT"),
        (lambda cluster: cluster.delete("PersistentVolume", "pv-0"), "DELETE"),
    ],
    ids=["create", "patch", "start", "delete"],
)
def test_a_write_that_may_have_been_done_is_never_repeated(
    api: Api, write: Callable[[Cluster], Any], method: str
) -> None:
    api.cluster.list("PersistentVolume")
    api.lose_and_restore()
    with pytest.raises(requests.ConnectionError):
        write(api.cluster)
    assert api.asked == [method]


def test_a_site_that_ends_a_new_connection_too_is_down_and_said_to_be(api: Api) -> None:
    api.cluster.list("PersistentVolume")
    api.lose_and_restore()
    api.down = True
    with pytest.raises(requests.ConnectionError):
        api.cluster.list("PersistentVolume")
    assert api.asked == ["GET", "GET"]
