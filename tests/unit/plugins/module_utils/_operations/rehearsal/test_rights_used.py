# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rehearsal does at its site is what check asks for and what the page grants."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import NAMESPACE, PV, VMI
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.capture import Capture
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.names import rehearsal_label
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.rehearsal import isolation, removal, restore
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.rehearsal.isolation import open_points
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.rehearsal.place import enter
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.guards.rights import Right, Runs, Wanted, needs_at
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.rehearsal.rehearsal_world import (
    PLAN,
    RUN,
    SPACE,
    KubeVirtApi,
    RehearsingSession,
    cleaning,
    pv_of,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.rights_used import granted, note_rights
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi

# of a plan whose VM has a network and a Secret, with Velero
RUNS = Runs(imports=False, stage=False, rehearsals=True)
WANTED = Wanted(
    velero=True,
    workloads=False,
    vms=True,
    volumes=True,
    networks=True,
    pools=False,
    kinds=frozenset({"secrets"}),
)
LABELS = {"dr.ocpvirt.io/plan": "payroll"}


class OneCapture:
    def manifests(self, _api: MemoryApi, name: str) -> Capture:
        meta = {"name": "db-0", "namespace": "payroll", "labels": LABELS}
        template = {"spec": {"domain": {}, "networks": [{"name": "lan", "multus": {"networkName": "lan"}}]}}
        vm = {
            "apiVersion": "kubevirt.io/v1",
            "kind": "VirtualMachine",
            "metadata": meta,
            "spec": {"runStrategy": "Always", "template": template},
        }
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": meta}
        return Capture(name, {"virtualmachines.kubevirt.io": [vm], "secrets": [secret]})


class Ending(KubeVirtApi):
    """A VM that loses its power is gone."""

    def put_subresource(self, path: str, body: dict[str, Any], on: str) -> None:
        super().put_subresource(path, body, on)
        self.objects.pop(("VirtualMachineInstance", SPACE, "db-0"))


def use(monkeypatch: pytest.MonkeyPatch, step: ModuleType, session: RehearsingSession) -> None:
    monkeypatch.setattr(step, "Session", session)
    monkeypatch.setattr(step, "source_of", lambda _plan: OneCapture(), raising=False)


def test_a_rehearsal_and_its_cleanup_use_no_right_that_is_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    api = Ending()
    used = note_rights(api)
    session = RehearsingSession(api)
    session.put("capture", {"name": "c-1", "vms": ["payroll/db-0"]})
    for step in (isolation, restore):
        use(monkeypatch, step, session)
    isolation.isolate(PLAN, RUN, False)
    restore.restore_apart(PLAN, RUN, 60, False)
    enter(session)  # type: ignore[arg-type]
    assert open_points(session) == []  # type: ignore[arg-type]
    mine = pv_of("db-0", "/dr/copy/db-0")
    mine["metadata"]["labels"] = {rehearsal_label("payroll"): "true"}
    api.objects["PersistentVolume", None, "pv-db-0"] = mine
    vmi = {"kind": "VirtualMachineInstance", "metadata": {"name": "db-0", "namespace": SPACE}}
    api.objects["VirtualMachineInstance", SPACE, "db-0"] = vmi
    use(monkeypatch, removal, cleaning(api))
    removal.clean_up(PLAN, RUN, 60, False)
    for kind, name in ((NAMESPACE, SPACE), (PV, "pv-db-0"), (VMI, "db-0")):
        assert api.find(kind, name, SPACE if kind is VMI else None) is None
    asked = set(needs_at(PLAN, RUNS, WANTED, lives_here=False)[-1].rights)
    read = granted()["read"]
    assert used - asked - read == set()
    # and all of them were seen, so that none is asked for in vain
    own = {right for right in asked if right.resource in ("networkpolicies", "network-attachment-definitions")}
    own |= {Right("delete", "", "namespaces"), Right("delete", "", "persistentvolumes")}
    own |= {Right("update", "subresources.kubevirt.io", "virtualmachines/stop")}
    assert own <= used
