# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.guards.rights import (
    PLAYBOOKS,
    ROLES,
    Right,
    Runs,
    Wanted,
    needs_at,
    right_findings,
    rights_of,
    scopes_of,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.rehearsal.objects import NEEDED
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._planning.practice.practice_world import told
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.rights_used import granted
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of

PLAN = plan_of()
ALL_RUNS = Runs(imports=True, stage=True, rehearsals=True)
EVERYTHING = Wanted(
    velero=True,
    workloads=True,
    vms=True,
    volumes=True,
    networks=True,
    pools=True,
    kinds=frozenset(resource.partition(".")[0] for resource in NEEDED),
)
# granted by the pages and not asked for: what only some clusters serve, and what runs can do without
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
    "rehearse": set(),
    # of kinds that not every cluster serves
    "prestage": {
        "virtualmachineinstancetypes",
        "virtualmachinepreferences",
        "network-attachment-definitions",
        "routes",
    },
    "in-place": {"resourcequotas"},
    "stop": {"virtualmachineinstances/freeze", "virtualmachineinstances/unfreeze"},
    # of kinds that no rehearsal has, and that captures may never hold
    "import": {
        "namespaces",
        "resourcequotas",
        "limitranges",
        "networkpolicies",
        "ingresses",
        "network-attachment-definitions",
        "routes",
        "routes/custom-host",
        "roles",
        "rolebindings",
    },
}
# what may not be read is found where it is read, and what is for one option of protect, or to take things back, by that
ROLES_NOT_ASKED = {"export", "snapshots", "announce", "share", "unprotect", "oadp", "record-syncs"}


@pytest.mark.parametrize("role", NOT_ASKED)
def test_the_rights_that_are_asked_for_are_those_of_the_page(role: str) -> None:
    asked, given = set(rights_of(role, EVERYTHING)), granted()[role]
    assert asked - given == set()
    assert {right.resource for right in given - asked} == NOT_ASKED[role]


def test_of_what_is_read_only_that_is_asked_for_which_check_does_not_read_itself() -> None:
    asked = set(rights_of("read", EVERYTHING))
    assert asked == {Right("list", "storage.k8s.io", "volumeattachments")}
    assert asked <= granted()["read"]


def test_of_each_role_of_the_pages_somebody_decided_whether_it_is_asked_for() -> None:
    assert set(ROLES) == {*NOT_ASKED, "read"}
    assert set(ROLES).isdisjoint(ROLES_NOT_ASKED)
    assert set(ROLES) | ROLES_NOT_ASKED == set(granted())
    assert set(ROLES) == set(PLAYBOOKS)


MOVES = Runs(imports=False, stage=False, rehearsals=False)


@pytest.mark.parametrize(
    ("runs", "lives_here", "roles"),
    [
        (MOVES, False, ["failover", "relocate"]),
        (ALL_RUNS, False, ["failover", "relocate", "import", "prestage", "rehearse"]),
        # a stage gets what Velero would bring, by us
        (MOVES._replace(stage=True), False, ["failover", "relocate", "import", "prestage"]),
        (MOVES._replace(stage=True), True, ["failover", "relocate", "protect", "read", "in-place", "stop"]),
        # VMs are rehearsed where they do not run
        (ALL_RUNS, True, ["failover", "relocate", "import", "protect", "read", "in-place", "stop"]),
    ],
)
def test_a_site_is_asked_for_what_is_run_there(runs: Runs, lives_here: bool, roles: list[str]) -> None:
    assert [need.role for need in needs_at(PLAN, runs, EVERYTHING, lives_here)] == roles


def test_a_rehearsal_needs_what_a_failover_writes_and_an_export_too_in_namespaces_of_its_own() -> None:
    # even of a plan whose manifests Velero brings
    runs = ALL_RUNS._replace(imports=False)
    rehearsal = needs_at(PLAN, runs, EVERYTHING, lives_here=False)[-1]
    assert rehearsal.namespaces == ("payroll-rehearsal",)
    asked = set(rehearsal.rights)
    assert {
        Right("create", "kubevirt.io", "virtualmachines"),
        Right("create", "", "persistentvolumeclaims"),
        Right("create", "", "services"),
        Right("delete", "", "namespaces"),
    } <= asked
    given = granted()
    assert asked <= given["rehearse"] | given["failover"] | given["import"]
    assert not [right for right in asked if right.group == "velero.io"]
    assert len(asked) == len(rehearsal.rights)


@pytest.mark.parametrize("resource", NEEDED)
def test_what_a_rehearsal_restores_beside_its_vms_is_asked_for(resource: str) -> None:
    plural, _dot, group = resource.partition(".")
    asked = needs_at(PLAN, ALL_RUNS, EVERYTHING, lives_here=False)[-1].rights
    assert {Right("create", group, plural), Right("patch", group, plural)} <= set(asked)


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
    ("role", "without", "right"),
    [
        ("rehearse", {"networks": False}, Right("create", "k8s.cni.cncf.io", "network-attachment-definitions")),
        ("stop", {"pools": False}, Right("patch", "pool.kubevirt.io", "virtualmachinepools")),
        ("in-place", {"workloads": False}, Right("patch", "batch", "cronjobs")),
        ("import", {"kinds": frozenset({"secrets"})}, Right("create", "", "services")),
    ],
)
def test_what_the_plan_does_not_have_is_not_asked_for(role: str, without: dict[str, Any], right: Right) -> None:
    assert right in rights_of(role, EVERYTHING)
    assert right not in rights_of(role, EVERYTHING._replace(**without))


@pytest.mark.parametrize(
    ("right", "scopes"),
    [
        (Right("create", "", "namespaces"), []),
        (Right("patch", "", "persistentvolumes"), []),
        (Right("create", "", "persistentvolumeclaims"), ["payroll", "payroll-db"]),
        (Right("create", "", "configmaps"), ["payroll", "payroll-db", "ocpvirt-dr"]),
        (Right("update", "coordination.k8s.io", "leases"), ["ocpvirt-dr"]),
        (Right("create", "velero.io", "restores"), ["openshift-adp"]),
        (Right("list", "storage.k8s.io", "volumeattachments"), []),
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


def test_p10_a_rehearsal_that_lacks_rights_says_that_they_are_needed_in_the_whole_cluster() -> None:
    denied = {"rehearse": {Right("create", "networking.k8s.io", "networkpolicies"): ["payroll-rehearsal"]}}
    (seen,) = right_findings(denied, "west")
    assert seen.severity == "warning"
    assert seen.remedy == (
        "grant it to the account that runs test_failover and test_cleanup, for the whole cluster as their namespaces "
        "do not exist before (docs/rbac.md), if it is this one"
    )
