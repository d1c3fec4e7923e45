# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""P1 and P2 at the last moment: fresh observation of both sites and of every volume, before any VM may start."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from ..._cluster.api import Api
from ..._errors import Conflict, DrError, Refused
from ..._model.run import REFRESH, REHEARSAL, START
from ..._model.vm import claim_users
from ..._planning.guards.promotion import PeerClearance, absent_is_secondary, check_one_writer
from ..._planning.guards.switch import check_taking_back
from ..._planning.volumes.home import fields_of_the_other_site
from ..inventory.protected import Protected, list_volumes
from ..inventory.remains import remains_at
from ..rehearsal.guard import check_may_rehearse
from ..replication.fencing import clearance
from ..run.session import Session
from ..volumes.volumes import recorded_decisions, verify_volumes
from .scope import list_of_start

Found = Callable[[], Protected]
# of one guard, side by side
READS = 4


def check_may_start(session: Session, site: str, found: Found | None = None) -> int:
    """Refuse unless every volume is writable at the site and nowhere else; the number of volumes looked at.

    found: what the plan selects at the site, where that is listed for more than this. What is read side by side is
    judged in one order: which refusal is shown does not hang on what answers first.
    """
    if session.run.operation == REFRESH:
        raise Refused(
            "open the latch",
            site=site,
            on=f"run {session.run.id}",
            seen="it refreshes a stage, where the latch is always closed",
            wanted="a run that moves the plan there",
            next_step="failover or relocate starts the plan",
        )
    if session.run.operation == START:
        return _in_place(session, found or (lambda: list_of_start(session.plan, session.api)))
    if session.run.operation == REHEARSAL:
        return check_may_rehearse(session)
    if site == session.target:
        return _at_target(session)
    api = session.site_api(site)
    return _back_at_source(session, api, found or (lambda: list_of_start(session.plan, api)))


def _at_target(session: Session) -> int:
    plan, target, source = session.plan, session.target, session.source
    with ThreadPoolExecutor(max_workers=READS) as pool:
        groups, peer = pool.submit(session.observe_groups), pool.submit(clearance, session)
        recorded = pool.submit(recorded_decisions, session)
        here, there = groups.result()
        check_one_writer(plan.name, target, source, here, there, peer.result())
        decisions = recorded.result()
    if not decisions:
        raise Refused(
            "open the latch",
            site=target,
            on=f"run {session.run.id}",
            seen="no volumes are recorded for this run",
            wanted="verified volumes",
            next_step="run the volumes step first",
        )
    for decision in decisions:
        session.groups.check_covered(target, decision.pvc, decision.pv)
    verify_volumes(session.api, plan, decisions, target)
    return len(decisions)


def _back_at_source(session: Session, api: Api, found: Found) -> int:
    """The run gives up: the volumes are those that the VMs ran from before it."""
    plan, target, source = session.plan, session.target, session.source
    with ThreadPoolExecutor(max_workers=READS) as pool:
        groups, remains = pool.submit(session.observe_groups), pool.submit(remains_at, plan, session.api)
        listed = pool.submit(list_volumes, plan, api, found)
        there, here = groups.result()
        left = remains.result()
        for mine, other in zip(here, there, strict=True):
            check_taking_back(plan.name, source, target, mine, other)
        check_one_writer(plan.name, source, target, here, absent_is_secondary(there), PeerClearance(vms_off=not left))
        seen = listed.result()
    for key, pv in seen.volumes.items():
        session.groups.check_covered(source, seen.claims[key], pv)
    return len(seen.volumes)


def _in_place(session: Session, found: Found) -> int:
    """The plan lives there: the volumes are those that its VMs have, and no run has decided them."""
    plan, target = session.plan, session.target
    with ThreadPoolExecutor(max_workers=READS) as pool:
        groups, recorded = pool.submit(session.observe_groups), pool.submit(clearance, session)
        off, listed = pool.submit(_is_off_at_peer, session), pool.submit(list_volumes, plan, session.api, found)
        here, there = groups.result()
        peer = replace(recorded.result(), vms_off=off.result())
        check_one_writer(plan.name, target, session.source, here, absent_is_secondary(there), peer)
        seen = listed.result()
    users = claim_users(seen.vms.values(), seen.claims)
    for key, pv in seen.volumes.items():
        session.groups.check_covered(target, seen.claims[key], pv)
        strange = fields_of_the_other_site(pv, seen.claims[key], plan.rules, target, users.get(key, ()))
        if strange:
            raise Conflict(
                "open the latch",
                site=target,
                on=f"PersistentVolume/{pv['metadata']['name']}",
                seen="; ".join(f"{field}: {value!r} is of the other site" for field, value in strange),
                wanted=f"what the plan's rule says of {target}",
                next_step="no VM was started: correct the volume, or its rule in the plan, then start again",
            )
    return len(seen.volumes)


def _is_off_at_peer(session: Session) -> bool:
    """Observed now. A site that was declared lost may give no answer, and then nothing is known of it."""
    try:
        return not remains_at(session.plan, session.site_api(session.source))
    except DrError:
        if session.run.declared_lost is None:
            raise
        return False
