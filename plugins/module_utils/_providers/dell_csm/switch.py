# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action that makes a copy follow the one that was failed over to."""

from __future__ import annotations

from typing import Any

from .action import await_goal, execute
from .ends import Pair
from .objects import Action
from .status import DRIVER, FAILED_OVER, IS_SOURCE, LINK, is_given_up, last_switch, pending, replicates, role

Object = dict[str, Any]
REPROTECT: Action = "REPROTECT_LOCAL"
SWAP: Action = "SWAP_LOCAL"
# its devices keep their sides after a forced failover, until they are told to change them
SWAPS_FIRST = "csi-powermax.dellemc.com"


def is_reprotected(pair: Pair) -> bool:
    """Whether nothing of a failover to `here` is left open."""
    if FAILED_OVER in (LINK.read(pair.here), LINK.read(pair.there)):
        return False
    ended = last_switch(pair.here)
    done = ended is not None and ended.succeeded and ended.action == REPROTECT
    return replicates(pair.here) or done or not is_given_up(pair.there)


def reprotect(pair: Pair) -> bool:
    """From `here`, which was failed over to: its peer is demoted by this, and takes all from it."""
    asked = pending(pair.here)
    if asked not in (REPROTECT, SWAP) and is_reprotected(pair):
        return False
    pair.side.check_ours(pair.here)
    turned = asked == REPROTECT or IS_SOURCE.read(pair.here)
    if asked == SWAP or (DRIVER.read(pair.here) == SWAPS_FIRST and not turned):
        execute(pair.side, pair.name, SWAP, lambda seen: bool(IS_SOURCE.read(seen)), "source after the swap")
    execute(pair.side, pair.name, REPROTECT, _sends, f"source, replicating to {pair.peer.site.name}")
    await_goal(pair.peer, pair.peer_name, _follows, f"secondary, following {pair.side.site.name}")
    return True


def _sends(item: Object) -> bool:
    return role(item) == "primary" and replicates(item)


def _follows(item: Object) -> bool:
    return role(item) == "secondary" and replicates(item)
