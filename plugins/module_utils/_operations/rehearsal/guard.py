# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""May the VMs of a rehearsal start: on copies, behind closed doors, and on nothing else."""

from __future__ import annotations

from ..._cluster.kinds import PV
from ..._errors import Refused
from ..run.session import Session
from ..volumes.volumes import recorded_decisions, verify_volumes
from .copies import check_apart
from .isolation import open_points


def check_may_rehearse(session: Session) -> int:
    """The number of volumes looked at. session: in the rehearsal's namespaces."""
    decisions = recorded_decisions(session)
    if not decisions:
        raise Refused(
            "start the rehearsal",
            site=session.target,
            on=f"run {session.run.id}",
            seen="no volumes are recorded for this run",
            wanted="copies of the plan's volumes",
            next_step="run the volumes step first",
        )
    verify_volumes(session.api, session.plan, decisions, session.target)
    check_apart(session, decisions)
    wrong = [*open_points(session), *of_production(session)]
    if wrong:
        raise Refused(
            "start the rehearsal",
            site=session.target,
            on=f"run {session.run.id}",
            seen="; ".join(wrong[:5]),
            wanted="namespaces that nothing enters or leaves, with copies in them",
            next_step="no VM was started: run test_cleanup, then start again",
        )
    return len(decisions)


def of_production(session: Session) -> list[str]:
    """In words, volumes that claims of the rehearsal are bound to, and that the plan replicates."""
    groups, site = session.groups, session.target
    return [
        f"PersistentVolume/{pv['metadata']['name']} is bound there, and group {group.name} replicates it"
        for pv in session.api.list(PV)
        if (pv["spec"].get("claimRef") or {}).get("namespace") in session.plan.namespaces
        for group in session.plan.groups
        if groups.provider(group).covers(group, site, pv)
    ]
