# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.guards.rights import (
    ROLES,
    Right,
    Wanted,
    right_findings,
    rights_of,
    scopes_of,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._planning.practice.practice_world import told

PAGE = Path(__file__).parents[6] / "docs" / "rbac.md"
EVERYTHING = Wanted(velero=True, workloads=True, vms=True, volumes=True)
# granted by the page and not asked for: what only some clusters serve, and what runs can do without
NOT_ASKED = {
    "failover": {
        "resourcequotas",
        "persistentvolumes",
        "persistentvolumeclaims",
        "nodes",
        "events",
        "network-attachment-definitions",
    },
    "relocate": set(),
    "protect": {
        "controllerrevisions",
        "virtualmachineinstancetypes",
        "virtualmachinepreferences",
        "datavolumes",
        "virtualmachinesnapshots",
        "virtualmachinesnapshotcontents",
        "network-attachment-definitions",
        "routes",
    },
}


def granted(role: str) -> set[Right]:
    """By the page."""
    text = PAGE.read_text(encoding="utf-8").partition("```yaml")[2].partition("```")[0]
    (found,) = [item for item in yaml.safe_load_all(text) if item["metadata"]["name"] == f"ocpvirt-dr-{role}"]
    return {
        Right(verb, group, resource)
        for rule in found["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


@pytest.mark.parametrize("role", ROLES)
def test_the_rights_that_are_asked_for_are_those_of_the_page(role: str) -> None:
    asked = set(rights_of(role, EVERYTHING))
    assert asked - granted(role) == set()
    assert {right.resource for right in granted(role) - asked} == NOT_ASKED[role]


@pytest.mark.parametrize(
    ("wanted", "right", "needed"),
    [
        (EVERYTHING, Right("create", "velero.io", "restores"), True),
        (EVERYTHING._replace(velero=False), Right("create", "velero.io", "restores"), False),
        (EVERYTHING._replace(workloads=False), Right("patch", "apps", "deployments"), False),
        (EVERYTHING._replace(vms=False), Right("create", "kubevirt.io", "virtualmachines"), False),
        (EVERYTHING._replace(vms=False), Right("patch", "kubevirt.io", "virtualmachines"), True),
        (EVERYTHING._replace(volumes=False), Right("create", "", "persistentvolumes"), False),
        (EVERYTHING._replace(volumes=False), Right("patch", "", "persistentvolumes"), True),
        (EVERYTHING._replace(volumes=False), Right("create", "", "namespaces"), True),
    ],
)
def test_a_right_is_asked_for_where_the_plan_needs_it(wanted: Wanted, right: Right, needed: bool) -> None:
    assert (right in rights_of("failover", wanted)) is needed


@pytest.mark.parametrize(
    ("right", "scopes"),
    [
        (Right("create", "", "namespaces"), []),
        (Right("patch", "", "persistentvolumes"), []),
        (Right("create", "", "persistentvolumeclaims"), ["payroll", "payroll-db"]),
        (Right("create", "", "configmaps"), ["payroll", "payroll-db", "ocpvirt-dr"]),
        (Right("update", "coordination.k8s.io", "leases"), ["ocpvirt-dr"]),
        (Right("create", "velero.io", "restores"), ["openshift-adp"]),
    ],
)
def test_a_right_may_be_given_in_the_namespaces_that_need_it(right: Right, scopes: list[str]) -> None:
    assert scopes_of(right, ["payroll", "payroll-db"], "ocpvirt-dr", "openshift-adp") == scopes


def test_p10_what_is_missing_is_told_by_role_with_verbs_resources_and_namespaces() -> None:
    denied = {
        "failover": {
            Right("create", "", "persistentvolumes"): [],
            Right("update", "subresources.kubevirt.io", "virtualmachines/start"): ["payroll"],
        },
        "relocate": {},
    }
    seen = list(right_findings(denied, "west"))
    assert told(seen) == ["warning RightMissing ClusterRole/ocpvirt-dr-failover"]
    assert seen[0].message == (
        "the account of this check may not create persistentvolumes, "
        "update virtualmachines/start.subresources.kubevirt.io in payroll"
    )
