# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking a capture, and choosing the one that a run restores from."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from ..._cluster.api import Api
from ..._cluster.waiting import wait_for
from ..._errors import DrError, Refused, Unreachable
from ..._metadata.base import MetadataSource
from ..._model.capture import Capture, CaptureInfo
from ..._model.finding import Finding
from ..._model.plan import Plan
from ..._model.run import REFRESH
from ..._model.workload import captured_workloads
from ..._planning.capture.age import too_old
from ..._planning.capture.check import check_capture, left_out
from ..._planning.clones.choice import choose_clones
from ..._planning.start.order import order_start
from ..._planning.volumes.patch import VolumeDecision
from ..clones.arrived import check_clones
from ..inventory.protected import list_protected, list_vms, start_records
from ..inventory.target_writers import check_no_writers
from ..inventory.workloads import workload_records
from ..plan.sites import open_site, reach
from ..restore.expected import expected_volumes
from ..restore.taken_over import taken_over
from ..restore.workload_restore import decide_workloads
from ..run.session import Session
from ..volumes.commits import check_commit_place
from ..volumes.volumes import check_places, decide
from .choice import choose
from .metadata_source import makes_volumes, source_of

SYNC_TIMEOUT = 90.0


def take_capture(plan: Plan, site: str, timeout: float, check_mode: bool) -> dict[str, Any]:
    """A new capture at a site, judged by its content. An incomplete one is marked, and refused with all findings."""
    api = open_site(plan, site)
    source = source_of(plan)
    if check_mode:
        return {"changed": True, "name": "", "complete": False, "findings": [], "vms": len(list_vms(plan, api))}
    live = list_protected(plan, api)
    name = source.capture(api, timeout)
    content = source.manifests(api, name)
    findings = check_capture(content, plan.selector, live.vms.values(), live.workloads.selected.values())
    if findings:
        source.mark_incomplete(api, name, "; ".join(f"{finding.code} {finding.on}" for finding in findings))
        raise Refused(
            "take a capture",
            site=site,
            on=source.label(name),
            seen="; ".join(f"{finding.on}: {finding.message}" for finding in findings[:10]),
            wanted="a capture that holds everything its VMs and workloads need",
            next_step=findings[0].remedy + f" ({name} is marked incomplete and is never chosen)",
        )
    found = list(left_out(content, live.others)) if source.holds_content else []
    found += [*_await_known(plan, source, api, name), *_prune(source, site)]
    return {
        "changed": True,
        "name": name,
        "complete": True,
        "findings": [finding.as_dict() for finding in found],
        "vms": len(live.vms),
    }


def _await_known(plan: Plan, source: MetadataSource, here: Api, name: str) -> list[Finding]:
    """Until the other site knows the capture too: before that it protects nothing. A finding when it does not."""
    if not source.announces:
        return []
    peer = plan.peer_of(here.site)
    there = reach(plan, peer)
    try:
        if there.api is None:
            raise Unreachable("read the catalog", site=peer, seen=there.message)
        api = there.api
        obstacle = source.announce(here, api, name)

        def known() -> tuple[bool, str]:
            names = [info.name for info in source.catalog(api)]
            return name in names, f"newest known there: {names[0] if names else 'none'}; {obstacle}"

        wait_for(api.clock, SYNC_TIMEOUT, known, "wait until the other site knows the capture", peer, f"Backup/{name}")
    except DrError as error:
        message, remedy = str(error), "bring Velero and the object store there in order: a failover cannot use it yet"
        return [Finding("warning", "CaptureNotKnown", f"Backup/{name}", message, remedy, peer)]
    return []


def _prune(source: MetadataSource, site: str) -> list[Finding]:
    """The new capture is good whatever becomes of the old ones."""
    try:
        source.prune()
    except DrError as error:
        remedy = error.next_step or "look there; the next capture tries again"
        return [Finding("warning", "CapturesNotPruned", source.title, str(error), remedy, site)]
    return []


def choose_capture(plan: Plan, run_id: str, check_mode: bool) -> dict[str, Any]:
    """The newest complete capture that the target knows, or that of the run's recovery point; recorded for the run."""
    with Session(plan, run_id, check_mode) as session, session.step("capture") as summary:
        source = source_of(plan)
        earlier = session.load("capture")
        refreshes = session.run.operation == REFRESH
        stale = None if earlier else (_make_known if refreshes else _await_sync)(source, session)
        catalog = [info for info in source.catalog(session.api) if info.site == session.source]
        if earlier:
            # what an earlier attempt created came from this one: captures are never mixed
            catalog = [info for info in catalog if info.name == earlier["name"]]
        chosen, capture, noted = choose(source, session, catalog)
        vms, unproven = keep_capture(session, chosen, capture)
        # a recovery point is as old as it was asked to be
        old = () if session.run.recovery_point else _too_old(session, chosen)
        findings = [finding.as_dict() for finding in (*noted, *unproven, *old)]
        if stale:
            findings.append(stale.as_dict())
        summary.update({"name": chosen.name, "created": chosen.created, "vms": vms, "findings": findings})
        session.progress.emit("capture", 1, 1)
        return {
            "changed": False,
            "name": chosen.name,
            "created": chosen.created,
            "vms": vms,
            "findings": findings,
        }


def _too_old(session: Session, chosen: CaptureInfo) -> Iterator[Finding]:
    """Said, and no refusal: in a disaster an old capture is better than none."""
    seen = session.run.source_last_seen
    reference = datetime.fromisoformat(seen) if seen else session.clock.now()
    return too_old(chosen, reference, session.plan.metadata.max_age, "warning")


def keep_capture(session: Session, chosen: CaptureInfo, capture: Capture) -> tuple[int, list[Finding]]:
    """Record it as the one that the run restores from; the number of its VMs, and of which clones nothing is proven.

    Refused while nothing is stopped or promoted yet: VMs that could not be started, volumes and workloads that could
    not be made, whoever would mount the volumes at once, a checkout of Git to which volumes could not go, and clones
    that have not arrived.
    """
    vms = start_records(capture.index("virtualmachines.kubevirt.io"))
    workloads = workload_records(captured_workloads(capture, session.plan.selector).values())
    order_start([*vms, *workloads], session.plan.startup.waves)
    decide_workloads(session.plan, session.api, capture, session.run.id, taken_over(session))
    decided = _decided(session, capture)
    check_no_writers(session, _claims(session, capture, decided))
    check_commit_place(session.plan, session.target, session.clock)
    kept: dict[str, Any] = {"vms": [vm.key for vm in vms], "workloads": [item.key for item in workloads]}
    unproven: list[Finding] = []
    if session.run.recovery_point:
        point = choose_clones(session.plan.name, capture, session.run.recovery_point)
        kept["recovery_point"] = {"name": point.name, "taken": point.taken}
        # an attempt that was allowed is not refused half-way: copies that it has promoted tell no last sync any more
        if session.load("capture") is None:
            unproven = check_clones(session, chosen, capture, decided)
    session.put("capture", {"name": chosen.name, "created": chosen.created, **kept})
    return len(vms), unproven


def _decided(session: Session, capture: Capture) -> list[VolumeDecision]:
    """Volumes that the run is going to make; none where somebody else brings them."""
    if not makes_volumes(session.plan):
        return []
    decisions = decide(session.plan, capture, session.target, session.run.recovery_point)
    check_places(session, decisions)
    return decisions


def _claims(session: Session, capture: Capture, decided: list[VolumeDecision]) -> list[str]:
    """That the run is going to make, or to wait for."""
    if makes_volumes(session.plan):
        return [decision.claim for decision in decided]
    return [volume.claim for volume in expected_volumes(session.plan, capture, session.target)]


def _make_known(source: MetadataSource, session: Session) -> Finding | None:
    """Both sites answer: what is newest where the plan lives is made known at the stage. A finding when it is not."""
    if not source.announces:
        return None
    here, there = session.site_api(session.source), session.api
    newest = next((info for info in source.catalog(here) if info.complete and info.site == session.source), None)
    if newest is None or newest.name in {info.name for info in source.catalog(there)}:
        return None
    obstacle = "check mode writes nothing" if session.check_mode else source.announce(here, there, newest.name)
    if newest.name in {info.name for info in source.catalog(there)}:
        return None
    message = f"{there.site} does not know it yet, so the stage stays older: {obstacle}"
    return Finding("warning", "CaptureNotKnown", source.label(newest.name), message, "refresh again later", there.site)


def _await_sync(source: MetadataSource, session: Session) -> Finding | None:
    session.progress.emit("capture", 0, 1, waiting_for=f"{source.title} to know the newest captures")
    last_seen = session.run.source_last_seen
    since = datetime.fromisoformat(last_seen) if last_seen else None
    return None if source.await_catalog_sync(session.api, since, SYNC_TIMEOUT) else _not_synced(session)


def _not_synced(session: Session) -> Finding:
    return Finding(
        "warning",
        "CatalogStale",
        "BackupStorageLocation",
        f"Velero did not read the object store within {SYNC_TIMEOUT:.0f} s: a newer capture may exist",
        "check the object store; the newest capture known is used",
        session.target,
    )
