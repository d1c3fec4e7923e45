# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was recorded of a plan's runs: a line of each, and one of them whole."""

from __future__ import annotations

from typing import Any

from ..._errors import DrError, Refused
from ..._model.plan import Plan
from ..._model.run import Run
from ..._planning.losses import recorded_losses
from ..._planning.report.document import TOPICS, document_of
from ..._planning.report.summary import history_line
from ..entry import bounded
from .history import History, read_history


def run_info(plan: Plan, run_id: str | None, last: int) -> dict[str, Any]:
    """The last runs, and the one that is named, or the last one, as far as a result may be long."""
    history = read_history(plan)
    moves = history.moves
    run = whole_run(plan, history, run_id) if run_id or moves else {}
    return {
        "changed": False,
        "runs": [history_line(found) for found in moves[-last:]] if last else [],
        "run": _abridged(run) if run else {},
        "unread": dict(history.unread),
    }


def whole_run(plan: Plan, history: History, run_id: str | None) -> dict[str, Any]:
    """The document of a run; without an id that of the last one that was no refresh of a stage."""
    run = _chosen(plan, history, run_id)
    store = history.stores[run.id]
    record: dict[str, Any] = {}
    unread: dict[str, str] = {}
    for topic in (*TOPICS, "switch", "sync"):
        try:
            record[topic] = store.load(run.id, topic)
        except DrError as error:
            # a part that was edited or lost does not hide the others
            unread[topic] = str(error)
    promoted = record.get("switch") or {}
    named = [group.name for group in plan.groups]
    groups = [*named, *(group for group in promoted if group not in named)]
    losses = recorded_losses(run, groups, promoted, record.get("sync"), record.get("capture"))
    document = document_of(run, record, [loss.as_dict() for loss in losses])
    return {**document, "recorded_at": store.site, "unread": unread}


def _chosen(plan: Plan, history: History, run_id: str | None) -> Run:
    known = [run for run in history.runs if run.id == run_id] if run_id else history.moves[-1:]
    if known:
        return known[0]
    silent = [f"{site} was not read, {why}" for site, why in history.unread.items()]
    newest = [run.id for run in reversed(history.moves[-3:])]
    last = f"the last known ones are {', '.join(newest)}" if newest else "no run is known"
    raise Refused(
        "read the record of a run",
        on=f"run {run_id}" if run_id else f"plan {plan.name}",
        seen="; ".join([last, *silent]),
        wanted="a run that one of the sites recorded",
        next_step="name a run that status shows; the record of a run is at its target",
    )


def _abridged(run: dict[str, Any]) -> dict[str, Any]:
    """A result travels between processes; the whole is in the files of a report."""
    sizes = {"vms": 12_000, "decisions": 8_000, "findings": 8_000, "losses": 6_000, "hooks": 5_000}
    counts = {"vms_total": len(run["vms"]), "volumes_total": len(run["volumes"])}
    kept = {key: value for key, value in run.items() if key not in ("volumes", "start")}
    return {**kept, **{key: bounded(run[key], size=size) for key, size in sizes.items()}, **counts}
