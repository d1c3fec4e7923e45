# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run is going to lose, recorded before each promotion, and what it has lost, from that record."""

from __future__ import annotations

from typing import Any

from ..._cluster.run_store import RunStore
from ..._model.group_status import GroupStatus
from ..._planning.losses import Loss, known_sync, recorded_losses
from ..run.session import Session


def before_switch(
    session: Session, site: str, state: str, copies: list[GroupStatus], sources: list[GroupStatus], forced: bool
) -> list[str]:
    """Keep what only the copies that are not yet promoted still tell; what a promotion loses, in words.

    sources: the groups at the other site, in the same order.

    A run that takes its source back forgets its proofs first: VMs will write there again.
    """
    if state != "primary":
        return []
    if site == session.source:
        session.put("sync", [])
        session.put("quiesce", {"proven_off": False, "site": site})
        return []
    known = session.load("switch") or {}
    recorded = RunStore(session.api, session.plan.store_namespace).syncs(session.plan.name) if forced else {}
    # of a product that switches in one action, a copy is primary before anybody has promoted it
    switched = set() if forced else {proof["group"] for proof in session.load("sync") or []} - known.keys()
    for copy, source in zip(copies, sources, strict=True):
        if copy.role != "primary" or copy.group in switched:
            sync = known_sync(copy, source, recorded.get(copy.group))
            known[copy.group] = {"last_sync": sync.at, "told": sync.told, "arrived": sync.arrived, "forced": forced}
    session.put("switch", known)
    return [loss.message for loss in switch_losses(session)]


def switch_losses(session: Session) -> list[Loss]:
    """Per group that this run promoted, in the plan's order."""
    groups = [group.name for group in session.plan.groups]
    capture = session.load("capture") if session.run.recovery_point else None
    return recorded_losses(session.run, groups, session.load("switch"), session.load("sync"), capture)


def losses_of(session: Session) -> list[dict[str, Any]]:
    return [loss.as_dict() for loss in switch_losses(session)]
