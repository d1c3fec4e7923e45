# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Journals that stand still right before their end are given one more event, without data.

rbd-mirror takes a write that it has replayed for replayed once something makes it flush: every 32nd write, or a moment
after one that was flushed. Seen with 16.2.15: with all VMs off it stood still for minutes without such an event, and
for 12 s with it.

An image that is opened anew behind a cut link is what makes rbd-mirror leave out a part of its journal. So nothing is
written unless the peer has reported since the journal stands still, and says that it is a few entries behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ..._cluster.clock import Clock
from ..._errors import DrError
from .images import Image
from .side import Side
from .status import replay

# seconds; rbd-mirror reads a journal, and notes how far it is, every 5 s
NUDGED_AFTER = 10.0
NUDGE_TIMEOUT = 30
# entries; what it has not flushed
FEW = 32


@dataclass(frozen=True)
class _Stand:
    """reports: the peers' last ones when the journal was first seen so."""

    journal: Mapping[str, Any]
    reports: frozenset[tuple[str, str]]
    since: float


class Nudges:
    """Of one wait: each journal is given one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._stands: dict[Image, _Stand] = {}
        self._given: set[Image] = set()

    def give(self, source: Side, left: Iterable[Image]) -> None:
        """To those of the images that stand still long enough. left: what the peer has not wholly replayed."""
        due = [image for image in left if self._is_due(image, source.seen.images[image])]
        if not due:
            return
        # it only saves time
        with suppress(DrError):
            failed = source.cluster.act("nudge", due, NUDGE_TIMEOUT)
            self._given.update(image for image in due if image not in failed)

    def words(self, left: Iterable[Image]) -> str:
        """Behind the names of the images."""
        given = len(self._given.intersection(left))
        return f", of which {given} were given an event" if given else ""

    def _is_due(self, image: Image, facts: Mapping[str, Any]) -> bool:
        now = self._clock.monotonic()
        stand = self._stands.get(image)
        if stand is None or stand.journal != facts["journal"]:
            reports = frozenset((peer["mirror_uuid"], peer["at"]) for peer in facts["peers"])
            stand = self._stands[image] = _Stand(facts["journal"], reports, now)
        if image in self._given or now - stand.since < NUDGED_AFTER:
            return False
        return any(
            peer["up"] and (peer["mirror_uuid"], peer["at"]) not in stand.reports and _is_close(peer)
            for peer in facts["peers"]
        )


def _is_close(peer: Mapping[str, Any]) -> bool:
    behind = replay(peer).get("entries_behind_primary")
    return isinstance(behind, int) and behind <= FEW
