# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's plain client, against a server that ends connections as it likes."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from ocpvirt_lab.errors import LabError
from ocpvirt_lab.site_client import SiteClient


class Answers(BaseHTTPRequestHandler):
    """Ends the connection after each answer, and does not say so."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        content = b"no such thing" if self.path == "/missing" else b"{}"
        self.send_response(404 if self.path == "/missing" else 200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        self.close_connection = True

    def log_message(self, *_arguments: Any) -> None:
        pass


@pytest.fixture
def client(tmp_path: Path) -> Iterator[SiteClient]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        file = tmp_path / "kubeconfig"
        cluster = {"server": f"http://127.0.0.1:{server.server_port}"}
        file.write_text(yaml.safe_dump({"clusters": [{"cluster": cluster}], "users": [{"user": {"token": "t"}}]}))
        yield SiteClient(file)
        server.shutdown()


def test_a_connection_that_the_server_closed_is_made_anew(client: SiteClient) -> None:
    assert [client.call("GET", "/") for _again in range(3)] == [b"{}"] * 3


def test_a_connection_that_tls_finds_closed_is_made_anew(client: SiteClient, monkeypatch: pytest.MonkeyPatch) -> None:
    sent, request = [], HTTPConnection.request

    def closed_once(connection: HTTPConnection, method: str, path: str, *more: Any) -> None:
        sent.append(path)
        if len(sent) == 2:
            raise ssl.SSLEOFError("EOF occurred in violation of protocol")
        request(connection, method, path, *more)

    monkeypatch.setattr(HTTPConnection, "request", closed_once)
    assert [client.call("GET", "/") for _again in range(2)] == [b"{}"] * 2
    assert len(sent) == 3


def test_a_refusal_tells_what_was_asked_and_answered(client: SiteClient) -> None:
    with pytest.raises(LabError, match="GET /missing: HTTP 404: no such thing"):
        client.call("GET", "/missing")
