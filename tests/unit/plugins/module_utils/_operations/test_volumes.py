# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The volumes of a capture at a target that has some of them, none, or something else of their names."""

from __future__ import annotations

import copy
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import NAMESPACE, PV, PVC
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict, Failed, Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.capture import Capture
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.names import CREATED_BY
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations import volume_binding, volumes
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.volumes import restore_volumes
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.pv_controller import (
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
