# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.forecast.pod_needs import PodNeed
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.forecast.quota import Started, quota_shortage

GIB = 1024**3
KVM = "devices.kubevirt.io/kvm"


def started(count: int = 3, namespace: str = "payroll") -> list[Started]:
    need = PodNeed({"memory": 4 * GIB, "cpu": 400, "pods": 1, KVM: 1}, {"memory": 8 * GIB, "cpu": 4000})
    return [Started(f"{namespace}/db-{number}", namespace, [need], True) for number in range(count)]


def quota(hard: dict[str, str], used: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    meta = {"name": "compute", "namespace": "payroll"}
    return {"metadata": meta, "spec": {"hard": hard, **spec}, "status": {"used": used or {}}}


@pytest.mark.parametrize(
    ("hard", "seen"),
    [
        ({"memory": "8Gi"}, "memory: 12.0Gi to start, 8.0Gi of 8Gi left: 1 of 3 would not start"),
        ({"requests.cpu": "1"}, "requests.cpu: 1.2 to start, 1 of 1 left: 1 of 3 would not start"),
        ({"limits.memory": "16Gi"}, "limits.memory: 24.0Gi to start, 16.0Gi of 16Gi left: 1 of 3 would not start"),
        ({"limits.cpu": "4"}, "limits.cpu: 12 to start, 4 of 4 left: 2 of 3 would not start"),
        ({"pods": "1"}, "pods: 3 to start, 1 of 1 left: 2 of 3 would not start"),
        ({"count/pods": "0"}, "count/pods: 3 to start, 0 of 0 left: 3 of 3 would not start"),
        ({f"requests.{KVM}": "2"}, f"requests.{KVM}: 3 to start, 2 of 2 left: 1 of 3 would not start"),
        (
            {"count/virtualmachineinstances.kubevirt.io": "2"},
            "count/virtualmachineinstances.kubevirt.io: 3 to start, 2 of 2 left: 1 of 3 would not start",
        ),
    ],
)
def test_whatever_a_quota_counts_of_a_start_is_held_against_it(hard: dict[str, str], seen: str) -> None:
    (finding,), _kept_off = quota_shortage([quota(hard)], started(), "west")
    assert (finding.severity, finding.code, finding.message) == ("blocker", "StartQuota", seen)


def test_what_is_used_already_is_not_left() -> None:
    _findings, kept_off = quota_shortage([quota({"memory": "14Gi"}, {"memory": "4Gi"})], started(), "west")
    assert kept_off == {"payroll/db-2": "ResourceQuota/payroll/compute"}


@pytest.mark.parametrize(
    "other",
    [
        quota({"memory": "12Gi", "persistentvolumeclaims": "0"}),
        quota({"memory": "1Gi"}, scopes=["BestEffort"]),
        quota({"memory": "1Gi"}, scopeSelector={"matchExpressions": []}),
        {**quota({"memory": "1Gi"}), "metadata": {"name": "compute", "namespace": "elsewhere"}},
    ],
    ids=["enough", "scopes", "selector", "namespace"],
)
def test_a_quota_that_leaves_room_or_counts_something_else_is_no_finding(other: dict[str, Any]) -> None:
    assert quota_shortage([other], started(), "west") == ([], {})
