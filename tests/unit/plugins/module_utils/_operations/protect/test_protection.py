# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What protect writes, and on what."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import (
    CONFIG_MAP,
    DEPLOYMENT,
    PV,
    PVC,
    STATEFUL_SET,
    VM,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.protect import protection
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, plan_of
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.workload_manifests import (
    PLAN,
    PROTECTED,
    deployment,
    stateful_set,
)


class NoGroups:
    """Replication is another test's."""

    def __init__(self, _plan: object, foretells: bool = False) -> None:
        return

    def foresee(self, *_given: object) -> None:
        return

    def of_claim(self, _claim: object) -> None:
        return

    def check_covered(self, *_given: object) -> None:
        return

    def provider(self, _group: object) -> NoGroups:
        return self

    def enable(self, *_given: object) -> bool:
        return False


class NoSource:
    def schedule(self, _api: object, _check_mode: bool) -> str:
        return ""


@pytest.fixture
def east(monkeypatch: pytest.MonkeyPatch) -> MemoryApi:
    api = MemoryApi("east")
    vm = {"metadata": {"name": "db", "namespace": "payroll", "labels": PLAN}, "spec": {"template": {"spec": {}}}}
    api.create(VM, vm)
    api.create(DEPLOYMENT, deployment())
    api.create(DEPLOYMENT, deployment("other", labels={}))
    api.create(STATEFUL_SET, stateful_set(replicas=1))
    api.create(PVC, {"metadata": {"name": "data-store-0", "namespace": "payroll"}, "spec": {"volumeName": "pv"}})
    api.create(PV, {"metadata": {"name": "pv"}, "spec": {"persistentVolumeReclaimPolicy": "Delete"}})
    monkeypatch.setattr(protection, "open_site", lambda _plan, _site: api)
    monkeypatch.setattr(protection, "Groups", NoGroups)
    monkeypatch.setattr(protection, "source_of", lambda _plan: NoSource())
    return api


def labelled(api: MemoryApi) -> set[Any]:
    return {
        f"{kind}/{name}"
        for (kind, _space, name), item in api.objects.items()
        if item["metadata"].get("labels", {}).get(PROTECTED) == "true"
    }


def test_workloads_and_their_claims_are_labelled_and_their_volumes_kept(east: MemoryApi) -> None:
    result = protection.protect(plan_of(), "east", False)
    assert labelled(east) == {
        "VirtualMachine/db",
        "Deployment/front",
        "StatefulSet/store",
        "PersistentVolumeClaim/data-store-0",
        "PersistentVolume/pv",
    }
    assert east.get(PV, "pv")["spec"]["persistentVolumeReclaimPolicy"] == "Retain"
    assert (result["vms"], result["workloads"], result["volumes"]) == (1, 2, 1)
    assert protection.protect(plan_of(), "east", False)["changed"] is False


def test_p9_check_mode_labels_nothing(east: MemoryApi) -> None:
    before = list(east.writes)
    result = protection.protect(plan_of(), "east", True)
    assert (result["changed"], east.writes) == (True, before)


def test_the_start_budget_that_the_plan_shares_is_made_known(east: MemoryApi) -> None:
    sites = {"east": {"kubeconfig": "east.yml", "max_starting": 8}, "west": {"kubeconfig": "west.yml"}}
    result = protection.protect(plan_of(sites=sites), "east", False)
    assert "start budget of east: the plan shares it" in result["decisions"]
    assert east.find(CONFIG_MAP, "start-budget", "ocpvirt-dr")
