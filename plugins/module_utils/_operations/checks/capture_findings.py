# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `check` says of captures: their age, those that cannot be used, what changed since, who takes the next one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ..._cluster.api import Api
from ..._errors import DrError
from ..._model.capture import Capture, CaptureInfo
from ..._model.finding import Finding
from ..._model.plan import Plan
from ..._planning.capture.age import too_old, unusable
from ..._planning.capture.check import check_capture
from ..._planning.capture.freshness import since_capture
from ..._planning.capture.state import uncaptured_namespaces
from ..capture.metadata_source import source_of
from ..inventory.protected import Protected
from ..plan.sites import Reach
from .stage_findings import stage_findings
from .workload_findings import findings_at_target


def findings_of_captures(plan: Plan, found: Protected, there: Reach, site: str) -> Iterator[Finding]:
    """Of the newest complete one that the target knows of the site. found: what the plan has at the site."""
    if there.api is None:
        return
    try:
        source = source_of(plan)
        known = [info for info in source.catalog(there.api) if info.site == site]
        newest = next((info for info in known if info.complete), None)
        if newest is None:
            yield _none(known, there.site)
            return
        content = source.manifests(there.api, newest.name)
        findings = list(_judged(plan, there.api, known, newest, content, found))
    except DrError as error:
        remedy = error.next_step or "check Velero at the target"
        yield Finding("blocker", "CaptureUnreadable", error.on or "Backup", str(error), remedy, there.site)
        return
    yield from findings
    yield from findings_at_target(plan, there.api, found, content)
    if plan.metadata.prestage:
        yield from stage_findings(plan, there.api, newest, content)


def _judged(
    plan: Plan, api: Api, known: Sequence[CaptureInfo], newest: CaptureInfo, content: Capture, found: Protected
) -> Iterator[Finding]:
    """api: of the site that would restore from it."""
    for finding in check_capture(content, plan.selector, found.vms.values(), found.workloads.selected.values()):
        yield replace(finding, message=f"{newest.name}: {finding.message}", site=api.site)
    # of the rest a record holds names only
    others = found.others if source_of(plan).holds_content else {}
    workloads = found.workloads.selected
    for finding in (
        *too_old(newest, api.clock.now(), plan.metadata.max_age, "blocker"),
        *unusable(known, newest),
        *uncaptured_namespaces(content),
        *since_capture(content, found.vms, found.claims, found.volumes, others, workloads, plan.selector),
    ):
        yield replace(finding, site=api.site)


def _none(known: Sequence[CaptureInfo], site: str) -> Finding:
    seen = ", ".join(f"{info.name} {info.phase}" for info in known[:3]) or "none known there"
    return Finding(
        "blocker", "NoCapture", "Capture", f"no complete capture: {seen}", "run protect, which takes one", site
    )


def schedule_findings(plan: Plan, api: Api) -> Iterator[Finding]:
    """Whether captures are taken at the site as the plan says."""
    try:
        pending = source_of(plan).schedule(api, True)
    except DrError as error:
        yield Finding(
            "warning", "ScheduleUnknown", "Schedule", str(error), error.next_step or "see the message", api.site
        )
        return
    if pending:
        on = pending.partition(":")[0]
        message = "it is not there, or not as the plan says"
        yield Finding(
            "warning", "ScheduleAbsent", on, message, "run protect at the site where the plan lives", api.site
        )
