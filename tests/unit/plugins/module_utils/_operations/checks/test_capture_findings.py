# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import SCHEDULE, SECRET
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Failed
from ansible_collections.ocpvirt.dr.plugins.module_utils._metadata.oadp import OadpSource
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.capture import Capture, CaptureInfo
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.checks import capture_findings as module
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.inventory.protected import Protected
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan.sites import Reach
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import NOON, MemoryApi, plan_of

PLAN = plan_of(metadata={"source": "oadp", "schedule": "0 2 * * *", "max_age": "26h"})
NAMESPACES = {"namespaces": [{"metadata": {"name": "payroll"}}]}
Found = Callable[..., list[str]]


def vm(**meta: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "db", "namespace": "payroll", "labels": {"dr.ocpvirt.io/plan": "payroll"}, **meta},
        "spec": {"runStrategy": "Halted", "template": {"spec": {}}},
    }


def info(name: str, age: timedelta, complete: bool = True) -> CaptureInfo:
    created = (NOON - age).isoformat()
    return CaptureInfo(name, "east", created, "Completed" if complete else "PartiallyFailed", complete)


class Captures:
    """What a site knows of captures, all with the same content."""

    def __init__(self, known: Sequence[CaptureInfo], content: Mapping[str, Any], holds_content: bool = True) -> None:
        self.known, self.content, self.holds_content = known, content, holds_content

    def catalog(self, _api: object) -> list[CaptureInfo]:
        return list(self.known)

    def manifests(self, _api: object, name: str) -> Capture:
        return Capture(name, {"virtualmachines.kubevirt.io": [vm()], **NAMESPACES, **self.content})


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Findings of captures that west knows of east."""

    def told(*known: CaptureInfo, live: Protected | None = None, whole: bool = True, **content: Any) -> list[str]:
        source = Captures(known, content, whole)
        monkeypatch.setattr(module, "source_of", lambda _plan: source)
        there = Reach("west", "reachable", api=MemoryApi("west"))  # type: ignore[arg-type]
        findings = list(module.findings_of_captures(PLAN, live or Protected({"payroll/db": vm()}), there, "east"))
        assert {finding.site for finding in findings} <= {"west"}
        return [f"{finding.severity} {finding.code} {finding.on}" for finding in findings]

    return told


def test_a_fresh_capture_of_what_is_there_has_no_findings(found: Found) -> None:
    assert found(info("a", timedelta(hours=10))) == []


def test_an_old_capture_and_failed_ones_since_are_found(found: Found) -> None:
    known = (info("b", timedelta(hours=3), complete=False), info("a", timedelta(hours=27)))
    assert found(*known) == ["blocker CaptureTooOld Capture/a", "warning CaptureUnusable Capture/b"]


def test_without_a_complete_capture_there_is_one_finding(found: Found) -> None:
    assert found(info("a", timedelta(hours=1), complete=False)) == ["blocker NoCapture Capture"]


@pytest.mark.parametrize(("whole", "told"), [(True, ["warning ObjectNewer Secret/payroll/key"]), (False, [])])
def test_only_of_what_a_source_holds_whole_it_is_told_what_changed(found: Found, whole: bool, told: list[str]) -> None:
    secret = {"metadata": {"name": "key", "namespace": "payroll"}}
    live = Protected({"payroll/db": vm()}, others={(SECRET, "payroll/key"): secret})
    assert found(info("a", timedelta(hours=1)), live=live, whole=whole) == told


def test_p10_a_record_of_power_that_nobody_can_read_is_a_finding_and_no_end_of_the_check(found: Found) -> None:
    torn = vm(annotations={"dr.ocpvirt.io/recorded": "{"})
    (finding,) = found(info("a", timedelta(hours=1)), live=Protected({"payroll/db": torn}))
    assert finding == "blocker CaptureUnreadable VirtualMachine/payroll/db"


def test_a_schedule_that_is_not_there_or_not_as_planned_is_found_until_protect_makes_it() -> None:
    api = MemoryApi("east")
    (finding,) = module.schedule_findings(PLAN, api)  # type: ignore[arg-type]
    assert (finding.code, finding.on) == ("ScheduleAbsent", "Schedule/openshift-adp/payroll-east")
    assert api.writes == []
    OadpSource(PLAN).schedule(api, False)  # type: ignore[arg-type]
    assert list(module.schedule_findings(PLAN, api)) == []  # type: ignore[arg-type]
    stored = api.get(SCHEDULE, "payroll-east", "openshift-adp")
    stored["spec"]["schedule"] = "0 3 * * *"
    api.replace(SCHEDULE, stored)
    assert [item.code for item in module.schedule_findings(PLAN, api)] == ["ScheduleAbsent"]  # type: ignore[arg-type]


def test_a_site_that_does_not_say_is_a_finding_and_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: Any) -> None:
        raise Failed("GET", on="Schedule/openshift-adp/payroll-east", status=403, next_step="grant the right")

    api = MemoryApi("east")
    monkeypatch.setattr(api, "find", refuse)
    (finding,) = module.schedule_findings(PLAN, api)  # type: ignore[arg-type]
    assert (finding.severity, finding.code, finding.remedy) == ("warning", "ScheduleUnknown", "grant the right")
