# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a switch would refuse, or wait for in vain, asked before VMs are stopped for it."""

from __future__ import annotations

from typing import Any

from .action import check_idle
from .ends import Pair
from .objects import Action
from .side import Side
from .status import DRIVER, TURNS_AT_FAILOVER, describe, pending, replicates

Object = dict[str, Any]


def check_switchable(pair: Pair) -> None:
    """From here to there. A transfer that goes on is for the switch to wait for."""
    tried = "switch the group"
    for side, item in ((pair.side, pair.here), (pair.peer, pair.there)):
        check_idle(side, item, tried)
        _check_driver(side, item, tried)
        side.check_ours(item)
    if not replicates(pair.here):
        raise pair.side.refused(
            tried,
            describe(pair.here),
            "a link that replicates: a switch over one that stands still would leave the rest behind",
            "run protect where the plan lives, which resumes a paused link, or bring the replication in order;"
            " nothing was written",
        )


def check_promotable(side: Side, item: Object, action: Action) -> None:
    """By force. The same action of a killed attempt is joined."""
    tried = "promote the group by force"
    if pending(item) != action:
        check_idle(side, item, tried)
    _check_driver(side, item, tried)
    side.check_ours(item)


def _check_driver(side: Side, item: Object, tried: str) -> None:
    """P1: who may write after a failover is known of these alone, and what is unknown is started nowhere."""
    if DRIVER.read(item) not in TURNS_AT_FAILOVER:
        raise side.refused(
            tried,
            f"driver {DRIVER.read(item)}",
            f"one of {', '.join(sorted(TURNS_AT_FAILOVER))}: of no other is it known who may write after a failover",
            "switch it by task files of your own: provider tasks; nothing was written",
        )
