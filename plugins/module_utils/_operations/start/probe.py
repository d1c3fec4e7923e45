# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking started VMs over the network whether they serve: few threads, each try bounded, nobody waits for them."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from ..._cluster.clock import Clock
from ..._model.readiness import HttpRequest, Probe

WORKERS = 8
# seconds between two tries of one VM
EVERY = 2.0

Target = tuple[str, Probe]
# quoted: ansible-test's pylint takes the operator for one of values
Answer = Callable[[str, Probe], "str | None"]


@dataclass
class _Tries:
    """Of one VM. left: targets that did not answer yet, one after the other; seen: what the last try saw."""

    left: tuple[Target, ...]
    asked: tuple[Target, ...]
    due: float
    running: bool = False
    seen: str | None = None


class Probes:
    """Tries by key. All but stop is called by who holds the condition, which a finished try wakes."""

    def __init__(
        self,
        clock: Clock,
        wake: threading.Condition,
        answer: Answer | None = None,
        submit: Callable[..., Any] | None = None,
    ) -> None:
        self._clock = clock
        self._wake = wake
        self._answer = answer or answer_of
        self._submit = submit or self._in_pool
        self._pool: ThreadPoolExecutor | None = None
        self._tries: dict[str, _Tries] = {}

    def passed(self, key: str, targets: tuple[Target, ...]) -> bool:
        """Whether all of them have answered; begins another try when it is time for one, and never waits for it."""
        now = self._clock.monotonic()
        tries = self._tries.get(key)
        if tries is None or tries.asked != targets:
            tries = self._tries[key] = _Tries(targets, targets, now)
        if tries.left and not tries.running and now >= tries.due:
            tries.running = True
            self._submit(self._try, tries)
        return not tries.left

    def seen(self, key: str) -> str | None:
        """What the last try saw."""
        tries = self._tries.get(key)
        return tries.seen if tries else None

    def forget(self, key: str) -> None:
        self._tries.pop(key, None)

    def stop(self) -> None:
        """Nothing more is tried; what runs ends by its own timeout."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def _in_pool(self, *call: Any) -> None:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(max_workers=WORKERS, thread_name_prefix="probe")
        self._pool.submit(*call)

    def _try(self, tries: _Tries) -> None:
        address, probe = tries.left[0]
        seen: str | None = "the try broke off"
        try:
            seen = self._answer(address, probe)
        finally:
            with self._wake:
                tries.running = False
                tries.seen = f"{probe.shown} of {address}: {seen}" if seen else None
                tries.left = tries.left if seen else tries.left[1:]
                tries.due = self._clock.monotonic() + (EVERY if seen else 0.0)
                self._wake.notify_all()


def answer_of(address: str, probe: Probe) -> str | None:
    """One try, over within three times its timeout. None if the VM serves, else what was seen."""
    try:
        if probe.http is None:
            socket.create_connection((address, probe.port), probe.timeout).close()
            return None
        status = _status(address, probe, probe.http)
    except TimeoutError:
        return f"no answer within {probe.timeout:g} s"
    # a guest may answer anything at all
    except (OSError, http.client.HTTPException, ValueError) as error:
        return f"{getattr(error, 'strerror', None) or error or type(error).__name__}"[:200]
    if probe.http.lowest <= status <= probe.http.highest:
        return None
    return f"status {status}, wanted {probe.http.lowest} to {probe.http.highest}"


def _status(address: str, probe: Probe, request: HttpRequest) -> int:
    """Of a GET, without a proxy, without following redirects; the body is not read."""
    connection = _connection(address, probe, request)
    try:
        connection.connect()
        # a timeout of a socket is one of each read: a guest that drips its answer would hold the thread for ever
        ended = threading.Event()
        end = threading.Timer(probe.timeout, _end, (connection.sock, ended))
        end.daemon = True
        end.start()
        try:
            connection.request("GET", request.path, headers={"Host": request.host} if request.host else {})
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            if ended.is_set():
                raise TimeoutError from error
            raise
        finally:
            end.cancel()
        if ended.is_set():
            # what came before the cut looks whole
            raise TimeoutError
        return status
    finally:
        connection.close()


def _connection(address: str, probe: Probe, request: HttpRequest) -> http.client.HTTPConnection:
    if request.scheme == "http":
        return http.client.HTTPConnection(address, probe.port, timeout=probe.timeout)
    # as the kubelet does: no certificate names the address of a VM, and nothing secret is sent
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(address, probe.port, timeout=probe.timeout, context=context)


def _end(connected: socket.socket, ended: threading.Event) -> None:
    ended.set()
    try:
        connected.shutdown(socket.SHUT_RDWR)
    except OSError:
        # it is closed already
        return
