# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Have the clones of a recovery point arrived whole at the target? Pure.

A clone is made at one moment and replicated later: a copy that ends before is of a part of it, or of nothing. No loss
that a person accepts stands for that: half a clone is no older state, but a disk that never was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ..._errors import Refused
from ..._model.finding import Finding
from ..._model.group_status import GroupStatus
from ..losses import known_sync


@dataclass(frozen=True)
class WantedClones:
    """taken: each group with clones, to when the last of them was taken; empty where nobody knows.

    whole_by: when they were captured, so they were whole then. older: names of recovery points of before this one.
    """

    plan: str
    point: str
    taken: Mapping[str, str]
    whole_by: str
    older: Sequence[str] = ()

    def held_by(self, moment: datetime) -> bool:
        return moment >= datetime.fromisoformat(self.whole_by)


def check_arrived(wanted: WantedClones, copies: Sequence[GroupStatus]) -> None:
    """copies: the groups at the target. One that is primary follows nobody, whatever moment it tells."""
    behind = {
        copy.group: copy.last_sync
        for copy in copies
        if copy.group in wanted.taken
        and copy.role != "primary"
        and copy.last_sync
        and not wanted.held_by(copy.last_sync)
    }
    if not behind:
        return
    worst = min(behind, key=lambda group: behind[group])
    others = sorted(behind.keys() - {worst})
    more = f"; likewise {', '.join(others[:5])}{', …' if others[5:] else ''}" if others else ""
    raise Refused(
        f"start from recovery point {wanted.point}",
        site=copies[0].site,
        on=f"group {wanted.plan}/{worst}",
        seen=f"its copy ends at {behind[worst].isoformat()}, before its clones were whole: they were taken at"
        f" {wanted.taken[worst] or 'an unknown moment'}, and captured at {wanted.whole_by}{more}",
        wanted="a copy that holds them whole: dr_accept_loss does not stand for a clone that is not there",
        next_step=f"nothing was changed: choose an older recovery point ({', '.join(wanted.older) or 'none is known'});"
        " or wait while the source still replicates, and run it again",
    )


def unproven_clones(
    wanted: WantedClones,
    copies: Sequence[GroupStatus],
    sources: Sequence[GroupStatus],
    recorded: Mapping[str, Mapping[str, Any]],
) -> Iterator[Finding]:
    """Of groups whose copies tell no moment, and whose sources, in the same order, have told none that is late enough.

    recorded: by group what its primary said earlier, as `sync_record` keeps it.
    """
    for copy, source in zip(copies, sources, strict=True):
        if copy.group not in wanted.taken or (_tells(copy) and copy.role != "primary"):
            continue
        sync = known_sync(replace(copy, last_sync=None), source, recorded.get(copy.group))
        if sync.at and wanted.held_by(datetime.fromisoformat(sync.at)):
            continue
        said = f"all had until {sync.at} ({sync.told}); " if sync.at else ""
        because = copy.goes_back or f"its copy tells no last sync{f': {copy.message}' if copy.message else ''}"
        yield Finding(
            "warning",
            "ClonesUnproven",
            f"group {copy.group}",
            f"{said}whether its clones of recovery point {wanted.point}, captured at {wanted.whole_by}, have arrived"
            f" whole, nobody knows: {because}",
            "look into the disks before you trust them; a product that tells no moment is taken at its word",
            copy.site,
        )


def _tells(copy: GroupStatus) -> bool:
    """Whether it holds, after its promotion too, all of a moment."""
    return bool(copy.last_sync and not copy.goes_back)
