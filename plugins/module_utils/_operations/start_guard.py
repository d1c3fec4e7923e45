# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""P1 and P2 at the last moment: fresh observation of both sites and of every volume, before any VM may start."""

from __future__ import annotations

from dataclasses import replace

from .._cluster.api import Api
from .._errors import Refused
from .._model.run import REFRESH
from .._planning.guards import PeerClearance, check_one_writer
from .._planning.switch_guards import check_taking_back
from .protected import list_protected
from .remains import remains_at
from .replication import clearance
from .session import Session
from .volumes import recorded_decisions, verify_volumes


def check_may_start(session: Session, site: str) -> int:
    """Refuse unless every volume is writable at the site and nowhere else; the number of volumes looked at."""
    if session.run.operation == REFRESH:
        raise Refused(
            "open the latch",
            site=site,
            on=f"run {session.run.id}",
            seen="it refreshes a stage, where the latch is always closed",
            wanted="a run that moves the plan there",
            next_step="failover or relocate starts the plan",
        )
    if site == session.target:
        return _at_target(session)
    return _back_at_source(session, session.site_api(site))


def _at_target(session: Session) -> int:
    plan, target, source = session.plan, session.target, session.source
    here, there = session.observe_groups()
    check_one_writer(plan.name, target, source, here, there, clearance(session))
    decisions = recorded_decisions(session)
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


def _back_at_source(session: Session, api: Api) -> int:
    """The run gives up: the volumes are those that the VMs ran from before it."""
    plan, target, source = session.plan, session.target, session.source
    there, here = session.observe_groups()
    left = remains_at(plan, session.api)
    for mine, other in zip(here, there, strict=True):
        check_taking_back(plan.name, source, target, mine, other)
    # where nothing of the group is, nobody writes
    others = [other if other.present else replace(other, role="secondary") for other in there]
    check_one_writer(plan.name, source, target, here, others, PeerClearance(vms_off=not left))
    found = list_protected(plan, api)
    for key, pv in found.volumes.items():
        session.groups.check_covered(source, found.claims[key], pv)
    return len(found.volumes)
