# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.bell import Bell
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import VMI, Kind
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.watching import Watch

SOON = 5.0


def vmi(name: str, phase: str, namespace: str = "payroll") -> dict[str, Any]:
    meta = {"name": name, "namespace": namespace, "resourceVersion": "2"}
    return {"metadata": meta, "status": {"phase": phase}}


class Server:
    """A list, and then the events that a test lets happen. An ERROR makes the watch list again."""

    def __init__(self, *items: dict[str, Any]) -> None:
        self.items = list(items)
        self.lists = 0
        self._events: list[tuple[str, dict[str, Any]]] = []
        self._more = threading.Condition()

    def list_with_version(
        self, _kind: Kind, _namespace: str | None, _labels: str | None, keep: Callable[[dict[str, Any]], Any]
    ) -> tuple[list[Any], str]:
        self.lists += 1
        return [keep(item) for item in self.items], "1"

    def watch(self, *_given: object) -> Iterator[tuple[str, dict[str, Any]]]:
        while True:
            with self._more:
                if not self._more.wait_for(lambda: self._events, timeout=0.2):
                    return
                event = self._events.pop(0)
            yield event

    def happen(self, *events: tuple[str, dict[str, Any]]) -> None:
        with self._more:
            self._events += events
            self._more.notify_all()


class Watching:
    def __init__(self, server: Server) -> None:
        self.bell = Bell()
        self.watch = Watch(server, VMI, ("payroll", "web"), self.bell, keep=lambda item: item["status"]["phase"])
        self.watch.start()

    def wait_for(self, condition: Callable[[], bool]) -> None:
        with self.bell:
            assert self.bell.wait_for(condition, timeout=SOON)

    def changed(self) -> set[str]:
        with self.bell:
            return {name for _namespace, name in self.watch.take_changed()}


@pytest.fixture
def server() -> Server:
    return Server(vmi("a", "Pending"), vmi("b", "Running"), vmi("c", "Running", namespace="other"))


@pytest.fixture
def watching(server: Server) -> Iterator[Watching]:
    watching = Watching(server)
    watching.wait_for(lambda: watching.watch.listed)
    yield watching
    watching.watch.stop()


def test_what_is_listed_has_changed_once(watching: Watching) -> None:
    assert (watching.changed(), watching.changed()) == ({"a", "b"}, set())


def test_only_what_has_changed_is_told(server: Server, watching: Watching) -> None:
    watching.changed()
    server.happen(("MODIFIED", vmi("a", "Running")))
    watching.wait_for(lambda: watching.watch.objects["payroll", "a"] == "Running")
    assert watching.changed() == {"a"}


def test_what_goes_is_told(server: Server, watching: Watching) -> None:
    watching.changed()
    server.happen(("DELETED", vmi("a", "Running")))
    watching.wait_for(lambda: ("payroll", "a") not in watching.watch.objects)
    assert watching.changed() == {"a"}


def test_nobody_is_woken_for_what_nobody_keeps(server: Server, watching: Watching) -> None:
    watching.changed()
    rung = watching.bell.rung
    server.happen(("MODIFIED", vmi("b", "Running")), ("MODIFIED", vmi("a", "Running")))
    watching.wait_for(lambda: watching.watch.objects["payroll", "a"] == "Running")
    assert (watching.changed(), watching.bell.rung) == ({"a"}, rung + 1)


def test_after_a_gap_only_the_difference_is_told(server: Server, watching: Watching) -> None:
    watching.changed()
    server.items = [vmi("b", "Running"), vmi("d", "Running")]
    server.happen(("ERROR", {"code": 410}))
    watching.wait_for(lambda: server.lists > 1 and ("payroll", "d") in watching.watch.objects)
    assert watching.changed() == {"a", "d"}


def test_what_happens_between_a_look_and_a_wait_is_not_slept_over() -> None:
    bell = Bell()
    rung = bell.rung
    with bell:
        bell.notify_all()
    bell.wait_beyond(rung, 3600)


def test_a_bell_that_is_not_rung_lets_its_owner_go_after_the_time() -> None:
    bell = Bell()
    bell.wait_beyond(bell.rung, 0.001)
    assert bell.rung == 0
