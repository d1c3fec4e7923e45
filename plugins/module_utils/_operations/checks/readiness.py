# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is the plan ready to be moved: everything that would stop a failover, found while there is time to mend it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from ..._cluster.api import Api
from ..._errors import DrError, Refused
from ..._model.finding import Finding, abridged, blockers, score
from ..._model.plan import Plan
from ..._planning.guards.home import known_site
from ..._planning.guards.roles import role_findings
from ..._planning.rehearsal.history import test_findings
from ..._planning.start.ignored import ignored_values
from ..._planning.start.order import StartOrder, order_start
from ..capture.metadata_source import needs_of
from ..clones.snapshot_storage import snapshot_findings
from ..entry import bounded
from ..inventory.protected import Protected, list_everyone, list_protected, selected, start_records
from ..inventory.site_report import present_apis, storage_phases
from ..inventory.workloads import workload_records
from ..plan.asking import ask_sites
from ..plan.sites import Reach
from ..protect.data_protection import version_findings
from ..report.history import history_of
from ..start.budget_record import budget_findings
from ..start.forecast import NO_FORECAST, StartForecast, recorded_runs
from ..stop.gitops import paused_findings, sync_findings, target_findings
from ..volumes.commits import checkout_findings
from .access import access_findings
from .capture_findings import findings_of_captures, schedule_findings
from .hook_findings import hook_findings
from .practice import Practice
from .recovery_findings import recovery_findings
from .target_findings import TargetCheck
from .volume_findings import VolumeCheck, VolumeView
from .workload_findings import findings_at_source


def readiness(plan: Plan, pv_patch_preview: str = "") -> dict[str, Any]:
    """Every finding over both sites, the replication, the volumes and the captures; nothing is written.

    pv_patch_preview: pattern of the claims whose patches are shown one by one.
    """
    asked = ask_sites(plan, list(plan.sites))
    reached, replication, groups = asked.reached, asked.replication, asked.groups
    findings = [finding for there in reached.values() for finding in _site(plan, there)]
    findings += hook_findings(plan)
    history = history_of(plan, reached.values())
    if history.runs or not history.unread:
        findings += test_findings(plan.name, history.runs, datetime.now(UTC))
    volumes = VolumeView()
    lives_at = known_site(plan, groups, history.runs)
    findings += role_findings(plan, groups, lives_at, datetime.now(UTC))
    foreseen = NO_FORECAST
    source = reached[lives_at or plan.home]
    if source.api is not None and present_apis(source.api)["kubevirt"]:
        target = plan.peer_of(source.site)
        everyone = list_everyone(plan, source.api)
        found = list_protected(plan, source.api, selected(plan, everyone))
        findings += _vms(found, source.site)
        order, problems = _order(plan, found, source.site)
        findings += problems
        findings += ignored_values(
            {**{f"VirtualMachine/{key}": vm for key, vm in found.vms.items()}, **found.workloads.selected}, source.site
        )
        findings += findings_at_source(plan, source.api, found)
        volumes = VolumeCheck(plan, replication, source.api, reached[target].api).look(found)
        findings += volumes.findings
        there = reached[target].api
        if there is not None:
            findings += TargetCheck(plan, source.api, there, found, volumes).findings()
            findings += access_findings(plan, there, found, replication, lives_here=False)
        findings += access_findings(plan, source.api, found, replication, lives_here=True)
        if order is not None and there is not None:
            runs = recorded_runs(plan, [source.api, there])
            foreseen = StartForecast(plan, there, found, volumes).look(order, runs)
            findings += foreseen.findings
        findings += findings_of_captures(plan, found, reached[target], source.site)
        findings += schedule_findings(plan, source.api)
        findings += _git(plan, found, source.api, reached[target])
        practice = Practice(plan, source.api, everyone, found)
        findings += practice.findings(reached[target].api, replication, groups[source.site])
        findings += snapshot_findings(plan, source.api, found)
        findings += recovery_findings(plan, replication, source.api, found, reached[target].api)
    severities = ("blocker", "warning", "info")
    findings.sort(key=lambda finding: (severities.index(finding.severity), finding.code, finding.on))
    return {
        "changed": False,
        "ready": not blockers(findings),
        "score": score(findings),
        "lives_at": lives_at or "",
        "blockers": len(blockers(findings)),
        "findings": bounded([finding.as_dict() for finding in abridged(findings)]),
        **volumes.result(pv_patch_preview),
        "start_forecast": foreseen.summary,
    }


def _site(plan: Plan, there: Reach) -> Iterator[Finding]:
    if there.api is None:
        code = "SiteUnreachable" if there.state == "unreachable" else "SiteFailed"
        yield Finding(
            "blocker", code, f"Site/{there.site}", there.message, "bring it back, or correct its access", there.site
        )
        return
    try:
        apis, needed = present_apis(there.api), {"kubevirt", *needs_of(plan)}
        for name, present in apis.items():
            if not present and name in needed:
                yield _blocker(
                    "ApiAbsent",
                    f"CustomResourceDefinition/{name}",
                    "it is not installed",
                    f"install {name}",
                    there.site,
                )
        if apis["velero"] and "velero" in needed:
            yield from _storage(plan, there.api)
            yield from version_findings(plan, there.api)
        yield from sync_findings(plan, there.api)
        yield from budget_findings(plan, there.api)
    except DrError as error:
        yield Finding("blocker", "SiteFailed", f"Site/{there.site}", str(error), "see the message", there.site)


def _storage(plan: Plan, api: Api) -> Iterator[Finding]:
    phases = storage_phases(plan, api)
    if not phases:
        message = f"none in namespace {plan.metadata.namespace}"
        remedy = "configure OADP (`protect --tags oadp`), or correct metadata.namespace"
        yield _blocker("NoBackupStorage", "BackupStorageLocation", message, remedy, api.site)
    for name, phase in phases.items():
        if phase != "Available":
            message = f"phase {phase}"
            yield _blocker(
                "BackupStorageDown", f"BackupStorageLocation/{name}", message, "check the object store", api.site
            )


def _vms(found: Protected, site: str) -> Iterator[Finding]:
    if not found.vms:
        yield _blocker("NothingSelected", "plan", "no VirtualMachine is selected", "correct protect.selector", site)
    for missing in found.missing:
        kind, _space, key = missing.partition(" ")
        yield _blocker(
            "ReferenceAbsent", f"{kind}/{key}", "a VM or workload refers to it and it is absent", "create it", site
        )


def _order(plan: Plan, found: Protected, site: str) -> tuple[StartOrder | None, list[Finding]]:
    try:
        records = [*start_records(found.vms), *workload_records(found.workloads.selected.values())]
        return order_start(records, plan.startup.waves), []
    except Refused as error:
        on, seen = error.on or "plan", error.seen or str(error)
        return None, [_blocker("StartOrder", on, seen, error.next_step or "", site)]


def _git(plan: Plan, found: Protected, here: Api, there: Reach) -> Iterator[Finding]:
    if plan.metadata.source != "gitops":
        return
    yield from checkout_findings(plan, here.clock)
    yield from paused_findings(plan, here)
    if there.api is not None:
        yield from target_findings(plan, found, there.api)


def _blocker(code: str, on: str, message: str, remedy: str, site: str | None = None) -> Finding:
    return Finding("blocker", code, on, message, remedy, site)
