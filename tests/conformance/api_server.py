# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real API server with nothing behind it but etcd, for as long as the tests run."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from ocpvirt_lab.controlplane import SERVICE_RANGE
from ocpvirt_lab.layout import SITES
from ocpvirt_lab.pki import SitePki

STARTED_WITHIN = 120.0
PUBLISHED_WITHIN = 60.0
STOPPED_WITHIN = 20.0


class ApiServer:
    """call: one request; its answer's status and body. A body of bytes is sent as it is.

    url, authority, headers: for other clients.
    """

    def __init__(self, url: str, token: str, authority: Path) -> None:
        self.url = url
        self.authority = authority
        self.headers = {"Authorization": f"Bearer {token}"}
        self._session = requests.Session()
        # neither proxies nor other authorities
        self._session.trust_env = False
        self._session.headers.update(self.headers)
        self._session.verify = str(authority)

    def call(
        self, method: str, path: str, body: Any = None, content_type: str = "application/json", **query: str
    ) -> tuple[int, Any]:
        headers = {"Content-Type": content_type}
        content = {"data": body} if isinstance(body, bytes) else {"json": body}
        answer = self._session.request(
            method, f"{self.url}{path}", params=query, headers=headers, timeout=30, **content
        )
        return answer.status_code, answer.json() if answer.content.startswith(b"{") else answer.text

    def await_answer(
        self, path: str, seconds: float = PUBLISHED_WITHIN, processes: Sequence[subprocess.Popen[bytes]] = ()
    ) -> Any:
        """The answer to a GET, as soon as there is one. processes: those that have to live meanwhile."""
        deadline = time.monotonic() + seconds
        while True:
            # while the server starts it takes no connection, and then answers with errors
            try:
                status, body = self.call("GET", path)
                if status == requests.codes.ok:
                    return body
            except requests.exceptions.SSLError:
                raise
            except requests.ConnectionError:
                dead = [process.args for process in processes if process.poll() is not None]
                assert not dead, f"ended at once: {dead}"
            assert time.monotonic() < deadline, f"no answer to GET {path} within {seconds:.0f} s"
            time.sleep(0.2)


@contextmanager
def running(binaries: dict[str, Path], folder: Path) -> Iterator[ApiServer]:
    """etcd and kube-apiserver on free ports, with certificates and a token as a site of the lab has them."""
    etcd, peer, secure = _free_ports(3)
    pki = SitePki(folder / "pki", SITES["east"])
    pki.create()
    certificate, key = pki.server
    commands = {
        "etcd": [
            f"--data-dir={folder / 'etcd'}",
            f"--listen-client-urls=http://127.0.0.1:{etcd}",
            f"--advertise-client-urls=http://127.0.0.1:{etcd}",
            f"--listen-peer-urls=http://127.0.0.1:{peer}",
            "--unsafe-no-fsync",
        ],
        "kube-apiserver": [
            f"--etcd-servers=http://127.0.0.1:{etcd}",
            f"--secure-port={secure}",
            "--bind-address=127.0.0.1",
            f"--tls-cert-file={certificate}",
            f"--tls-private-key-file={key}",
            f"--token-auth-file={pki.tokens}",
            "--authorization-mode=RBAC",
            "--disable-admission-plugins=ServiceAccount",
            f"--service-cluster-ip-range={SERVICE_RANGE}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={pki.service_account_public_key}",
            f"--service-account-signing-key-file={pki.service_account_key}",
        ],
    }
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for name, options in commands.items():
            with (folder / f"{name}.log").open("wb") as log:
                processes.append(subprocess.Popen([binaries[name], *options], stdout=log, stderr=log))
        server = ApiServer(f"https://127.0.0.1:{secure}", pki.token("admin"), pki.ca)
        server.await_answer("/readyz", STARTED_WITHIN, processes)
        yield server
    finally:
        for process in reversed(processes):
            process.terminate()
        for process in processes:
            try:
                process.wait(STOPPED_WITHIN)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _free_ports(count: int) -> list[int]:
    taken = [socket.create_server(("127.0.0.1", 0)) for _number in range(count)]
    ports = [one.getsockname()[1] for one in taken]
    for one in taken:
        one.close()
    return ports
