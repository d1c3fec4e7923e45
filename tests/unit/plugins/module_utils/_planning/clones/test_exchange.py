# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Claims get the volumes of their clones, and the clones' claims the newest copies."""

from __future__ import annotations

from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._model.capture import Capture
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.clones.choice import choose_clones
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.clones.exchange import exchanged
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.clones.names import clones_among
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.cloned_capture import RULE, captured
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of

POINT = "dr.ocpvirt.io/recovery-point"
APART = [
    {"name": "disks", "selector": {"matchExpressions": [{"key": POINT, "operator": "DoesNotExist"}]}},
    {"name": "clones", "selector": {"matchExpressions": [{"key": POINT, "operator": "Exists"}]}},
]


def plan_with(**more: Any) -> Plan:
    return plan_of(**{"volumes": {"rules": [RULE]}, **more})


def exchange(plan: Plan, capture: Capture, point: str = "old") -> Capture:
    return exchanged(plan, capture, choose_clones("payroll", capture, point))


def bound_to(capture: Capture) -> dict[str, str]:
    return {key: item["spec"]["volumeName"] for key, item in capture.index("persistentvolumeclaims").items()}


def test_claims_get_the_volumes_of_their_clones_and_clones_the_newest_copies() -> None:
    assert bound_to(exchange(plan_with(), captured("c", "old"))) == {
        "payroll/db-0": "pv-db-0-old",
        "payroll/db-0-data": "pv-db-0-data-old",
        "payroll/db-0-old": "pv-db-0",
        "payroll/db-0-data-old": "pv-db-0-data",
    }


def test_clones_of_other_recovery_points_stay_what_they_are() -> None:
    before = captured("c", "old", "new")
    after = exchange(plan_with(), before)
    for resource in ("persistentvolumeclaims", "persistentvolumes"):
        newer = {key: item for key, item in before.index(resource).items() if key.endswith("-new")}
        assert newer.items() <= after.index(resource).items()


def test_a_claim_keeps_what_its_owner_wrote_and_is_as_large_as_the_clone() -> None:
    claim = exchange(plan_with(), captured("c", "old")).index("persistentvolumeclaims")["payroll/db-0"]
    assert claim["metadata"]["labels"]["app"] == "db"
    assert claim["metadata"]["annotations"] == {"dr.ocpvirt.io/recovered-from": "old"}
    assert claim["spec"]["resources"] == {"requests": {"storage": "2Gi"}}


def test_p8_a_copy_that_was_set_aside_is_no_clone_that_retention_could_remove() -> None:
    found = exchange(plan_with(), captured("c", "old"))
    assert clones_among(found.objects["persistentvolumeclaims"], "payroll") == []
    labels = found.index("persistentvolumeclaims")["payroll/db-0-old"]["metadata"]["labels"]
    assert labels == {"protected.dr.ocpvirt.io/payroll": "true", "dr.ocpvirt.io/set-aside": "old"}


def test_p1_each_volume_stays_in_the_group_that_replicates_it() -> None:
    plan = plan_with(replication={"groups": APART})

    def groups(capture: Capture) -> dict[str, list[str]]:
        return {
            item["spec"]["volumeName"]: [group.name for group in plan.group_for(item["metadata"]["labels"])]
            for item in capture.objects["persistentvolumeclaims"]
        }

    before = captured("c", "old")
    assert groups(before)["pv-db-0-old"] == ["clones"]
    assert groups(exchange(plan, before)) == groups(before)
