# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What shows that a relocation has taken everything along."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..._cluster.waiting import wait_for
from ..._model.group_status import SyncProof
from ..object_wait import patient
from .ends import role_of, shown
from .hub import HUB
from .placement import describe as describe_placement
from .placement import is_relocated
from .side import Side
from .status import describe, follows_since, is_given_up, protected, was_forced

Object = dict[str, Any]


def prove(source: Side, target: Side, ask_hub: Callable[[], Object]) -> SyncProof:
    """By the groups at both sites: the hub's phase is ahead of them. It is asked where the source follows already."""
    left = source.get()
    shown_by = "DataProtected" if is_given_up(left) else _relocation(left, target, ask_hub)
    if not shown_by:
        raise source.refused(
            "prove the final sync",
            describe(left),
            "a source that a relocation has given up: secondary, DataProtected",
            "demote it first: that is the relocation, which takes its last data along",
        )
    reached = _await_primary(target)
    return SyncProof(
        source.group.name,
        holds=not was_forced(reached),
        compared="the product's word for its relocation (DataProtected, after the source was demoted), and both sides"
        " after it; no content was compared",
        source=f"{source.options.name}: {describe(left)}; {shown_by}",
        target=f"{target.options.name}: {describe(reached)}",
        at=source.api.clock.now().isoformat(),
        volumes=len(protected(reached)),
    )


def _relocation(left: Object, target: Side, ask_hub: Callable[[], Object]) -> str:
    """What the hub says of an ended one to the target; empty where that is no proof."""
    if not follows_since(left):
        return ""
    placement = ask_hub()
    return f"at the {HUB}: {describe_placement(placement)}" if is_relocated(placement, target.cluster) else ""


def _await_primary(target: Side) -> Object:
    look_up = target.look_up()

    def look() -> tuple[bool, str]:
        item = look_up()
        return role_of(item) == "primary", shown(item)

    on = f"group {target.group.name}"
    hint = "look at the DRPlacementControl at the hub, then start again"
    wait_for(
        target.api.clock,
        target.options.timeout,
        patient(look),
        f"wait until {on} is primary",
        target.site.name,
        on,
        hint,
    )
    return target.get()
