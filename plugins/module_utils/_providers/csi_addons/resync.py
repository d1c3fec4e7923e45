# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making a copy follow its peer: it is demoted, and thrown away only where it does not follow by itself."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

from ..._cluster.clock import Deadline
from ..last_primary import is_split
from .checks import at_peer, existing, require_primary
from .listing import Unit
from .side import Side
from .status import Goal, cannot_follow, judge
from .takeover import check_ours, permits_otherwise

# a storage that has not noticed its peer's promotion yet takes the order to throw a copy away, and does nothing; one
# that does it may report errors meanwhile
AGAIN_AFTER = 30.0


def resync_group(side: Side, there: Side) -> bool:
    """there: the peer. Whether the copy gets all, only the peer shows: its last sync is later than its promotion."""
    units = existing(side, "resynchronise")
    sources = at_peer(side, there, units)
    changed = {unit.key for unit in units if permits_otherwise(side, unit) or is_split(unit.item)}
    if not (changed or _short_of("follows", units) or _short_of("sends", sources)):
        return False
    side.check_class()
    check_ours(side, units)
    require_primary(side, there.site.name, sources)
    todo = [unit for unit in units if unit.key in changed or not judge(unit.item or {}, "secondary").done]
    # a copy that gives way to its peer was not primary last, whatever was counted
    forgotten = {unit.key: 0 for unit in units}
    side.settle(side.ask(todo, "secondary", forgotten), "secondary")
    side.settle(units, "reported")

    def unable() -> list[Unit]:
        # that the sides have diverged may show only after the report, when they reach each other again: not of
        # all copies at once
        return [unit for unit in side.matched([unit.key for unit in units]) if unit.item and cannot_follow(unit.item)]

    ordered: Deadline | None = None
    while True:
        there.settle(sources, "sends", unless=lambda: bool(unable()), later=there.latest_report())
        broken = unable()
        if not broken:
            break
        ordered = ordered or Deadline(side.api.clock, side.options.timeout)
        side.settle(side.ask(broken, "resync", forgotten), "resyncing")
        again = math.inf if ordered.over else side.api.clock.monotonic() + AGAIN_AFTER
        # one that cannot follow by then was ordered in vain
        side.settle(side.ask(broken, "secondary"), "follows", partial(_is_past, side, again))
    return bool(todo) or ordered is not None


def _is_past(side: Side, moment: float) -> bool:
    return side.api.clock.monotonic() >= moment


def _short_of(goal: Goal, units: Sequence[Unit]) -> list[Unit]:
    return [unit for unit in units if not judge(unit.item or {}, goal).done]
