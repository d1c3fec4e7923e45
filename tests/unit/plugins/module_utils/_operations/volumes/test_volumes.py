# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The volumes of a capture at a target that has some of them, none, or something else of their names."""

from __future__ import annotations

import copy
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import NAMESPACE, POD, PV, PVC, VM, VMI
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict, Failed, Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.capture import Capture
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.names import CREATED_BY
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.volumes import binding as volume_binding
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.volumes import stage as stage_volumes
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.volumes import volumes
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.volumes.volumes import restore_volumes
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.volumes.pv_controller import (
    BindingApi,
    Impatient,
    LiveWatch,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import (
    MemoryApi,
    MemorySession,
    plan_of,
)

RULE = {
    "match": {"nfs": {"server": ["192.0.2.10", "198.51.100.10"], "path": "/(exports|dr)/(?P<volume>.+)"}},
    "set": {
        "east": {"nfs.server": "192.0.2.10", "nfs.path": "/exports/{match.volume}"},
        "west": {"nfs.server": "198.51.100.10", "nfs.path": "/dr/{match.volume}"},
    },
}
PLAN = plan_of(volumes={"rules": [RULE]})
PROTECTED = "protected.dr.ocpvirt.io/payroll"


def volume(name: str) -> dict[str, Any]:
    return {
        "metadata": {"name": f"pv-{name}", "uid": f"pv-{name}-of-east"},
        "spec": {
            "capacity": {"storage": "1Gi"},
            "claimRef": {"namespace": "payroll", "name": name, "uid": f"{name}-of-east"},
            "nfs": {"server": "192.0.2.10", "path": f"/exports/{name}"},
        },
    }


def claim(name: str) -> dict[str, Any]:
    return {
        "metadata": {"namespace": "payroll", "name": name, "uid": f"{name}-of-east"},
        "spec": {"volumeName": f"pv-{name}", "resources": {"requests": {"storage": "1Gi"}}},
    }


CAPTURE = Capture(
    "payroll-east-1",
    {
        "namespaces": [
            {
                "metadata": {
                    "name": "payroll",
                    "uid": "ns-of-east",
                    "labels": {"pod-security.kubernetes.io/enforce": "privileged"},
                    "annotations": {"openshift.io/sa.scc.uid-range": "1000650000/10000"},
                },
                "status": {"phase": "Active"},
            }
        ],
        "persistentvolumes": [volume("db-0"), volume("db-1")],
        "persistentvolumeclaims": [claim("db-0"), claim("db-1")],
    },
)


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> MemoryApi:
    """West's API server; its PV controller looks at everything whenever somebody pauses."""
    api = BindingApi()
    api.clock = replace(api.clock, sleep=lambda _seconds: api.controller.resync())
    session = MemorySession(api, PLAN)
    session.put("capture", {"name": CAPTURE.name})
    session.groups = SimpleNamespace(check_covered=lambda _site, _pvc, _pv: None)  # type: ignore[attr-defined]
    monkeypatch.setattr(volumes, "Session", session)
    monkeypatch.setattr(volumes, "source_of", lambda _plan: SimpleNamespace(manifests=lambda _api, _name: CAPTURE))
    monkeypatch.setattr(volumes, "join_replication", lambda _session: [])
    monkeypatch.setattr(volumes, "close_latch_at_target", lambda _session: None)
    monkeypatch.setattr(volume_binding, "Watch", LiveWatch)
    monkeypatch.setattr(volume_binding, "threading", SimpleNamespace(Condition=Impatient))
    return api


def run(check_mode: bool = False) -> dict[str, Any]:
    return restore_volumes(PLAN, "r-1", 60, check_mode)


def forsaken(api: MemoryApi, name: str) -> None:
    """The claim is gone; its volume keeps the uid."""
    api.delete(PVC, name, "payroll")
    pv = api.get(PV, f"pv-{name}")
    pv["spec"]["claimRef"]["uid"] = f"{name}-of-an-earlier-stay"
    pv["status"] = {"phase": "Released"}
    api.replace(PV, pv)
    api.writes.clear()


def test_claims_are_created_before_their_volumes_in_a_namespace_as_captured(api: MemoryApi) -> None:
    assert {"changed": True, "created": 2, "rebound": 0, "volumes": 2}.items() <= run().items()
    kinds = [write.split("/")[0] for write in api.writes if "db-1" in write or "Namespace" in write]
    assert kinds == [
        "create Namespace",
        "create PersistentVolumeClaim",
        "create PersistentVolume",
        "patch PersistentVolumeClaim",
    ]
    meta = api.get(NAMESPACE, "payroll")["metadata"]
    captured = CAPTURE.index("namespaces")["payroll"]["metadata"]
    assert (meta["labels"], meta["annotations"]) == (captured["labels"], captured["annotations"])
    assert "uid" not in meta


def test_p5_what_is_there_and_equal_is_not_written_again(api: MemoryApi) -> None:
    run()
    api.writes.clear()
    assert {"changed": False, "created": 0, "rebound": 0}.items() <= run().items()
    assert api.writes == []


def test_a_released_volume_is_bound_anew_and_its_claim_created(api: MemoryApi) -> None:
    run()
    forsaken(api, "db-1")
    assert {"changed": True, "created": 1, "rebound": 1}.items() <= run().items()
    assert api.writes == ["patch PersistentVolume/pv-db-1", "create PersistentVolumeClaim/payroll/db-1"]
    uid = api.get(PVC, "db-1", "payroll")["metadata"]["uid"]
    assert api.get(PV, "pv-db-1")["spec"]["claimRef"]["uid"] == uid


def test_p9_check_mode_says_that_a_volume_would_be_bound_anew_and_writes_nothing(api: MemoryApi) -> None:
    run()
    forsaken(api, "db-1")
    result = run(check_mode=True)
    assert (result["rebound"], api.writes) == (1, [])
    assert "bound to the new one" in result["decisions"][1]["reasons"][-1]


def test_a_volume_that_was_bound_anew_is_not_marked_as_ours(api: MemoryApi) -> None:
    """What `unprotect` may take back is what a run created."""
    run()
    forsaken(api, "db-1")
    pv = api.get(PV, "pv-db-1")
    del pv["metadata"]["annotations"]
    api.replace(PV, pv)
    run()
    assert CREATED_BY not in (api.get(PV, "pv-db-1")["metadata"].get("annotations") or {})


def test_nothing_is_written_when_one_volume_differs(api: MemoryApi) -> None:
    other = copy.deepcopy(volume("db-1"))
    other["spec"]["persistentVolumeReclaimPolicy"] = "Retain"
    api.create(PV, other)
    api.writes.clear()
    with pytest.raises(Conflict) as error:
        run()
    assert (error.value.on, api.writes) == ("PersistentVolume/pv-db-1", [])
    assert "nfs.server: wanted '198.51.100.10', is '192.0.2.10'" in str(error.value.seen)


def test_p10_of_several_volumes_that_differ_one_is_told_in_full_and_the_others_by_name(api: MemoryApi) -> None:
    for name in ("db-0", "db-1"):
        api.create(PV, volume(name))
    with pytest.raises(Conflict) as error:
        run()
    assert error.value.on == "PersistentVolume/pv-db-0"
    assert str(error.value.seen).endswith("; 1 more are refused: PersistentVolume/pv-db-1")


def test_a_volume_that_somebody_changes_meanwhile_is_left_to_the_next_attempt(
    api: MemoryApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    run()
    forsaken(api, "db-1")
    listed = api.list

    def list_then_change(kind: Any, *args: Any, **named: Any) -> list[dict[str, Any]]:
        found = listed(kind, *args, **named)
        if kind is PV:
            api.replace(PV, api.get(PV, "pv-db-1"))
        return found

    monkeypatch.setattr(api, "list", list_then_change)
    with pytest.raises(Conflict) as error:
        run()
    assert error.value.next_step == "somebody changed it since it was read: start again"


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_namespace_that_is_terminating_is_refused_before_anything_is_written(
    api: MemoryApi, check_mode: bool
) -> None:
    held = "Some content in the namespace has finalizers remaining: kubevirt.io/virtualMachineControllerFinalize"
    api.create(
        NAMESPACE,
        {
            "metadata": {"name": "payroll", "deletionTimestamp": "2026-03-01T11:00:00Z"},
            "status": {
                "phase": "Terminating",
                "conditions": [
                    {"type": "NamespaceFinalizersRemaining", "status": "True", "message": held},
                    {"type": "NamespaceContentRemaining", "status": "False", "message": "all content removed"},
                ],
            },
        },
    )
    api.writes.clear()
    with pytest.raises(Refused) as error:
        run(check_mode)
    assert (error.value.on, error.value.site, api.writes) == ("Namespace/payroll", "west", [])
    assert error.value.seen == f"it is Terminating since 2026-03-01T11:00:00Z: {held}"
    assert "wait until it is gone" in str(error.value.next_step)


def test_an_exceeded_quota_is_said_with_its_claim_and_the_rest_is_created(
    api: MemoryApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = api.create

    def limited(kind: Any, body: dict[str, Any]) -> dict[str, Any]:
        if kind is PVC and body["metadata"]["name"] == "db-0":
            raise Failed(
                "POST", site="west", on="PersistentVolumeClaim/payroll/db-0", seen="exceeded quota", status=403
            )
        return create(kind, body)

    monkeypatch.setattr(api, "create", limited)
    with pytest.raises(Failed) as error:
        run()
    assert (error.value.on, error.value.seen, error.value.status) == (
        "PersistentVolumeClaim/payroll/db-0",
        "exceeded quota",
        403,
    )
    assert [item["metadata"]["name"] for item in api.list(PVC)] == ["db-1"]


STAGED_PLAN = plan_of(volumes={"rules": [RULE]}, metadata={"source": "oadp", "prestage": True})
REFRESH = "payroll-prestage-west-20260301120000-ab12"


@pytest.fixture
def stage(api: MemoryApi, monkeypatch: pytest.MonkeyPatch) -> MemoryApi:
    """What a refresh made of an earlier capture, in which one volume was smaller."""
    session = MemorySession(api, STAGED_PLAN)
    session.put("capture", {"name": CAPTURE.name})
    session.run = replace(session.run, id=REFRESH, operation="prestage")
    provider = SimpleNamespace(needed_by=lambda _group, _site, _claim: "")
    session.groups = SimpleNamespace(  # type: ignore[attr-defined]
        check_covered=lambda _site, _pvc, _pv: None, of_claim=lambda _claim: None, provider=lambda _group: provider
    )
    monkeypatch.setattr(volumes, "Session", session)
    for resource in ("persistentvolumes", "persistentvolumeclaims"):
        for item in CAPTURE.objects[resource]:
            monkeypatch.setitem(item["metadata"], "labels", {PROTECTED: "true"})  # type: ignore[arg-type]
    refresh()
    for kind, name, field in ((PV, "pv-db-0", "capacity"), (PVC, "db-0", "resources")):
        size = {"storage": "512Mi"} if kind is PV else {"requests": {"storage": "512Mi"}}
        space = "payroll" if kind is PVC else None
        api.patch(kind, name, space, {"spec": {field: size}})
    api.writes.clear()
    return api


def refresh(check_mode: bool = False) -> dict[str, Any]:
    return restore_volumes(STAGED_PLAN, REFRESH, 60, check_mode)


def test_a_volume_of_a_stage_that_is_outdated_is_made_anew_and_no_other_one_is_touched(stage: MemoryApi) -> None:
    result = refresh()
    assert result["created"] == 1
    assert [write for write in stage.writes if write.startswith("create")] == [
        "create PersistentVolumeClaim/payroll/db-0",
        "create PersistentVolume/pv-db-0",
    ]
    assert not [write for write in stage.writes if "db-1" in write]
    assert stage.get(PV, "pv-db-0")["spec"]["capacity"] == {"storage": "1Gi"}
    reasons = next(item["reasons"] for item in result["decisions"] if item["claim"] == "payroll/db-0")
    assert reasons[-1].startswith("made anew, as it was outdated: ")


def test_p9_check_mode_says_that_it_would_be_made_anew(stage: MemoryApi) -> None:
    foretold = refresh(check_mode=True)
    assert stage.writes == []
    assert foretold["decisions"] == refresh()["decisions"]


def test_p8_an_outdated_volume_that_no_run_made_there_is_refused(stage: MemoryApi) -> None:
    stage.patch(PVC, "db-0", "payroll", {"metadata": {"annotations": {CREATED_BY: None}}})
    stage.writes.clear()
    with pytest.raises(Conflict):
        refresh()
    assert stage.writes == []


def test_p8_an_outdated_volume_that_somebody_mounts_is_refused(stage: MemoryApi) -> None:
    disk = {"persistentVolumeClaim": {"claimName": "db-0"}}
    labels = {"kubevirt.io": "virt-launcher"}
    stage.create(
        POD, {"metadata": {"name": "p", "namespace": "payroll", "labels": labels}, "spec": {"volumes": [disk]}}
    )
    with pytest.raises(Conflict):
        refresh()


def test_p1_a_stage_where_something_runs_is_not_refreshed(stage: MemoryApi) -> None:
    labels = {"dr.ocpvirt.io/plan": "payroll"}
    stage.create(
        VM, {"metadata": {"name": "db", "namespace": "payroll", "labels": labels}, "spec": {"template": {"spec": {}}}}
    )
    stage.create(VMI, {"metadata": {"name": "db", "namespace": "payroll"}})
    stage.writes.clear()
    with pytest.raises(Refused, match="VirtualMachineInstance/payroll/db"):
        refresh()
    assert stage.writes == []


def test_p8_a_group_that_already_follows_is_left_alone_and_one_that_needs_its_claims_joins(
    api: MemoryApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_of(replication={"groups": [{"name": "db", "selector": {}}, {"name": "app", "selector": {}}]})
    enabled: list[str] = []
    roles = {"db": "secondary", "app": "unknown"}

    class Observed:
        def __init__(self, _plan: object) -> None:
            self.enable = lambda group, source, target: enabled.append(f"{group.name} {source} {target}")

        def observe(self, sites: list[str]) -> dict[str, Any]:
            return {
                site: [GroupStatus(name, site, role, "healthy", "none") for name, role in roles.items()]
                for site in sites
            }

        def provider(self, _group: object) -> Any:
            return self

    monkeypatch.setattr(stage_volumes, "Groups", Observed)
    assert stage_volumes.join_replication(MemorySession(api, plan)) == ["app"]  # type: ignore[arg-type]
    assert enabled == ["app east west"]
