# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.capture import CaptureInfo
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.capture.age import too_old, unusable

TAKEN = datetime(2026, 3, 1, 2, tzinfo=UTC)


def info(name: str = "payroll-east-1", phase: str = "Completed", complete: bool = True) -> CaptureInfo:
    return CaptureInfo(name, "east", "2026-03-01T02:00:00Z", phase, complete)


@pytest.mark.parametrize("age", [timedelta(), timedelta(hours=26), timedelta(hours=-1)])
def test_a_capture_within_the_allowed_age_is_no_finding(age: timedelta) -> None:
    assert list(too_old(info(), TAKEN + age, timedelta(hours=26), "blocker")) == []


def test_an_older_one_is_found_with_both_ages() -> None:
    (finding,) = too_old(info(), TAKEN + timedelta(days=2, hours=3, seconds=1.5), timedelta(hours=26), "blocker")
    assert (finding.severity, finding.code, finding.on) == ("blocker", "CaptureTooOld", "Capture/payroll-east-1")
    assert "2d3h1s old, allowed are 1d2h" in finding.message


def test_without_a_limit_no_capture_is_too_old() -> None:
    assert list(too_old(info(), TAKEN + timedelta(days=900), None, "blocker")) == []


def test_newer_captures_that_cannot_be_used_are_named_and_older_ones_are_not() -> None:
    known = [
        info("d", "InProgress", False),
        info("c", "PartiallyFailed", False),
        info("b", "Completed", False),
        info("a"),
        info("z", "Failed", False),
    ]
    findings = list(unusable(known, info("a")))
    assert [finding.on for finding in findings] == ["Capture/c", "Capture/b"]
    assert "a of 2026-03-01T02:00:00Z would be used" in findings[0].message
