# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A double of virt-handler's subresources at a site: freeze stops the guests of the lab, unfreeze lets them go on.

virt-api and virt-controller, which call it, are the real ones.
"""

from __future__ import annotations

import datetime
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from demo.cluster import Cluster, wait_until
from demo.lab import COMMAND, Lab

NAMESPACE = "kubevirt"
POD = "virt-handler-double"
ADDRESS, PORT = "10.77.0.11", 8186
# common name by which virt-api knows it
SUBJECT = "kubevirt.io:system:node:virt-handler"
# runs at the site: its network, and the processes of the lab
SERVER = """
import http.server, os, signal, ssl, sys, threading
crt, key, log, refusing, site, address, port = sys.argv[1:]

def guests():
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            words = open(f"/proc/{pid}/cmdline").read().split("\\0")
        except OSError:
            continue
        if words[1:3] == ["guest", f"--name={site}"]:
            yield int(pid)

class Handler(http.server.BaseHTTPRequestHandler):
    def do_PUT(self):
        verb = self.path.rsplit("/", 1)[1]
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        refused = verb == "freeze" and os.path.exists(refusing)
        if not refused:
            for pid in guests():
                os.kill(pid, signal.SIGSTOP if verb == "freeze" else signal.SIGCONT)
        with open(log, "a") as file:
            file.write(f"{verb}{' refused' if refused else ''}\\n")
        self.send_response(500 if refused else 200)
        self.end_headers()

server = http.server.ThreadingHTTPServer((address, int(port)), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(crt, key)
server.socket = context.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
open(log, "a").close()
# until whoever started it is gone
sys.stdin.read()
"""


@dataclass
class FrozenGuests:
    """folder: where its log and its certificate are."""

    lab: Lab
    cluster: Cluster
    folder: Path
    _log: Path = field(init=False)

    def __post_init__(self) -> None:
        self._log = self.folder / "freezes"

    @property
    def calls(self) -> list[str]:
        """Each that changed something.

        KubeVirt freezes again when it does not see its own volume snapshots yet, unless the VMI's status says that it
        is frozen, which nobody here writes.
        """
        lines = self._log.read_text().split("\n")[:-1] if self._log.exists() else []
        return [call for call, _again in groupby(lines)]

    def forget(self) -> None:
        self._log.write_text("")

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """The guest's agent cannot freeze its file systems."""
        mark = self.folder / "refusing"
        mark.touch()
        try:
            yield
        finally:
            mark.unlink()

    @contextmanager
    def serving(self, node: str) -> Iterator[None]:
        crt, key = self._certificate()
        names = [str(crt), str(key), str(self._log), str(self.folder / "refusing"), "east", ADDRESS, str(PORT)]
        command = [str(COMMAND), "exec", "east", "--", sys.executable, "-c", SERVER, *names]
        environment = {**os.environ, "LAB_NAME": self.lab.name}
        with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE) as server:
            assert server.stdin is not None
            try:
                wait_until("virt-handler's double", 30, lambda: [] if self._log.exists() else ["its log"])
                self._announce(node)
                yield
            finally:
                server.stdin.close()

    def _announce(self, node: str) -> None:
        """The pod by which virt-api finds it."""
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": POD, "namespace": NAMESPACE, "labels": {"kubevirt.io": "virt-handler"}},
            "spec": {"nodeName": node, "containers": [{"name": "main", "image": "virt-handler:lab"}]},
        }
        self.cluster.create(pod)

        def missing() -> list[str]:
            phase = self.cluster.get("Pod", POD, NAMESPACE)["status"].get("phase", "")
            return [] if phase == "Running" else [phase]

        wait_until("the pod of virt-handler", 30, missing)
        at = f"/api/v1/namespaces/{NAMESPACE}/pods/{POD}/status"
        status = {"podIP": ADDRESS, "podIPs": [{"ip": ADDRESS}]}
        self.cluster.call("PATCH", at, {"status": status}, "application/merge-patch+json")

    def _certificate(self) -> tuple[Path, Path]:
        """Of the site's authority, which the lab keeps for tests."""
        pki = self.cluster.kubeconfig.parent / "east" / "pki"
        authority = x509.load_pem_x509_certificate((pki / "ca.crt").read_bytes())
        signer = serialization.load_pem_private_key((pki / "ca.key").read_bytes(), None)
        assert isinstance(signer, ec.EllipticCurvePrivateKey)
        key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
        built = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, SUBJECT)]))
            .issuer_name(authority.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .sign(signer, hashes.SHA256())
        )
        files = self.folder / "handler.crt", self.folder / "handler.key"
        files[0].write_bytes(built.public_bytes(serialization.Encoding.PEM))
        files[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        files[1].chmod(0o600)
        return files
