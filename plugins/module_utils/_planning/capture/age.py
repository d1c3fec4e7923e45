# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a capture is older than the plan allows, and whether newer ones could not be used. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from ..._model.capture import CaptureInfo
from ..._model.duration import format_duration
from ..._model.finding import Finding, Severity

# on their way: nothing is wrong with them yet
UNFINISHED = frozenset({"New", "Queued", "ReadyToStart", "InProgress", "Finalizing", "WaitingForPluginOperations"})


def too_old(
    chosen: CaptureInfo, reference: datetime, max_age: timedelta | None, severity: Severity
) -> Iterator[Finding]:
    """reference: now, or when the source was last alive: after hours of outage a capture has not become older."""
    age = reference - datetime.fromisoformat(chosen.created)
    if max_age is None or age <= max_age:
        return
    yield Finding(
        severity,
        "CaptureTooOld",
        f"Capture/{chosen.name}",
        f"it was {format_duration(age)} old, allowed are {format_duration(max_age)} (metadata.max_age): what was made"
        " or changed since is not in it",
        "run protect, which takes one; look why the schedule did not, or raise metadata.max_age",
    )


def unusable(known: Sequence[CaptureInfo], chosen: CaptureInfo) -> Iterator[Finding]:
    """Captures that are newer than the one that would be chosen. known: newest first."""
    for info in known:
        if info.name == chosen.name:
            return
        if not info.complete and info.phase not in UNFINISHED:
            yield Finding(
                "warning",
                "CaptureUnusable",
                f"Capture/{info.name}",
                f"phase {info.phase}, or marked incomplete; {chosen.name} of {chosen.created} would be used",
                "read Velero's log of it, or what protect said; then take a new one",
            )
