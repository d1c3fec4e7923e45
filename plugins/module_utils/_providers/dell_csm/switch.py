# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action that makes a copy follow the one that was failed over to."""

from __future__ import annotations

from typing import Any

from .action import await_goal, execute
from .ends import Pair
from .objects import Action
from .status import (
    DRIVER,
    FAILED_OVER,
    IS_SOURCE,
    LINK,
    is_given_up,
    last_switch,
    pending,
    replicates,
    role,
    was_forced,
)

Object = dict[str, Any]
REPROTECT: Action = "REPROTECT_LOCAL"
SWAP: Action = "SWAP_LOCAL"
FORCE: Action = "UNPLANNED_FAILOVER_LOCAL"
# its devices keep their sides after a forced failover, until they are told to change them
SWAPS_FIRST = "csi-powermax.dellemc.com"


def is_reprotected(pair: Pair) -> bool:
    """Whether nothing of a failover to `here` is left open."""
    if FAILED_OVER in (LINK.read(pair.here), LINK.read(pair.there)) or is_swapped(pair):
        return False
    return replicates(pair.here) or _has_done(pair.here, REPROTECT) or not is_given_up(pair.there)


def is_turned(pair: Pair) -> bool:
    """Whether `here` has been reprotected, and its peer still shows how it was: a monitor looks once a minute."""
    before = LINK.read(pair.there) == FAILED_OVER or role(pair.there) == "primary"
    return _has_done(pair.here, REPROTECT) and before and _sends(pair.here) and not was_forced(pair.there)


def is_swapped(pair: Pair) -> bool:
    """Whether `here`, which was failed over to, is about to be reprotected: its devices have changed sides for that."""
    return _has_done(pair.here, SWAP) and not replicates(pair.here) and not was_forced(pair.there)


def reprotect(pair: Pair) -> bool:
    """From `here`, which was failed over to: its peer is demoted by this, and takes all from it."""
    asked = pending(pair.here)
    if is_turned(pair):
        await_goal(pair.peer, pair.peer_name, _follows, f"secondary, following {pair.side.site.name}")
        return True
    if asked not in (REPROTECT, SWAP) and is_reprotected(pair):
        return False
    pair.side.check_ours(pair.here)
    turned = asked == REPROTECT or IS_SOURCE.read(pair.here)
    if asked == SWAP or (DRIVER.read(pair.here) == SWAPS_FIRST and not turned):
        execute(pair.side, pair.name, SWAP, lambda seen: bool(IS_SOURCE.read(seen)), "source after the swap")
    execute(pair.side, pair.name, REPROTECT, _sends, f"source, replicating to {pair.peer.site.name}")
    await_goal(pair.peer, pair.peer_name, _follows, f"secondary, following {pair.side.site.name}")
    return True


def _has_done(item: Object, action: Action) -> bool:
    """As the last switch of its site."""
    ended = last_switch(item)
    return ended is not None and ended.succeeded and ended.action == action


def _sends(item: Object) -> bool:
    return role(item) == "primary" and replicates(item)


def _follows(item: Object) -> bool:
    return role(item) == "secondary" and replicates(item)
