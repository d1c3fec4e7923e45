# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What shows that a relocation has taken everything along."""

from __future__ import annotations

from typing import Any

from ..._cluster.waiting import wait_for
from ..._model.group_status import SyncProof
from ..object_wait import patient
from .ends import role_of, shown
from .side import Side
from .status import describe, is_given_up, protected, was_forced

Object = dict[str, Any]


def prove(source: Side, target: Side) -> SyncProof:
    """By the groups at both sites: the hub's phase is ahead of them."""
    left = source.get()
    if not is_given_up(left):
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
        source=f"{source.options.name}: {describe(left)}, DataProtected",
        target=f"{target.options.name}: {describe(reached)}",
        at=source.api.clock.now().isoformat(),
        volumes=len(protected(reached)),
    )


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
