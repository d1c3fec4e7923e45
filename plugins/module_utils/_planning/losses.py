# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a switch loses, per group: said before it, and again after it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from .._model.group_status import GroupStatus
from .._model.run import Run


@dataclass(frozen=True)
class KnownSync:
    """at: all that the source wrote until then has arrived; None when nobody knows such a moment.

    told: who says so where the copy itself does not show it; then more may have arrived. Empty: the copy shows it.
    Without `at`: why no moment is certain, where somebody knows one that is too new.
    arrived: when the newest data came, where that is all that is known.
    """

    at: str | None
    told: str = ""
    arrived: str | None = None


@dataclass(frozen=True)
class Loss:
    """nothing: proven that nothing is lost. last_sync: what the source wrote after it is lost; None when not known.

    seconds: age of last_sync when the source was last seen alive, else when the run began: the loss is at most this.
    None too where a source that nobody saw alive was replicated after that: until when it wrote on is not known.
    exact: whether the copy itself shows last_sync; else some of what came after it may have arrived.
    """

    group: str
    nothing: bool
    last_sync: str | None
    seconds: float | None
    exact: bool
    message: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def known_sync(copy: GroupStatus, source: GroupStatus | None, recorded: Mapping[str, Any] | None) -> KnownSync:
    """Of a copy that is going to be promoted by force.

    source: the group at the site that is given up. recorded: what that site said earlier, as `sync_record` keeps it.
    """
    known = _told_sync(copy, source, recorded)
    return KnownSync(None, _too_new(copy, known)) if copy.goes_back else known


def _told_sync(copy: GroupStatus, source: GroupStatus | None, recorded: Mapping[str, Any] | None) -> KnownSync:
    if copy.last_sync:
        late = f"{copy.last_sync_by} of {copy.site} says so, and may be late" if copy.last_sync_by else ""
        return KnownSync(copy.last_sync.isoformat(), late)
    told = []
    if source and source.role == "primary" and source.last_sync:
        told.append((source.last_sync, f"{source.site} says so"))
    if source and recorded and recorded["primary"] == source.site:
        at = datetime.fromisoformat(recorded["last_sync"])
        told.append((at, f"{source.site} said so at {recorded['seen_at']}"))
    if not told:
        return KnownSync(None, arrived=copy.arrived.isoformat() if copy.arrived else None)
    newest, by = max(told)
    return KnownSync(newest.isoformat(), by)


def _too_new(copy: GroupStatus, known: KnownSync) -> str:
    if known.at is None:
        return copy.goes_back
    by = f" ({known.told})" if known.told else ""
    return f"{copy.goes_back}, so it may end before {known.at}, until which all had arrived{by}"


def forced_loss(group: str, source: str, known: KnownSync, alive: str | None, began: str) -> Loss:
    """alive: when the source answered this run; None when it was silent, and nobody knows when it stopped writing."""
    if known.at is None and known.told:
        text = f"{group}: no last sync is certain: what {source} wrote since then is lost, and how much is unknown"
        return Loss(group, False, None, None, False, f"{text}: {known.told}")
    if known.at is None:
        text = f"{group}: no last sync is known: what {source} wrote since then is lost, and how much is unknown"
        came = f"; the newest data came at {known.arrived}, and is older than that" if known.arrived else ""
        return Loss(group, False, None, None, False, text + came)
    arrived = datetime.fromisoformat(known.at)
    seconds, until = _age(arrived, source, alive, began)
    if known.told:
        what = (
            f"what {source} wrote after {known.at} is lost where it had not arrived; until then all has: {known.told}"
        )
    else:
        what = f"what {source} wrote after {known.at} is lost"
    return Loss(group, False, known.at, seconds, not known.told, f"{group}: {what} ({until})")


def _age(arrived: datetime, source: str, alive: str | None, began: str) -> tuple[float | None, str]:
    """Of the newest sync, and in words. None where a silent source was still replicated after the run began."""
    age = (datetime.fromisoformat(alive or began) - arrived).total_seconds()
    seconds = round(max(0.0, age), 1)
    if alive:
        return seconds, f"{seconds:.0f} s before {source} was last seen alive"
    unknown = f"when {source} stopped writing is not known"
    if age < 0:
        return None, f"{-age:.0f} s after the run began; {unknown}"
    return seconds, f"{seconds:.0f} s before the run began; {unknown}"


def recovered_loss(loss: Loss, point: str, taken: str, target: str, alive: str | None, began: str) -> Loss:
    """loss: of the newest copies, which are set aside. taken: when the oldest clone was; empty where nobody knows."""
    seconds = None
    if taken:
        age = datetime.fromisoformat(alive or began) - datetime.fromisoformat(taken)
        seconds = round(max(0.0, age.total_seconds()), 1)
    text = (
        f"{loss.group}: VMs start from recovery point {point} of {taken or 'an unknown moment'}; what was written later"
        f" is not in it, and set aside at {target} as far as it has arrived ({loss.message})"
    )
    return Loss(loss.group, False, taken or None, seconds, bool(taken), text)


def forced_losses(
    copies: Sequence[GroupStatus],
    sources: Sequence[GroupStatus],
    recorded: Mapping[str, Mapping[str, Any]],
    alive: str | None,
    began: str,
) -> list[Loss]:
    """The losses of promoting these copies now. sources: the groups at the other site, in the same order."""
    return [
        forced_loss(copy.group, source.site, known_sync(copy, source, recorded.get(copy.group)), alive, began)
        for copy, source in zip(copies, sources, strict=True)
        if copy.role != "primary"
    ]


def planned_loss(proof: Mapping[str, Any], source: str, target: str) -> Loss:
    """What the proof of a final sync says."""
    amount = f", {proof['volumes']} files or volumes" if proof.get("volumes") is not None else ""
    return Loss(
        proof["group"],
        True,
        proof["at"],
        0.0,
        True,
        f"{proof['group']}: nothing is lost: {target} holds all that {source} held at {proof['at']} "
        f"({proof['compared']}{amount})",
    )


def recorded_losses(
    run: Run,
    groups: Sequence[str],
    switch: Mapping[str, Any] | None,
    proofs: Sequence[Mapping[str, Any]] | None,
    capture: Mapping[str, Any] | None = None,
) -> list[Loss]:
    """Of the groups that a run promoted. switch: what was known of each before that, as the run recorded it.

    capture: the chosen one, as recorded; looked at in a run from a recovery point only.
    """
    known = switch or {}
    proven = {proof["group"]: proof for proof in proofs or ()}
    alive = run.source_last_seen if run.source_state == "reachable" else None
    found = []
    for group in groups:
        if group not in known:
            continue
        if not known[group]["forced"] and group in proven:
            found.append(planned_loss(proven[group], run.source, run.target))
        elif known[group]["forced"]:
            sync = KnownSync(known[group]["last_sync"], known[group]["told"], known[group].get("arrived"))
            found.append(forced_loss(group, run.source, sync, alive, run.started))
    if not run.recovery_point:
        return found
    taken = ((capture or {}).get("recovery_point") or {}).get("taken") or ""
    return [recovered_loss(loss, run.recovery_point, taken, run.target, alive, run.started) for loss in found]
