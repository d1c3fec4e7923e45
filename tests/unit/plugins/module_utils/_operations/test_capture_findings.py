# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import SCHEDULE, SECRET
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Failed
from ansible_collections.ocpvirt.dr.plugins.module_utils._metadata.oadp import OadpSource
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.capture import Capture, CaptureInfo
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations import capture_findings as module
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.protected import Protected
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import NOON, MemoryApi, plan_of

PLAN = plan_of(metadata={"source": "oadp", "schedule": "0 2 * * *", "max_age": "26h"})


def info(name: str, age: timedelta, complete: bool = True) -> CaptureInfo:
    created = (NOON - age).isoformat()
    return CaptureInfo(name, "east", created, "Completed" if complete else "PartiallyFailed", complete)


def found(*known: CaptureInfo) -> list[str]:
    newest = next(item for item in known if item.complete)
    content = Capture(newest.name, {"namespaces": [{"metadata": {"name": "payroll"}}]})
    listed = module.capture_findings(PLAN, MemoryApi(), known, newest, content, Protected({}))  # type: ignore[arg-type]
    findings = list(listed)
    assert {finding.site for finding in findings} <= {"west"}
    return [f"{finding.severity} {finding.code} {finding.on}" for finding in findings]


def test_a_fresh_capture_of_what_is_there_has_no_findings() -> None:
    assert found(info("a", timedelta(hours=10))) == []


def test_an_old_capture_and_failed_ones_since_are_found() -> None:
    known = (info("b", timedelta(hours=3), complete=False), info("a", timedelta(hours=27)))
    assert found(*known) == ["blocker CaptureTooOld Capture/a", "warning CaptureUnusable Capture/b"]


@pytest.mark.parametrize(("source", "told"), [("oadp", ["warning ObjectNewer Secret/payroll/key"]), ("vendor", [])])
def test_only_of_what_a_source_holds_whole_it_is_told_what_changed(source: str, told: list[str]) -> None:
    plan = plan_of(metadata={"source": source})
    secret = {"metadata": {"name": "key", "namespace": "payroll"}}
    live = Protected({}, others={(SECRET, "payroll/key"): secret})
    content, known = Capture("a", {}), info("a", timedelta(hours=1))
    listed = module.capture_findings(plan, MemoryApi(), [known], known, content, live)  # type: ignore[arg-type]
    assert [f"{finding.severity} {finding.code} {finding.on}" for finding in listed] == told


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
