# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""P1 and P2 at the last moment: fresh observation of both sites and of every volume, before any VM may start."""

from __future__ import annotations

from .._errors import Refused
from .._planning.guards import check_one_writer
from .replication import clearance
from .session import Session
from .volumes import recorded_decisions, verify_volumes


def check_may_start(session: Session) -> int:
    """Refuse unless every volume is writable here and nowhere else; the number of volumes compared."""
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
