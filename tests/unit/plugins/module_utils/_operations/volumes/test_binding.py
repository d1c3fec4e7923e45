# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Claims and volumes are bound with the fewest writes of the PV controller, whoever is killed in the middle."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.clock import Clock
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import PV, PVC, Kind
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Failed, Refused, Timeout
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.volumes import binding as volume_binding
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.volumes.binding import bind
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.volumes.changes import list_existing, settle_all
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.volumes.patch import VolumeDecision
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.volumes.pv_controller import (
    BIND_COMPLETED,
    BindingApi,
    Impatient,
    Killed,
    LiveWatch,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemorySession, SimulatedTime

Object = dict[str, Any]

NAMES = ("db-0", "db-1", "web-0")
# a claim, its volume and its mark
WRITES = 3 * len(NAMES)


def decision(name: str) -> VolumeDecision:
    ref = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": "payroll", "name": name}
    pv = {
        "metadata": {"name": f"pv-{name}"},
        "spec": {
            "capacity": {"storage": "1Gi"},
            "claimRef": ref,
            "persistentVolumeReclaimPolicy": "Retain",
            "nfs": {"server": "198.51.100.10", "path": f"/dr/{name}"},
        },
    }
    pvc = {
        "metadata": {"namespace": "payroll", "name": name},
        "spec": {"volumeName": f"pv-{name}", "resources": {"requests": {"storage": "1Gi"}}},
    }
    return VolumeDecision(pv, pvc, 0, ())


DECISIONS = [decision(name) for name in NAMES]


class West(BindingApi):
    """Its PV controller works whenever we pause; `resyncs` after that many pauses."""

    def __init__(self) -> None:
        super().__init__()
        self.time = SimulatedTime()
        self.clock = Clock(monotonic=lambda: self.time.seconds, now=self.clock.now, sleep=self._sleep)
        self.works = True
        self.resyncs = False

    def _sleep(self, seconds: float) -> None:
        self.time.sleep(seconds)
        if self.works:
            self.controller.work()
        if self.resyncs:
            self.controller.resync()


@pytest.fixture(autouse=True)
def _stand_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(volume_binding, "Watch", LiveWatch)
    monkeypatch.setattr(volume_binding, "threading", SimpleNamespace(Condition=Impatient))


def run(api: BindingApi, timeout: float = 60) -> MemorySession:
    session: Any = MemorySession(api)
    bind(session, settle_all(DECISIONS, list_existing(api), "west"), timeout)  # type: ignore[arg-type]
    return session


def state(api: BindingApi) -> dict[str, Any]:
    """Of each claim its phase and mark, and of its volume the phase and whether it is bound to that very claim."""
    found = {}
    for name in NAMES:
        claim, volume = api.get(PVC, name, "payroll"), api.get(PV, f"pv-{name}")
        bound = volume["spec"]["claimRef"]["uid"] == claim["metadata"]["uid"]
        mark = claim["metadata"].get("annotations", {}).get(BIND_COMPLETED)
        found[name] = (claim["status"]["phase"], mark, volume["status"]["phase"], bound)
    return found


UNDISTURBED = dict.fromkeys(NAMES, ("Bound", "yes", "Bound", True))


@pytest.fixture
def west() -> West:
    return West()


def test_a_volume_is_created_after_its_claim_and_names_its_uid_and_the_mark_comes_last(west: West) -> None:
    run(west)
    of_one = [write for write in west.writes if "web-0" in write]
    assert [write.partition("/")[0] for write in of_one] == [
        "create PersistentVolumeClaim",
        "create PersistentVolume",
        "patch PersistentVolumeClaim",
    ]
    assert (state(west), len(west.writes)) == (UNDISTURBED, WRITES)


def test_no_claim_is_marked_before_the_controller_knows_its_volume(west: West) -> None:
    """Else it calls the claim Lost: its worker for claims may be ahead of the one for volumes."""
    run(west)
    assert west.controller.lost == []


def test_a_claim_that_is_marked_at_once_would_be_called_lost(west: West) -> None:
    marked = decision("db-0").pvc
    west.create(PVC, {**marked, "metadata": {**marked["metadata"], "annotations": {BIND_COMPLETED: "yes"}}})
    west.controller.work()
    assert west.controller.lost == ["db-0"]


@pytest.mark.parametrize("writes", range(WRITES))
@pytest.mark.parametrize("meanwhile", ["nothing", "work", "resync"])
def test_p5_killed_before_any_write_the_rerun_ends_as_an_undisturbed_run(
    west: West, writes: int, meanwhile: str
) -> None:
    west.dies_after = writes
    with pytest.raises(Killed):
        run(west)
    west.dies_after = float("inf")
    if meanwhile != "nothing":
        getattr(west.controller, meanwhile)()
    west.resyncs = True
    run(west)
    assert (state(west), west.controller.lost) == (UNDISTURBED, [])
    created = [write for write in west.writes if write.startswith("create")]
    assert len(created) == len(set(created)) == 2 * len(NAMES)


def test_p5_what_was_killed_before_its_marks_needs_no_resync(west: West) -> None:
    west.dies_after = 2 * len(NAMES)
    with pytest.raises(Killed):
        run(west)
    west.dies_after = float("inf")
    west.controller.work()
    west.writes.clear()
    run(west)
    assert (state(west), len(west.writes)) == (UNDISTURBED, len(NAMES))


def test_p5_what_is_bound_is_not_written_again(west: West) -> None:
    run(west)
    west.writes.clear()
    run(west)
    assert west.writes == []


def test_a_claim_that_lost_its_volume_gets_one_with_its_uid_and_no_mark(west: West) -> None:
    run(west)
    west.delete(PV, "pv-db-1")
    west.controller.resync()
    assert west.get(PVC, "db-1", "payroll")["status"]["phase"] == "Lost"
    west.writes.clear()
    west.resyncs = True
    run(west)
    assert (west.writes, state(west)) == (["create PersistentVolume/pv-db-1"], UNDISTURBED)


def test_a_volume_that_waits_for_its_claim_by_name_is_left_to_the_controller(west: West) -> None:
    west.create(PV, decision("db-0").pv)
    west.controller.work()
    west.writes.clear()
    run(west)
    assert [write for write in west.writes if "db-0" in write] == ["create PersistentVolumeClaim/payroll/db-0"]
    assert state(west) == UNDISTURBED


def test_without_the_right_to_mark_claims_the_controller_binds_them_at_its_next_round(
    west: West, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(kind: Kind, *_given: object) -> Object:
        raise Failed("PATCH", site="west", on=kind.kind, seen="cannot patch", status=403)

    monkeypatch.setattr(west, "patch", forbidden)
    west.resyncs = True
    run(west)
    assert state(west) == UNDISTURBED


def test_p10_a_controller_that_does_nothing_is_told_with_the_claims_and_the_wait(west: West) -> None:
    west.works = False
    with pytest.raises(Timeout) as error:
        run(west, timeout=3)
    assert error.value.on == "PersistentVolumeClaim/payroll/db-0"
    assert str(error.value.seen) == "3 are not Bound: payroll/db-0, payroll/db-1, payroll/web-0"


def test_a_claim_that_somebody_made_anew_meanwhile_is_not_marked(west: West) -> None:
    work = west.controller.work

    def replaced_then_work() -> None:
        work()
        if west.get(PVC, "db-0", "payroll")["metadata"]["uid"] != "of-another":
            west.delete(PVC, "db-0", "payroll")
            claim = decision("db-0").pvc
            west.create(PVC, {**claim, "metadata": {**claim["metadata"], "uid": "of-another"}})

    west.controller.work = replaced_then_work  # type: ignore[method-assign]
    with pytest.raises(Timeout) as error:
        run(west, timeout=3)
    assert "field is immutable" in str(error.value.seen)
    assert BIND_COMPLETED not in west.get(PVC, "db-0", "payroll")["metadata"].get("annotations", {})


def test_p6_nothing_is_marked_once_another_attempt_holds_the_lock(west: West) -> None:
    session: Any = MemorySession(west)
    # one look for the only batch
    session.lock_holds = 1
    with pytest.raises(Refused, match="another attempt holds the lock"):
        bind(session, settle_all(DECISIONS, list_existing(west), "west"), 60)
    assert not [write for write in west.writes if write.startswith("patch")]


def test_the_side_channel_tells_writes_and_bound_claims(west: West) -> None:
    lines = run(west).lines
    assert list(dict.fromkeys(line[1:3] for line in lines if line[0] == "volumes written")) == [(0, 9), (6, 9), (9, 9)]
    assert [line for line in lines if line[0] == "volumes bound"][-1][1:3] == (3, 3)
