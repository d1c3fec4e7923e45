# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes against listeners of this machine, and the bookkeeping of tries."""

from __future__ import annotations

import datetime
import http.server
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.readiness import HttpRequest, Probe
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start.probe import EVERY, Probes, answer_of
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import SimulatedTime
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

HERE = "127.0.0.1"
ENOUGH = 20.0
SHORT = 0.3
GET = HttpRequest("http", "/healthz", None, 200, 399)


class Health(http.server.BaseHTTPRequestHandler):
    """Redirects /moved, is ill at /ill, answers with the Host header it got otherwise."""

    def do_GET(self) -> None:
        status = {"/moved": 302, "/ill": 503, "/named": 200 if self.headers["Host"] == "pay.example.org" else 404}
        self.send_response(status.get(self.path, 200))
        self.send_header("Location", "/ill")
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        return


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[int]:
    server = http.server.ThreadingHTTPServer((HERE, 0), Health)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@contextmanager
def listening(talk: Callable[[socket.socket], None] = lambda _peer: None) -> Iterator[int]:
    """A port where each connection is talked to, and then left open until the end."""
    peers: list[socket.socket] = []

    def accept() -> None:
        while True:
            try:
                peers.append(listener.accept()[0])
                talk(peers[-1])
            except OSError:
                return

    with socket.create_server((HERE, 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]
    for peer in peers:
        peer.close()


@pytest.fixture
def closed_port() -> int:
    with socket.create_server((HERE, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def http_probe(port: int, path: str = "/healthz", scheme: str = "http", host: str | None = None) -> Probe:
    return Probe(port, ENOUGH, http=HttpRequest(scheme, path, host, 200, 399))


def test_a_listener_answers_a_tcp_probe() -> None:
    with listening() as port:
        assert answer_of(HERE, Probe(port, ENOUGH)) is None


def test_a_closed_port_is_refused(closed_port: int) -> None:
    assert answer_of(HERE, Probe(closed_port, ENOUGH)) == "Connection refused"


@pytest.mark.parametrize(
    ("path", "seen"),
    [("/healthz", None), ("/moved", None), ("/ill", "status 503, wanted 200 to 399")],
    ids=["healthy", "redirects are not followed", "ill"],
)
def test_an_http_probe_judges_by_the_status(path: str, seen: str | None) -> None:
    with serving() as port:
        assert answer_of(HERE, http_probe(port, path)) == seen


def test_an_http_probe_sends_the_host_of_the_plan() -> None:
    with serving() as port:
        assert answer_of(HERE, http_probe(port, "/named", host="pay.example.org")) is None


def test_an_https_probe_takes_any_certificate(tmp_path: Path) -> None:
    with serving(self_signed(tmp_path)) as port:
        assert answer_of(HERE, http_probe(port, scheme="https")) is None


def test_a_port_that_speaks_no_http_fails_the_probe() -> None:
    with listening(lambda peer: peer.sendall(b"SSH-2.0-OpenSSH\r\n")) as port:
        assert answer_of(HERE, http_probe(port))


def test_a_server_that_never_answers_ends_the_try() -> None:
    with listening() as port:
        assert answer_of(HERE, Probe(port, SHORT, http=GET)) == "no answer within 0.3 s"


def test_a_server_that_drips_its_answer_does_not_hold_the_thread() -> None:
    ended = threading.Event()

    def drip(peer: socket.socket) -> None:
        peer.sendall(b"HTTP/1.1 200 OK\r\nX-Drip: ")
        while not ended.wait(SHORT / 10):
            peer.sendall(b"x")

    with listening(drip) as port:
        begun = time.monotonic()
        seen = answer_of(HERE, Probe(port, SHORT, http=GET))
        took = time.monotonic() - begun
        ended.set()
    assert seen == "no answer within 0.3 s"
    assert took < ENOUGH


def self_signed(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "another.example.org")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
    form = serialization.PrivateFormat.PKCS8
    file = folder / "server.pem"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
        + builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


class Asked:
    """Probes whose tries run when the test lets them; answers: what each port says."""

    def __init__(self) -> None:
        self.time = SimulatedTime()
        self.answers: dict[int, str | None] = {}
        self.tried: list[int] = []
        self.waiting: list[tuple[Callable[..., None], tuple[object, ...]]] = []
        self.probes = Probes(self.time.clock(), threading.Condition(), self._answer, self._submit)

    def passed(self, *ports: int) -> bool:
        return self.probes.passed("payroll/a", tuple(("192.0.2.1", Probe(port, 2.0)) for port in ports))

    def run(self) -> None:
        """All tries that were begun."""
        while self.waiting:
            call, given = self.waiting.pop(0)
            call(*given)

    def _submit(self, call: Callable[..., None], *given: object) -> None:
        self.waiting.append((call, given))

    def _answer(self, _address: str, probe: Probe) -> str | None:
        self.tried.append(probe.port)
        return self.answers.get(probe.port)


@pytest.fixture
def asked() -> Asked:
    return Asked()


def test_nobody_waits_for_a_try(asked: Asked) -> None:
    assert (asked.passed(22), asked.tried) == (False, [])


def test_one_try_at_a_time_goes_to_a_vm(asked: Asked) -> None:
    for _look in range(5):
        asked.passed(22)
    assert len(asked.waiting) == 1


def test_a_vm_passes_when_its_last_probe_was_answered(asked: Asked) -> None:
    looks = []
    for _look in range(3):
        looks.append(asked.passed(22, 80))
        asked.run()
    assert (looks, asked.tried) == ([False, False, True], [22, 80])


def test_a_vm_that_did_not_answer_is_asked_again_after_a_while(asked: Asked) -> None:
    asked.answers[22] = "Connection refused"
    asked.passed(22)
    asked.run()
    asked.passed(22)
    assert asked.waiting == []
    asked.time.sleep(EVERY)
    asked.passed(22)
    assert len(asked.waiting) == 1


def test_what_the_last_try_saw_is_told(asked: Asked) -> None:
    asked.answers[22] = "Connection refused"
    asked.passed(22)
    asked.run()
    assert asked.probes.seen("payroll/a") == "TCP port 22 of 192.0.2.1: Connection refused"


def test_the_answer_to_a_forgotten_vm_does_not_count(asked: Asked) -> None:
    asked.passed(22)
    asked.probes.forget("payroll/a")
    asked.run()
    assert asked.passed(22) is False
