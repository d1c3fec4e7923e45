# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""May a run begin? What is asked of it, then what both sites show."""

from __future__ import annotations

from collections.abc import Sequence

from ..._cluster.run_store import RunStore
from ..._errors import Refused
from ..._model.plan import Plan
from ..._model.run import CLEANUP, IN_PLACE, REFRESH, REHEARSAL, START, STOP, Run
from ..._model.run_asked import RunAsked
from ..._planning.guards.begin import (
    check_asked,
    check_debts,
    check_source,
    check_startable,
    check_unfinished,
)
from ..._planning.guards.elsewhere import check_nothing_there
from ..._planning.guards.freshness import accepted_loss, check_freshness
from ..._planning.guards.recovery import check_recovery_asked, check_same_point
from ..._planning.guards.rehearsal import check_rehearsable
from ..._planning.guards.switch import check_movable, check_stageable
from ..._planning.losses import Loss
from ..._planning.run.picture import check_form
from ..._planning.start.gates import check_gates
from ..capture.metadata_source import restores
from ..inventory.remains import machines_at
from ..plan.groups import Groups
from ..rehearsal.copies import check_copies
from ..rehearsal.place import check_free
from .outlook import Outlook
from .way import Way

TRIED = {REFRESH: "refresh the stage", REHEARSAL: "rehearse"}


def check_request(plan: Plan, asked: RunAsked) -> None:
    """Before anybody is asked. A misspelt gate would stop the start when everything else is done."""
    check_form(asked.fingerprint)
    accepted_loss(asked.accept_loss)
    check_gates(plan.startup.waves, asked.open_gates)
    check_asked(plan, asked.operation, asked.target, asked.declare_lost)
    check_recovery_asked(plan, asked.operation, asked.recovery_point, restores(plan))
    check_rehearsable(plan, asked.operation, restores(plan))
    if asked.operation == REFRESH and not plan.metadata.prestage:
        raise Refused(
            "refresh the stage",
            on=f"plan {plan.name}",
            seen="metadata.prestage is false",
            wanted="a plan that wants one",
            next_step="set metadata.prestage: true",
        )


def check_before_idle(plan: Plan, asked: RunAsked, way: Way, seen: Outlook) -> None:
    """What stands against the run even where there seems to be nothing to do."""
    if way.operation not in (CLEANUP, STOP):
        # a lost site that came back calls itself primary too
        check_debts(seen.runs, way.target)
    if way.operation in IN_PLACE:
        check_unfinished(seen.unfinished, way.operation, way.target, None)
    if way.operation == START:
        _check_source(asked, way)
        check_startable(plan.name, way.target, way.source, way.copies, way.sources, asked.declare_lost)


def check_direction(asked: RunAsked, way: Way, unfinished: Run | None) -> None:
    check_unfinished(unfinished, way.operation, way.target, asked.declare_lost)
    _check_source(asked, way)


def check_way(plan: Plan, asked: RunAsked, way: Way, seen: Outlook, unfinished: Run | None) -> None:
    """What the operation needs of both sites."""
    if way.operation in ("failover", REHEARSAL) and unfinished:
        store = RunStore(way.api, plan.store_namespace)
        check_same_point(unfinished, asked.recovery_point, chosen=store.load(unfinished.id, "capture") is not None)
    if way.operation == "relocate" and unfinished is None:
        check_movable(plan.name, way.target, way.source, way.copies, way.sources)
        check_nothing_there(plan.name, way.target, machines_at(plan, way.api))
        if seen.replication is not None:
            seen.replication.check_movable(way.source, way.target)
    # from a recovery point copies are taken, and nothing is promoted by force that was not before
    if way.operation == "failover" and unfinished is None and not asked.recovery_point and seen.replication is not None:
        seen.replication.check_forceable(way.target)
    if way.operation in (REFRESH, REHEARSAL):
        check_stageable(plan.name, way.target, way.source, way.copies, way.sources, TRIED[way.operation])
    if way.operation == REHEARSAL:
        check_copies(plan, Groups(plan))
        check_free(plan, way.api, unfinished.id if unfinished else None)


def check_loss(plan: Plan, asked: RunAsked, run: Run, losses: Sequence[Loss], unfinished: Run | None) -> None:
    """An attempt that was allowed is not refused half-way: what it has promoted is promoted.

    Whoever names a recovery point has given up the newest copies.
    """
    if asked.recovery_point or (unfinished is not None and unfinished.operation == run.operation):
        return
    check_freshness(plan, run.target, losses, run.source_last_seen, accepted_loss(asked.accept_loss))


def _check_source(asked: RunAsked, way: Way) -> None:
    check_source(way.operation, way.source, way.there.state, way.there.message, asked.declare_lost)
