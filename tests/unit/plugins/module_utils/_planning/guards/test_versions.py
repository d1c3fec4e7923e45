# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.guards.versions import (
    absent_kinds,
    kubevirt_findings,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._planning.practice.practice_world import (
    Object,
    told,
)

ROUTES = "routes.route.openshift.io"
TYPES = "virtualmachineinstancetypes.instancetype.kubevirt.io"


@pytest.mark.parametrize(
    ("wanted", "served", "found"),
    [
        ({}, [], []),
        ({ROUTES: ["payroll/web"]}, [ROUTES], []),
        ({ROUTES: ["payroll/web"]}, [TYPES], [f"warning KindAbsent CustomResourceDefinition/{ROUTES}"]),
        ({TYPES: ["payroll/small"]}, [ROUTES], [f"blocker KindAbsent CustomResourceDefinition/{TYPES}"]),
    ],
)
def test_a_kind_that_the_plan_has_and_the_target_does_not_serve_is_found(
    wanted: dict[str, list[str]], served: list[str], found: list[str]
) -> None:
    assert told(absent_kinds(wanted, served, "west")) == found


def kubevirt(version: str, *gates: str) -> Object:
    configuration: dict[str, Any] = {"developerConfiguration": {"featureGates": list(gates)}} if gates else {}
    return {
        "metadata": {"name": "kubevirt", "namespace": "kubevirt"},
        "spec": {"configuration": configuration},
        "status": {"observedKubeVirtVersion": version} if version else {},
    }


OLDER = "warning KubeVirtOlder KubeVirt/kubevirt/kubevirt"
GATES = "warning FeatureGateAbsent KubeVirt/kubevirt/kubevirt"


@pytest.mark.parametrize(
    ("here", "there", "found"),
    [
        (kubevirt("v1.7.0"), kubevirt("v1.7.0"), []),
        (kubevirt("v1.7.3"), kubevirt("v1.7.0"), []),
        (kubevirt("v1.6.2"), kubevirt("v1.7.0"), []),
        (kubevirt("v1.10.0"), kubevirt("v1.9.4"), [OLDER]),
        (kubevirt("v1.7.0-12-gabc"), kubevirt("v1.6.9"), [OLDER]),
        (kubevirt(""), kubevirt("v1.6.9"), []),
        (kubevirt("v1.7.0"), None, []),
        (kubevirt("v1.7.0", "VMPersistentState"), kubevirt("v1.7.0"), [GATES]),
        (kubevirt("v1.7.0", "Snapshot"), kubevirt("v1.7.0", "Snapshot", "HotplugVolumes"), []),
    ],
)
def test_a_kubevirt_that_is_older_or_lacks_gates_at_the_target_is_found(
    here: Object | None, there: Object | None, found: list[str]
) -> None:
    assert told(kubevirt_findings(here, there, "west")) == found
