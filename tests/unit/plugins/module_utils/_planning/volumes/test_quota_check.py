# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.volumes.quota_check import quota_findings


def claim(storage: str = "10Gi", namespace: str = "payroll", storage_class: str = "gold") -> dict[str, Any]:
    return {
        "metadata": {"namespace": namespace, "name": "db-0"},
        "spec": {"resources": {"requests": {"storage": storage}}, "storageClassName": storage_class},
    }


def quota(hard: dict[str, str], used: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"namespace": "payroll", "name": "limits"},
        "spec": {"hard": hard, **spec},
        "status": {"hard": hard, "used": used or {}},
    }


@pytest.mark.parametrize(
    ("hard", "used", "told"),
    [
        ("persistentvolumeclaims", "1", "persistentvolumeclaims: 2 to create, 1 of 2 left"),
        ("count/persistentvolumeclaims", "1", "count/persistentvolumeclaims: 2 to create, 1 of 2 left"),
    ],
)
def test_a_quota_with_too_few_claims_left_is_a_blocker(hard: str, used: str, told: str) -> None:
    [finding] = quota_findings([quota({hard: "2"}, {hard: used})], [claim(), claim()], "west")
    assert (finding.severity, finding.code, finding.site) == ("blocker", "QuotaTooSmall", "west")
    assert (finding.on, finding.message) == ("ResourceQuota/payroll/limits", told)


@pytest.mark.parametrize("name", ["requests.storage", "gold.storageclass.storage.k8s.io/requests.storage"])
def test_a_quota_with_too_little_storage_left_is_a_blocker(name: str) -> None:
    [finding] = quota_findings([quota({name: "100Gi"}, {name: "85Gi"})], [claim(), claim("5.5Gi")], "west")
    assert finding.message == f"{name}: 15.5Gi to create, 15Gi of 100Gi left"


@pytest.mark.parametrize(
    "given",
    [
        quota({"requests.storage": "100Gi"}, {"requests.storage": "90Gi"}),
        quota({"silver.storageclass.storage.k8s.io/requests.storage": "1Gi"}),
        quota({"pods": "0", "count/virtualmachineinstances.kubevirt.io": "0"}),
        quota({"persistentvolumeclaims": "0"}, scopes=["BestEffort"]),
        {**quota({"persistentvolumeclaims": "0"}), "metadata": {"namespace": "other", "name": "limits"}},
    ],
    ids=["enough", "another class", "other kinds", "a scope", "another namespace"],
)
def test_a_quota_that_leaves_room_or_counts_something_else_is_no_finding(given: dict[str, Any]) -> None:
    assert quota_findings([given], [claim()], "west") == []
