# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import SECRET, Kind
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Failed
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group, Plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.checks.access import access_findings
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.inventory.protected import Protected
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.base import Capabilities
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, plan_of


class Site(MemoryApi):
    """An API server that answers what an account may do: rules of group, resource, verb and namespace; "*" for any."""

    def __init__(self, *rules: tuple[str, str, str, str]) -> None:
        super().__init__("west")
        self.rules = rules
        self.asked = 0

    def create(self, kind: Kind, body: dict[str, Any]) -> dict[str, Any]:
        assert kind.kind == "SelfSubjectAccessReview"
        self.asked += 1
        given = body["spec"]["resourceAttributes"]
        resource = "/".join(filter(None, (given["resource"], given["subresource"])))
        asked = (given["group"], resource, given["verb"], given["namespace"])
        allowed = any(
            all(rule in ("*", value) for rule, value in zip(rules, asked, strict=True)) for rules in self.rules
        )
        return {"status": {"allowed": allowed}}


class Replication:
    """All groups are of one product. clones: whether it can copy a secondary."""

    def __init__(self, clones: bool) -> None:
        self.capabilities = Capabilities(clones=clones)

    def provider(self, _group: Group) -> Replication:
        return self


def codes(
    site: Site, lives_here: bool = False, clones: bool = False, plan: Plan | None = None, found: Protected | None = None
) -> list[str]:
    asked = (plan or plan_of(), site, found or Protected({}), Replication(clones))
    return [
        f"{finding.severity} {finding.code} {finding.on}: {finding.message}"
        for finding in access_findings(*asked, lives_here=lives_here)  # type: ignore[arg-type]
    ]


def test_an_administrator_is_asked_one_question() -> None:
    site = Site(("*", "*", "*", "*"))
    assert (codes(site), site.asked) == ([], 1)


@pytest.mark.parametrize(
    ("lives_here", "roles"),
    [
        (True, ["failover", "relocate", "protect", "read", "in-place", "stop"]),
        (False, ["failover", "relocate", "rehearse"]),
    ],
)
def test_an_account_without_rights_lacks_those_of_every_role_that_is_used_there(
    lives_here: bool, roles: list[str]
) -> None:
    assert [code.partition(":")[0] for code in codes(Site(), lives_here, clones=True)] == [
        f"warning RightMissing ClusterRole/ocpvirt-dr-{role}" for role in roles
    ]


# of what has no namespace all, of the rest in the plan's namespace and where the run store and Velero are
BOUND = [
    *(("", resource, "*", "") for resource in ("namespaces", "persistentvolumes")),
    ("storage.k8s.io", "volumeattachments", "list", ""),
    ("admissionregistration.k8s.io", "*", "*", ""),
    *(("*", "*", "*", namespace) for namespace in ("payroll", "ocpvirt-dr", "openshift-adp")),
]


@pytest.mark.parametrize("lives_here", [True, False])
def test_rights_that_are_given_in_the_namespaces_of_the_plan_are_enough(lives_here: bool) -> None:
    assert codes(Site(*BOUND), lives_here) == []


def test_of_a_product_that_cannot_copy_no_right_for_rehearsals_is_asked() -> None:
    assert [code for code in codes(Site()) if "rehearse" in code] == []


def test_for_a_rehearsal_rights_in_the_namespaces_of_the_plan_are_not_enough() -> None:
    (code,) = codes(Site(*BOUND), clones=True)
    assert code.startswith("warning RightMissing ClusterRole/ocpvirt-dr-rehearse: ")
    assert "in payroll-rehearsal" in code


def test_for_a_rehearsal_rights_in_the_whole_cluster_are_enough() -> None:
    every = [(group, "*", "*", "*") for group in ("", "networking.k8s.io", "kubevirt.io", "subresources.kubevirt.io")]
    assert codes(Site(*BOUND, *every), clones=True) == []


def vm_with(spec: dict[str, Any], owner: dict[str, Any] | None = None) -> Protected:
    meta = {"name": "db-0", "namespace": "payroll", "ownerReferences": [owner] if owner else []}
    return Protected({"payroll/db-0": {"metadata": meta, "spec": {"template": {"spec": spec}}}})


POOL = {"apiVersion": "pool.kubevirt.io/v1alpha1", "kind": "VirtualMachinePool", "name": "db", "controller": True}
NETWORK = {"networks": [{"name": "lan", "multus": {"networkName": "lan"}}]}


@pytest.mark.parametrize(
    ("found", "lives_here", "missing"),
    [
        (vm_with({}, POOL), True, "virtualmachinepools.pool.kubevirt.io in payroll"),
        (vm_with(NETWORK), False, "network-attachment-definitions.k8s.cni.cncf.io in payroll-rehearsal"),
        (Protected({}, others={(SECRET, "payroll/key"): {}}), False, "create secrets in payroll-rehearsal"),
    ],
)
def test_what_only_some_vms_need_is_asked_for_where_there_are_such(
    found: Protected, lives_here: bool, missing: str
) -> None:
    asked: list[str] = []

    class Noting(Site):
        def create(self, kind: Kind, body: dict[str, Any]) -> dict[str, Any]:
            given = body["spec"]["resourceAttributes"]
            group = given["group"] and f".{given['group']}"
            asked.append(f"{given['verb']} {given['resource']}{group} in {given['namespace']}")
            return super().create(kind, body)

    codes(Noting(), lives_here, clones=True)
    assert not [item for item in asked if missing in item]
    codes(Noting(), lives_here, clones=True, found=found)
    assert [item for item in asked if missing in item]


def test_a_move_with_an_export_needs_what_velero_would_bring() -> None:
    exported = plan_of(metadata={"source": "export", "export": {"directory": "/exports"}})
    found = Protected({}, others={(SECRET, "payroll/key"): {}})
    (code,) = codes(
        Site(*(rule for rule in BOUND if rule[3] != "payroll"), ("", "configmaps", "*", "payroll")),
        plan=exported,
        found=found,
    )[2:]
    assert code == (
        "warning RightMissing ClusterRole/ocpvirt-dr-import: the account of this check may not "
        "create secrets in payroll, patch secrets in payroll"
    )


@pytest.mark.parametrize(
    ("left_out", "missing"),
    [
        (("", "namespaces", "*", ""), "failover: the account of this check may not create namespaces"),
        (("*", "*", "*", "ocpvirt-dr"), "create configmaps in ocpvirt-dr"),
        (("*", "*", "*", "payroll"), "update virtualmachines.kubevirt.io in payroll"),
    ],
)
def test_what_is_left_out_is_found(left_out: tuple[str, str, str, str], missing: str) -> None:
    assert missing in " ".join(codes(Site(*(rule for rule in BOUND if rule != left_out))))


def test_p10_a_server_that_does_not_tell_is_no_reason_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    site = Site()

    def broken(*_arguments: object) -> None:
        raise Failed("POST", site="west", on="SelfSubjectAccessReview", status=500)

    monkeypatch.setattr(site, "create", broken)
    assert [code.split()[1:3] for code in codes(site)] == [["NotChecked", "SelfSubjectAccessReview:"]]
