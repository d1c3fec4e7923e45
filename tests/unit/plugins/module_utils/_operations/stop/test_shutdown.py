# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stopping VMs in the reverse order of their start, and what counts as left of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import yaml
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import (
    POD,
    PVC,
    VM,
    VMI,
    VOLUME_ATTACHMENT,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import DrError, Failed, Timeout, Unreachable
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.inventory import remains
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.inventory.remains import remains_at
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan.sites import Reach
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start.memory import ready_before
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.stop import shutdown
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.guards.rights import Right, Runs, Wanted, needs_at
from ansible_collections.ocpvirt.dr.plugins.modules import vm_shutdown
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.stop.shutdown_world import (
    PLAN,
    Stop,
    vm,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.rights_used import granted, note_rights
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi


@pytest.fixture
def stop(monkeypatch: pytest.MonkeyPatch) -> Stop:
    return Stop(monkeypatch)


def test_p3_vms_stop_in_the_reverse_order_of_their_start_behind_a_closed_latch(stop: Stop) -> None:
    result = stop.run()
    assert (stop.east.halted, stop.latch_closed_before) == (["app", "db"], ["[]"])
    assert result["proven_off"] is True
    assert stop.session.record["quiesce"] == {"proven_off": True, "site": "east", "left": []}


def test_p10_what_a_stop_uses_is_what_check_asks_for_where_the_plan_lives(stop: Stop) -> None:
    stop.east.stubborn.add("app")
    used = note_rights(stop.east)
    assert stop.run(force=True)["forced"] == 1
    runs = Runs(imports=False, stage=False, rehearsals=False)
    wanted = Wanted(
        velero=False,
        workloads=False,
        vms=True,
        volumes=True,
        networks=False,
        pools=False,
        kinds=frozenset(),
    )
    asked = {right for need in needs_at(PLAN, runs, wanted, lives_here=True) for right in need.rights}
    assert {
        Right("update", "subresources.kubevirt.io", "virtualmachines/stop"),
        Right("list", "storage.k8s.io", "volumeattachments"),
    } <= used & asked
    # what is looked at beside is read by check itself
    assert used - asked - granted()["read"] == set()


def test_p5_a_second_quiesce_halts_nothing_and_proves_it_again(stop: Stop) -> None:
    stop.run()
    result = stop.run()
    assert (result["changed"], result["proven_off"], stop.east.halted) == (False, True, ["app", "db"])


def test_p3_what_was_ready_at_the_site_is_started_again_after_a_run_has_stopped_it(stop: Stop) -> None:
    """Given back to the source and stopped there again by the next attempt, it is off as if somebody had stopped it."""
    stop.session.put("startup-at-source", {"attempt": 1, "recorded": ["payroll/db"]})
    stop.run()
    assert ready_before(stop.session, "east").recorded == frozenset()


def test_p3_what_others_depend_on_is_not_stopped_under_them(stop: Stop) -> None:
    stop.east.stubborn.add("app")
    with pytest.raises(Timeout, match="VirtualMachineInstance/payroll/app"):
        stop.run()
    assert stop.east.halted == ["app"]
    assert "quiesce" not in stop.session.record


def test_p4_of_a_lost_site_everything_is_tried_and_nothing_is_claimed(stop: Stop) -> None:
    stop.east.stubborn.add("app")
    assert (stop.run(best_effort=True)["proven_off"], stop.east.halted) == (False, ["app", "db"])
    assert stop.session.record["quiesce"]["left"] == ["VirtualMachineInstance/payroll/app"]
    stop.reach = Reach("east", "unreachable", "timed out")
    assert stop.run(best_effort=True)["proven_off"] is False
    assert stop.session.record["quiesce"]["left"] is None
    with pytest.raises(Unreachable):
        stop.run()


@pytest.fixture
def no_latch(monkeypatch: pytest.MonkeyPatch) -> Failed:
    """The account may look at the source's VMs and may not close their latch."""
    forbidden = Failed("close the latch", site="east", seen="HTTP 403: forbidden", status=403)

    def close(*_given: object) -> None:
        raise forbidden

    monkeypatch.setattr(shutdown, "close_latch", close)
    return forbidden


def test_p1_vms_that_a_source_which_answers_would_not_have_stopped_are_left(stop: Stop, no_latch: Failed) -> None:
    result = stop.run(best_effort=True)
    assert (result["proven_off"], result["msg"]) == (False, f"not proven off: {no_latch}")
    up = {"VirtualMachineInstance/payroll/app", "VirtualMachineInstance/payroll/db"}
    assert set(stop.session.record["quiesce"]["left"]) == up


def test_p1_what_could_not_be_looked_at_where_the_source_answers_is_left(
    stop: Stop, no_latch: Failed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(*_given: object) -> list[str]:
        raise no_latch

    monkeypatch.setattr(remains, "remains_at", look)
    stop.run(best_effort=True)
    assert stop.session.record["quiesce"]["left"] == [f"what nobody could look for: {no_latch}"]


def test_p1_of_a_lost_site_that_refuses_to_be_asked_at_all_everything_is_left(stop: Stop) -> None:
    stop.reach = Reach("east", "failed", "HTTP status 401", refuses=True)
    result = stop.run(best_effort=True)
    assert (result["proven_off"], result["msg"].startswith("not proven off: ")) == (False, True)
    assert stop.session.record["quiesce"]["left"] == ["what nobody could look for: HTTP status 401"]
    with pytest.raises(Failed, match="HTTP status 401"):
        stop.run()


@pytest.mark.parametrize(
    "failure",
    [Unreachable("close the latch", site="east"), Failed("close the latch", site="east", seen="no quorum", status=500)],
    ids=["silent", "broken"],
)
def test_a_source_that_is_lost_under_the_stop_is_not_looked_at_again(
    stop: Stop, monkeypatch: pytest.MonkeyPatch, failure: DrError
) -> None:
    def close(*_given: object) -> None:
        raise failure

    monkeypatch.setattr(shutdown, "close_latch", close)
    monkeypatch.setattr(remains, "remains_at", lambda *_given: pytest.fail("it was looked at"))
    stop.run(best_effort=True)
    assert stop.session.record["quiesce"]["left"] is None


def test_p9_check_mode_halts_nothing(stop: Stop) -> None:
    assert (stop.run(check_mode=True)["stopped"], stop.east.halted) == (2, [])


def test_p9_check_mode_tells_what_it_would_stop_in_its_order(stop: Stop) -> None:
    assert stop.run(check_mode=True)["decisions"] == ["stage 1: payroll/app is halted", "stage 2: payroll/db is halted"]


def test_p7_a_status_that_is_written_meanwhile_does_not_keep_a_vm_on(stop: Stop) -> None:
    stop.east.meddlers.append(lambda: stop.east.replace(VM, stop.east.get(VM, "app", "payroll")))
    assert stop.run()["proven_off"] is True


def test_p5_a_vm_that_somebody_deletes_meanwhile_is_off_with_its_vmi(stop: Stop) -> None:
    """As products do at a site that returns, where the plan does not live any more."""

    def delete() -> None:
        for kind in (VM, VMI):
            stop.east.delete(kind, "app", "payroll")

    stop.east.meddlers.append(delete)
    assert stop.run()["proven_off"] is True
    assert stop.east.halted == ["db"]


def test_a_vm_that_ignores_the_shutdown_is_forced_off_where_that_is_allowed(stop: Stop) -> None:
    stop.east.stubborn.add("app")
    result = stop.run(force=True)
    assert (result["proven_off"], result["forced"]) == (True, 1)
    assert (stop.east.asked, stop.east.halted) == (["stop app {'gracePeriod': 0}"], ["app", "db"])
    assert result["decisions"] == ["payroll/app: forced off"]


def test_what_stops_in_time_is_not_forced(stop: Stop) -> None:
    assert (stop.run(force=True)["forced"], stop.east.asked) == (0, [])


def test_p3_a_vm_that_power_cannot_be_taken_from_is_left_and_what_it_needs_stays_up(stop: Stop) -> None:
    stop.east.stubborn.add("app")
    stop.east.hung.add("app")
    with pytest.raises(Timeout, match="VirtualMachineInstance/payroll/app") as refusal:
        stop.run(force=True)
    assert stop.east.halted == ["app"]
    assert "dr_force_off" not in str(refusal.value)


def test_p10_what_was_asked_to_stop_is_named_before_what_it_kept_up(stop: Stop) -> None:
    stop.east.create(VM, vm("a-db", "db"))
    stop.east.create(VMI, {"metadata": {"name": "a-db", "namespace": "payroll"}})
    stop.east.stubborn.add("app")
    with pytest.raises(Timeout, match="on VirtualMachineInstance/payroll/app "):
        stop.run()


def test_without_force_the_refusal_names_the_variable_that_allows_it(stop: Stop) -> None:
    stop.east.stubborn.add("app")
    with pytest.raises(Timeout, match="dr_force_off=true"):
        stop.run()


def test_a_guest_is_frozen_before_its_power_is_taken(stop: Stop) -> None:
    stop.east.stubborn.add("app")
    result = stop.run(force=True, freeze=True)
    asked = [call.split()[:2] for call in stop.east.asked]
    assert asked[:2] == [["freeze", "app"], ["stop", "app"]]
    assert result["decisions"] == ["payroll/app: forced off, frozen before"]


def test_a_guest_that_is_there_all_the_same_is_let_go_on(stop: Stop) -> None:
    stop.east.stubborn.add("app")
    stop.east.hung.add("app")
    with pytest.raises(Timeout):
        stop.run(force=True, freeze=True)
    assert stop.east.asked[-1] == "unfreeze app {}"


def test_a_guest_that_cannot_be_frozen_is_forced_off_and_that_is_said(stop: Stop) -> None:
    stop.east.stubborn.add("app")
    status = {"conditions": [{"type": "AgentConnected", "status": "False"}]}
    stop.east.replace(VMI, {"metadata": {"name": "app", "namespace": "payroll"}, "status": status})
    result = stop.run(force=True, freeze=True)
    assert result["decisions"] == ["payroll/app: forced off, not frozen: its guest agent is not connected"]


def test_the_result_has_what_the_module_documents(stop: Stop) -> None:
    documented = yaml.safe_load(vm_shutdown.RETURN)
    result = stop.run()
    assert result.keys() - {"changed"} == documented.keys()
    assert {name: type(item["sample"]) for name, item in documented.items()} == {
        name: type(result[name]) for name in documented
    }


def pod(api: MemoryApi) -> None:
    labels = {"vm.kubevirt.io/name": "db"}
    api.create(POD, {"metadata": {"name": "virt-launcher-db", "namespace": "payroll", "labels": labels}, "spec": {}})


def hotplug_pod(api: MemoryApi) -> None:
    volumes = [{"name": "root", "persistentVolumeClaim": {"claimName": "db"}}]
    api.create(POD, {"metadata": {"name": "hp", "namespace": "payroll"}, "spec": {"volumes": volumes}})


def attachment(api: MemoryApi) -> None:
    api.create(PVC, {"metadata": {"name": "db", "namespace": "payroll"}, "spec": {"volumeName": "pv-db"}})
    spec = {"source": {"persistentVolumeName": "pv-db"}}
    api.create(VOLUME_ATTACHMENT, {"metadata": {"name": "va"}, "spec": spec})


def attachment_of_state(api: MemoryApi) -> None:
    """KubeVirt keeps a persistent TPM on a claim that the VM does not name."""
    meta = {"name": "state-x7k2p", "namespace": "payroll", "labels": {"persistent-state-for": "db"}}
    api.create(PVC, {"metadata": meta, "spec": {"volumeName": "pv-state"}})
    spec = {"source": {"persistentVolumeName": "pv-state"}}
    api.create(VOLUME_ATTACHMENT, {"metadata": {"name": "va-state"}, "spec": spec})


@pytest.mark.parametrize(
    ("leave", "left"),
    [
        (pod, "Pod/payroll/virt-launcher-db"),
        (hotplug_pod, "Pod/payroll/hp"),
        (attachment, "VolumeAttachment/va"),
        (attachment_of_state, "VolumeAttachment/va-state"),
    ],
)
def test_p1_whatever_could_still_write_counts_as_left(
    stop: Stop, leave: Callable[[MemoryApi], None], left: str
) -> None:
    stop.run()
    leave(stop.east)
    assert remains_at(PLAN, stop.east) == [left]  # type: ignore[arg-type]
    with pytest.raises(Timeout, match=left):
        shutdown.prove_off(PLAN, "r-1", "east", False)


def test_p8_what_is_not_of_the_plan_does_not_count(stop: Stop) -> None:
    stop.run()
    stop.east.create(VMI, {"metadata": {"name": "other", "namespace": "payroll"}})
    assert remains_at(PLAN, stop.east) == []  # type: ignore[arg-type]
