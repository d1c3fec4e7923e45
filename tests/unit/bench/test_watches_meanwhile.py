# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose watches are counted, as an API server counts them."""

from __future__ import annotations

import threading

import pytest
from ansible_collections.ocpvirt.dr.tests.bench import apiserver_metrics
from ansible_collections.ocpvirt.dr.tests.bench.apiserver_metrics import WatchesMeanwhile

KIND = "virtualmachineinstances"
WITHIN = 10.0


class Server:
    """Answers with the number of watches that it is told, and knows how often that was read since."""

    def __init__(self, watches: int) -> None:
        self._changed = threading.Condition()
        self._once: list[int] = []
        self.has(watches)

    def has(self, watches: int) -> None:
        with self._changed:
            self._watches, self._read = watches, 0

    def has_once(self, watches: int) -> None:
        """In the next answer only."""
        with self._changed:
            self._once, self._read = [watches], 0

    def await_reads(self, times: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self._read >= times, WITHIN)

    def call(self, _method: str, _path: str) -> bytes:
        with self._changed:
            self._read += 1
            self._changed.notify_all()
            watches = self._once.pop() if self._once else self._watches
            labels = f'resource="{KIND}",scope="cluster",verb="WATCH"'
            return f"apiserver_longrunning_requests{{{labels}}} {watches}\n".encode()


@pytest.fixture(autouse=True)
def _looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apiserver_metrics, "SAMPLE_EVERY", 0.001)


def test_watches_that_begin_and_end_meanwhile_are_counted() -> None:
    server = Server(2)
    with WatchesMeanwhile(server) as watched:
        server.has(4)
        server.await_reads(3)
        server.has(2)
    assert watched.most[KIND] == 2


def test_a_watch_that_somebody_else_begins_and_keeps_is_not_counted() -> None:
    server = Server(2)
    with WatchesMeanwhile(server) as watched:
        server.has(4)
        server.await_reads(3)
        server.has(3)
    assert watched.most[KIND] == 1


def test_a_watch_that_follows_another_one_is_counted_once() -> None:
    server = Server(0)
    with WatchesMeanwhile(server) as watched:
        server.has(1)
        server.await_reads(3)
        server.has_once(2)
        server.await_reads(3)
        server.has(0)
    assert watched.most[KIND] == 1
