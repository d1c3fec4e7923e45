# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site given by user name and password; a small HTTP server stands for OpenShift's OAuth server."""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.oauth import login
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Failed, Unreachable

PASSWORD = "correct horse"


class OauthServer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        host = f"http://{self.headers['Host']}"
        if self.path.startswith("/.well-known/"):
            self._answer(200, {"authorization_endpoint": f"{host}/authorize", "token_endpoint": f"{host}/token"})
            return
        given = base64.b64decode(self.headers["authorization"].removeprefix("Basic ")).decode()
        if given != f"ops:{PASSWORD}":
            self._answer(401, {})
            return
        self.send_response(302)
        self.send_header("Location", f"{host}/oauth/token/implicit?code=c0de&state=1")
        self.end_headers()

    def do_POST(self) -> None:
        self._answer(200, {"access_token": "sha256~token", "expires_in": 86400, "scope": "user:full"})

    def log_message(self, *_arguments: object) -> None:
        """Nothing on the terminal."""

    def _answer(self, status: int, body: dict[str, object]) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), OauthServer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_a_user_name_and_password_become_a_token(host: str) -> None:
    options = login("east", {"host": host, "username": "ops", "password": PASSWORD, "validate_certs": False})
    assert options == {"host": host, "validate_certs": False, "api_key": "sha256~token"}


def test_a_wrong_password_is_named_without_being_shown(host: str) -> None:
    with pytest.raises(Failed) as caught:
        login("east", {"host": host, "username": "ops", "password": "wrong pony"})
    assert "check user name and password" in str(caught.value)
    assert caught.value.status == 401
    assert "pony" not in str(caught.value)


def test_p4_a_login_that_hangs_keeps_nobody_from_ending() -> None:
    """The process ends although its request to a server that says nothing is still under way."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"http://127.0.0.1:{silent.getsockname()[1]}"
        options = {"host": host, "username": "ops", "password": PASSWORD}
        call = f"from {login.__module__} import login; login('east', {options!r}, 0.1)"
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run(
            [sys.executable, "-c", call], env=environment, capture_output=True, text=True, timeout=60, check=False
        )
    assert "Unreachable: log in at the OAuth server" in done.stderr


def test_p4_a_site_that_does_not_answer_is_unreachable(host: str) -> None:
    # port 1 of the loopback device: nobody listens there
    with pytest.raises(Unreachable):
        login("east", {"host": "http://127.0.0.1:1", "username": "ops", "password": PASSWORD})
