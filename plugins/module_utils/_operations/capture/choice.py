# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which capture of a catalog a run restores from: the newest complete one, or the first one after a recovery point."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, takewhile

from ..._errors import Refused, TerminalState
from ..._metadata.base import MetadataSource
from ..._model.capture import Capture, CaptureInfo
from ..._model.finding import Finding, blockers
from ..._model.run import REHEARSAL
from ..._planning.capture.check import check_capture
from ..._planning.clones.choice import RecoveryPoint, choose_clones, point_findings, recovery_points
from ..._planning.guards.recovery import GUIDE
from ..run.session import Session

Chosen = tuple[CaptureInfo, Capture, list[Finding]]


def choose(source: MetadataSource, session: Session, catalog: Sequence[CaptureInfo]) -> Chosen:
    """With what is noteworthy of it. catalog: the newest first."""
    skipped: list[Finding] = []
    complete = _complete(source, session, catalog, skipped)
    point = session.run.recovery_point
    found = _first_after(session, complete, point) if point else next(complete, None)
    if found is None:
        raise _none_is_complete(source, session, skipped)
    info, capture = found
    if point:
        skipped += point_findings(capture, choose_clones(session.plan.name, capture, point))
    return info, capture, skipped


def _first_after(
    session: Session, complete: Iterator[tuple[CaptureInfo, Capture]], point: str
) -> tuple[CaptureInfo, Capture] | None:
    """The oldest one with a clone for every disk: its manifests are nearest to them.

    The newest one must hold the clones too: of those that it lacks nobody knows whether they are there any more.
    """
    plan = session.plan.name
    newest = next(complete, None)
    if newest is None:
        return None
    of_newest = choose_clones(plan, newest[1], point)

    def holds_it(item: tuple[CaptureInfo, Capture]) -> bool:
        return point in {known.name for known in recovery_points(plan, item[1])}

    holding = takewhile(holds_it, chain([newest], complete))
    found = None
    for item in holding:
        if not choose_clones(plan, item[1], point).missing:
            found = item
    if found is None:
        raise _lacks(session, newest[1], of_newest)
    return found


def _complete(
    source: MetadataSource, session: Session, catalog: Sequence[CaptureInfo], skipped: list[Finding]
) -> Iterator[tuple[CaptureInfo, Capture]]:
    """skipped: takes a finding for each one that is passed over."""
    for info in catalog:
        on = source.label(info.name)
        if not info.complete:
            skipped.append(
                Finding("warning", "CaptureSkipped", on, f"phase {info.phase}, or marked incomplete", "see protect")
            )
            continue
        try:
            capture = source.manifests(session.api, info.name)
        except TerminalState as error:
            skipped.append(Finding("warning", "CaptureSkipped", on, error.seen or str(error), error.next_step or ""))
            continue
        problems = blockers(check_capture(capture, session.plan.selector))
        if not problems:
            yield info, capture
            continue
        message = "; ".join(f"{problem.on}: {problem.message}" for problem in problems[:5])
        skipped.append(Finding("warning", "CaptureSkipped", on, message, problems[0].remedy))


def _lacks(session: Session, capture: Capture, point: RecoveryPoint) -> Refused:
    more = f" and {len(point.missing) - 5} more" if len(point.missing) > 5 else ""
    newest = f"fail over to the newest copies, and give single VMs their clones as {GUIDE} says"
    if session.run.operation == REHEARSAL:
        newest = "rehearse with the newest copies"
    others = [known.name for known in recovery_points(session.plan.name, capture) if not known.missing]
    return Refused(
        f"start from recovery point {point.name}",
        site=session.target,
        on=f"capture {capture.name}",
        seen=f"no clone of {', '.join(point.missing[:5])}{more}",
        wanted="a clone of every disk of every VM: one plan does not start from two states",
        next_step=f"choose one that has all: {', '.join(others) or 'there is none'}; or {newest}",
    )


def _none_is_complete(source: MetadataSource, session: Session, skipped: Sequence[Finding]) -> Refused:
    return Refused(
        "choose a capture",
        site=session.target,
        on=f"captures of {session.source}",
        seen="; ".join(f"{finding.on}: {finding.message}" for finding in skipped[:5]) or "none",
        wanted="a complete capture",
        next_step=f"check {source.title}, as {session.target} sees it; without a capture nothing can be restored",
    )
