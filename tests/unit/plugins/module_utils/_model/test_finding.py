# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.finding import Finding, abridged, blockers, score


def finding(severity: str, code: str = "A") -> Finding:
    return Finding(severity, code, "VirtualMachine/payroll/db-0", "message", "remedy")


@pytest.mark.parametrize(
    ("findings", "points"),
    [
        ([], 100),
        ([finding("info")], 100),
        ([finding("warning")], 95),
        ([finding("blocker")], 75),
        ([finding("blocker"), finding("blocker")], 75),
        ([finding("blocker", "A"), finding("blocker", "B"), finding("warning", "C")], 45),
        ([finding("blocker", code) for code in "ABCDE"], 0),
    ],
)
def test_the_score_counts_each_kind_once(findings, points) -> None:
    assert score(findings) == points


def test_blockers_are_found_among_findings() -> None:
    assert blockers([finding("info"), finding("blocker"), finding("warning")]) == [finding("blocker")]


def test_one_fault_of_all_vms_does_not_hide_the_others() -> None:
    given = [finding("blocker")] * 3 + [finding("warning")] * 5 + [finding("warning", "B")]
    shown = abridged(given, limit=3)
    assert [(item.severity, item.code, item.on) for item in shown] == [
        *[("blocker", "A", "VirtualMachine/payroll/db-0")] * 3,
        *[("warning", "A", "VirtualMachine/payroll/db-0")] * 3,
        ("warning", "A", "2 more"),
        ("warning", "B", "VirtualMachine/payroll/db-0"),
    ]
