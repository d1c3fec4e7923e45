# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.guards.owners import (
    managed_namespaces,
    of_two_plans,
    strangers,
    syncing_controllers,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._planning.practice.practice_world import (
    Object,
    claim,
    told,
    vm,
)

ARGO = {"argocd.argoproj.io/tracking-id": "payroll:kubevirt.io/VirtualMachine:payroll/db-0"}
FLUX = {"kustomize.toolkit.fluxcd.io/name": "payroll"}


def space(**meta: Any) -> Object:
    return {"metadata": {"name": "payroll", **meta}}


@pytest.mark.parametrize(
    ("namespace", "paused", "found"),
    [
        (space(), False, []),
        (space(labels={"argocd.argoproj.io/managed-by": "openshift-gitops"}), False, []),
        (space(labels={"argocd.argoproj.io/instance": "payroll"}), False, ["Argo CD"]),
        (space(labels={"argocd.argoproj.io/instance": "payroll"}), True, []),
        (space(labels=FLUX), False, ["Flux"]),
        (space(ownerReferences=[{"kind": "Tenant", "name": "hr"}]), True, ["Tenant hr"]),
    ],
)
def test_a_namespace_of_the_target_that_somebody_else_decides_over_is_found(
    namespace: Object, paused: bool, found: list[str]
) -> None:
    seen = list(managed_namespaces([namespace], paused, "west"))
    assert told(seen) == ["warning NamespaceOwned Namespace/payroll"] * len(found)
    assert [name for name in found if not any(finding.message.startswith(name) for finding in seen)] == []


OTHER_PLANS = claim("data", labels={"protected.dr.ocpvirt.io/billing": "true"})
SHARED = ["warning NamespaceShared Namespace/payroll"]


@pytest.mark.parametrize(
    ("there", "known", "found"),
    [
        ([], [], []),
        ([claim("data")], [], SHARED),
        ([claim("data"), claim("logs")], [], SHARED),
        ([claim("data")], [("PersistentVolumeClaim", "payroll/data")], []),
        ([claim("data")], [("VirtualMachine", "payroll/data")], SHARED),
        ([OTHER_PLANS], [], []),
    ],
)
def test_a_namespace_of_the_target_that_another_application_lives_in_is_found(
    there: list[Object], known: list[tuple[str, str]], found: list[str]
) -> None:
    assert told(strangers(there, known, "payroll", "west")) == found


@pytest.mark.parametrize(
    ("annotations", "paused", "found"),
    [
        ({}, False, []),
        (ARGO, False, ["warning GitOpsUnpaused Argo CD"]),
        (ARGO, True, []),
        (FLUX, False, ["warning GitOpsUnpaused Flux"]),
    ],
)
def test_a_controller_that_no_run_pauses_is_found_once(
    annotations: dict[str, str], paused: bool, found: list[str]
) -> None:
    vms = [vm("db-0"), vm("db-1")]
    for item in vms:
        item["metadata"]["annotations"] |= annotations
    assert told(syncing_controllers(vms, paused, "east")) == found


def test_a_vm_that_another_plan_protects_too_is_found() -> None:
    mine, both = vm("db-0"), vm("db-1")
    both["metadata"]["labels"]["protected.dr.ocpvirt.io/billing"] = "true"
    assert told(of_two_plans([mine, both], "payroll", "east")) == ["warning VmOfTwoPlans VirtualMachine/payroll/db-1"]
