# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import Kind
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Failed
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.checks.access import access_findings
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.inventory.protected import Protected
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


def codes(site: Site, lives_here: bool = False) -> list[str]:
    found = access_findings(plan_of(), site, Protected({}), lives_here)  # type: ignore[arg-type]
    return [f"{finding.code} {finding.on}: {finding.message}" for finding in found]


def test_an_administrator_is_asked_one_question() -> None:
    site = Site(("*", "*", "*", "*"))
    assert (codes(site), site.asked) == ([], 1)


def test_an_account_without_rights_lacks_those_of_every_role_that_is_used_there() -> None:
    assert [code.partition(":")[0] for code in codes(Site(), lives_here=True)] == [
        "RightMissing ClusterRole/ocpvirt-dr-failover",
        "RightMissing ClusterRole/ocpvirt-dr-relocate",
        "RightMissing ClusterRole/ocpvirt-dr-protect",
    ]


# of what has no namespace all, of the rest in the plan's namespace and where the run store and Velero are
BOUND = [
    *(("", resource, "*", "") for resource in ("namespaces", "persistentvolumes")),
    ("admissionregistration.k8s.io", "*", "*", ""),
    *(("*", "*", "*", namespace) for namespace in ("payroll", "ocpvirt-dr", "openshift-adp")),
]


def test_rights_that_are_given_in_the_namespaces_of_the_plan_are_enough() -> None:
    assert codes(Site(*BOUND)) == []


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
    assert [code.split()[:2] for code in codes(site)] == [["NotChecked", "SelfSubjectAccessReview:"]]
