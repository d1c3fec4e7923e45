# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a start reads before its first request, and that none goes out before the guard has answered."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import PV, PVC, VMI, Kind
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Failed, Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.vm import PowerRecord
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start import startup
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start.guard import check_may_start
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.start.startup_world import (
    KubeVirt,
    Start,
)

# a test that would wait for ever fails
SOON = 20.0


class Listed(KubeVirt):
    """Counts the lists of each kind. failing: kinds that cannot be listed."""

    def __init__(self) -> None:
        super().__init__()
        self.lists: Counter[str] = Counter()
        self.failing: set[Kind] = set()
        self.vmis_listed = threading.Event()

    def list(self, kind: Kind, *given: Any, **named: Any) -> list[Any]:
        self.lists[kind.kind] += 1
        if kind == VMI:
            self.vmis_listed.set()
        if kind in self.failing:
            raise Failed("GET", site=self.site, on=kind.kind, seen="etcd has no leader", status=500)
        return super().list(kind, *given, **named)


class Guarded(Start):
    """A start in place behind the real guard: two VMs that are off, with a volume each."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(monkeypatch, Listed)
        monkeypatch.setattr(startup, "check_may_start", check_may_start)
        self.covered: list[str] = []
        session = self.session
        session.run = replace(session.run, operation="start")
        session.here = [GroupStatus("payroll", "west", "primary", "healthy", "outgoing")]
        session.there = [GroupStatus("payroll", "east", "secondary", "healthy", "incoming")]
        session.groups = SimpleNamespace(check_covered=lambda _site, _pvc, pv: self.covered.append(_name(pv)))
        place = {"nfs.server": "192.0.2.10", "nfs.path": "/exports/{pv.name}"}
        elsewhere = {**place, "nfs.server": "198.51.100.10"}
        self.rules = [{"match": {"nfs": {"server": "192.0.2.10"}}, "set": {"east": elsewhere, "west": place}}]
        for name in ("db", "web"):
            self.api.add(name, PowerRecord("Always", True))
            self._give_disk(name)

    def _give_disk(self, name: str) -> None:
        vm = self.api.objects["VirtualMachine", "payroll", name]
        vm["spec"]["template"]["spec"]["volumes"] = [{"name": "root", "persistentVolumeClaim": {"claimName": name}}]
        self.api.create(PVC, {"metadata": {"name": name, "namespace": "payroll"}, "spec": {"volumeName": f"pv-{name}"}})
        nfs = {"server": "192.0.2.10", "path": f"/exports/pv-{name}"}
        self.api.create(PV, {"metadata": {"name": f"pv-{name}"}, "spec": {"nfs": nfs}})


def _name(item: dict[str, Any]) -> str:
    return str(item["metadata"]["name"])


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Guarded:
    return Guarded(monkeypatch)


def test_a_start_lists_its_vms_once(start: Guarded) -> None:
    assert start.run()["ready"] == 2
    assert start.api.lists["VirtualMachine"] == 1


def test_a_start_lists_nothing_that_neither_its_guard_nor_its_order_needs(start: Guarded) -> None:
    start.run()
    once = ("PersistentVolumeClaim", "PersistentVolume", "VirtualMachineInstance", "Deployment", "Job")
    assert [start.api.lists[kind] for kind in once] == [1] * len(once)
    assert not start.api.lists.keys() & {"Service", "Secret", "DataVolume", "Route", "VirtualMachineSnapshot"}


def test_p1_the_guard_looks_at_every_volume_of_the_vms_that_were_listed(start: Guarded) -> None:
    start.run()
    assert sorted(start.covered) == ["pv-db", "pv-web"]


def test_p1_nothing_starts_before_the_guard_has_answered(start: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    """Although all else that a start reads was read meanwhile."""
    before = list(start.api.writes)

    def refuse_late(*_given: object) -> int:
        assert start.api.vmis_listed.wait(SOON), "the VMIs were not read beside the guard"
        raise Refused("start VMs", seen="the source was not declared lost")

    monkeypatch.setattr(startup, "check_may_start", refuse_late)
    with pytest.raises(Refused, match="not declared lost"):
        start.run()
    assert (start.api.running(), start.api.writes) == (set(), before)


@pytest.mark.parametrize("kind", [PVC, PV, VMI], ids=lambda kind: kind.kind)
def test_p1_the_guards_refusal_is_shown_whatever_else_cannot_be_read(start: Guarded, kind: Kind) -> None:
    start.api.failing = {kind}
    start.session.there = [replace(start.session.there[0], role="primary")]
    with pytest.raises(Refused, match="role primary"):
        start.run(caps={"per_storage_class": 1})


def test_p2_nothing_starts_when_the_volumes_cannot_be_read(start: Guarded) -> None:
    start.api.failing = {PV}
    before = list(start.api.writes)
    with pytest.raises(Failed, match="etcd has no leader"):
        start.run()
    assert start.api.writes == before
