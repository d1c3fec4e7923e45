# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import SECRET, VM
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.capture import Capture
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.names import CREATED_BY, RECORDED, protected_label
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.rehearsal import restore
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.rehearsal.restore import restore_apart
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.rehearsal.rehearsal_world import (
    PLAN,
    RUN,
    SPACE,
    RehearsingSession,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi

LABELS = {protected_label("payroll"): "true", "dr.ocpvirt.io/plan": "payroll"}


def item(kind: str, name: str, **parts: Any) -> dict[str, Any]:
    version = "kubevirt.io/v1" if kind == "VirtualMachine" else "v1"
    meta = {"name": name, "namespace": "payroll", "labels": LABELS}
    return {"apiVersion": version, "kind": kind, "metadata": meta, **parts}


class OneCapture:
    def manifests(self, _api: MemoryApi, name: str) -> Capture:
        spec = {"runStrategy": "Always", "template": {"spec": {"domain": {}}}}
        objects = {
            "virtualmachines.kubevirt.io": [item("VirtualMachine", "db-0", spec=spec)],
            "secrets": [item("Secret", "cloud-init", data={"userdata": ""})],
            "routes.route.openshift.io": [item("Route", "web", spec={"host": "payroll.example.com"})],
        }
        return Capture(name, objects)


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> RehearsingSession:
    found = RehearsingSession(MemoryApi())
    found.put("capture", {"name": "c-1", "vms": ["payroll/db-0"]})
    monkeypatch.setattr(restore, "Session", found)
    monkeypatch.setattr(restore, "source_of", lambda _plan: OneCapture())
    return found


def test_vms_are_made_off_in_the_rehearsals_namespace_with_what_they_need(session: RehearsingSession) -> None:
    found = restore_apart(PLAN, RUN, 60, False)
    vm = session.api.get(VM, "db-0", SPACE)
    assert (vm["spec"]["runStrategy"], found["vms_created"]) == ("Halted", 1)
    assert {RECORDED, CREATED_BY} <= vm["metadata"]["annotations"].keys()
    assert session.api.find(SECRET, "cloud-init", SPACE)


def test_p8_nothing_is_written_outside_of_it(session: RehearsingSession) -> None:
    restore_apart(PLAN, RUN, 60, False)
    assert {space for _kind, space, _name in session.api.objects} == {SPACE}


def test_what_stays_in_the_capture_is_named(session: RehearsingSession) -> None:
    assert any("routes.route.openshift.io" in text for text in restore_apart(PLAN, RUN, 60, False)["decisions"])


def test_p5_a_second_attempt_keeps_what_the_first_made(session: RehearsingSession) -> None:
    restore_apart(PLAN, RUN, 60, False)
    session.api.writes.clear()
    again = restore_apart(PLAN, RUN, 60, False)
    assert (session.api.writes, again["changed"]) == ([], False)


def test_p9_check_mode_creates_nothing(session: RehearsingSession) -> None:
    assert restore_apart(PLAN, RUN, 60, True)["vms_created"] == 1
    assert session.api.writes == []


def test_p8_a_vm_that_somebody_made_there_is_not_taken(session: RehearsingSession) -> None:
    session.api.create(VM, {**item("VirtualMachine", "db-0", spec={"runStrategy": "Halted"})})
    theirs = session.api.objects.pop(("VirtualMachine", "payroll", "db-0"))
    theirs["metadata"] = {"name": "db-0", "namespace": SPACE, "labels": {"rehearsal.dr.ocpvirt.io/payroll": "true"}}
    session.api.create(VM, theirs)
    with pytest.raises(Refused, match="one of that name exists"):
        restore_apart(PLAN, RUN, 60, False)


def test_only_the_rehearsals_own_vms_are_started_and_told_of(session: RehearsingSession) -> None:
    restore_apart(PLAN, RUN, 60, False)
    kept = session.load("capture")
    assert (kept["name"], kept["vms"], kept["workloads"]) == ("c-1", [f"{SPACE}/db-0"], [])
