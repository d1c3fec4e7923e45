# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ramen's two actions and what each has to show before it counts; what it ends by itself is waited for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ..._errors import Conflict, DrError, Refused, Timeout
from .ends import Pair, role_of, shown
from .hub import HUB, Hub, check_ours, named
from .order import Goal, await_order, give_order
from .placement import (
    asked,
    describe,
    is_failed_over,
    is_relocated,
    is_settled,
    is_taken_up,
    is_tested,
    is_untouched,
    remedy,
)
from .side import Side
from .status import follows_since, is_asked_to_be, is_given_up, is_restored, may_leave

Object = dict[str, Any]
# seconds: a deadline has passed already
WITHDRAWN_WITHIN = 60.0


def check_relocatable(pair: Pair, placement: Object) -> None:
    """All that Ramen would wait for without a word, or for ever."""
    tried = f"relocate the group to {pair.peer.site.name}"
    check_ours(pair.side.site.plan.name, pair.side.options, placement)
    check_settled(placement, pair, tried)
    if pair.here is None or not may_leave(pair.here):
        raise pair.side.refused(
            tried,
            shown(pair.here),
            "a primary whose data is ready and whose cluster data is protected (ClusterDataProtected)",
            "nothing was ordered: look at the VolumeReplicationGroup and at Ramen's S3 stores",
        )
    pair.side.check_whole(pair.here)


def relocate(pair: Pair) -> None:
    """From side to peer, the last data of side included: ordered, or joined where it is under way."""
    target = pair.peer.cluster

    def may_begin(placement: Object) -> None:
        check_relocatable(pair, placement)

    give_order(pair.hub, pair.side.options, "Relocate", target, may_begin)
    try:
        await_order(pair.hub, pair.side.options, "Relocate", target, _moved(pair.side, pair.peer))
    except Timeout as timeout:
        if withdrawn := _withdraw(pair):
            timeout.next_step = f"{withdrawn}; {timeout.next_step}"
        raise


def _withdraw(pair: Pair) -> str:
    """What has moved nothing yet must not begin long after the run has turned round, as when an operator comes back.

    To relocate to where it lives is how Ramen itself lets an order be taken back. In words; empty where the source is
    given up already: then the same command goes on.
    """
    try:
        placement, here = pair.hub.get(pair.side.options), pair.side.find()
        if asked(placement) != ("Relocate", pair.peer.cluster) or not is_asked_to_be(here, "primary"):
            return ""
        relocate_back(replace(pair, here=here, placement=placement), WITHDRAWN_WITHIN)
    except Timeout:
        return f"Relocate to {pair.side.cluster} was ordered in its place, and has not ended: see first how it ends"
    except DrError as error:
        by_hand = f"order Relocate to {pair.side.cluster} by hand before Ramen goes on"
        return f"the order could not be withdrawn ({error}): {by_hand}"
    return "nothing has moved, and the order was withdrawn"


def relocate_back(pair: Pair, seconds: float | None = None) -> None:
    """To side, which a relocation that has not reached its target has left, or was about to.

    An order that nobody has taken up is replaced, with nothing to wait for.
    """
    cluster = pair.side.cluster
    if pair.here is not None:
        pair.side.check_none_goes(pair.here)
    never_left = role_of(pair.here) == "primary" and not is_taken_up(pair.placement)
    give_order(pair.hub, pair.side.options, "Relocate", cluster, lambda _item: None)
    if never_left:
        return
    look_up = pair.side.look_up()

    def goal(placement: Object) -> tuple[bool, str]:
        item = look_up()
        return item is not None and is_restored(item) and is_settled(placement), shown(item)

    await_order(pair.hub, pair.side.options, "Relocate", cluster, goal, seconds)


def check_failable(side: Side, placement: Object) -> None:
    """A test of a failover is the same order, and nothing to join."""
    check_ours(side.site.plan.name, side.options, placement)
    check_untested(placement, side, f"fail the group over to {side.site.name}")


def fail_over(hub: Hub, side: Side, placement: Object) -> None:
    """To side, without the other one: its cleanup is not waited for."""
    check_failable(side, placement)

    def may_begin(now: Object) -> None:
        check_failable(side, now)

    give_order(hub, side.options, "Failover", side.cluster, may_begin)
    look_up = side.look_up()

    def goal(now: Object) -> tuple[bool, str]:
        item = look_up()
        done = item is not None and is_restored(item) and is_failed_over(now)
        return done, f"at {side.site.name}: {shown(item)}"

    try:
        await_order(hub, side.options, "Failover", side.cluster, goal)
    except Timeout as timeout:
        timeout.next_step = (
            f"{timeout.next_step}. The order stays, and Ramen goes on as soon as it can: if the application is to stay"
            " where it was, order Relocate to there before it is used again"
        )
        raise


def await_cleaned(pair: Pair) -> None:
    """What Ramen does by itself after either action: the peer is made a secondary that follows side."""
    action, cluster = asked(pair.placement)
    if cluster != pair.side.cluster or action not in ("Failover", "Relocate"):
        raise pair.side.refused(
            "wait for the end of Ramen's action",
            describe(pair.placement),
            f"an action that has brought it to {pair.side.cluster}",
            "find out which side holds the data; nothing was ordered",
        )
    look_up = pair.peer.look_up()

    def goal(placement: Object) -> tuple[bool, str]:
        item = look_up()
        follows = item is None or role_of(item) == "secondary"
        return follows and is_settled(placement), f"at {pair.peer.site.name}: {shown(item)}"

    await_order(pair.hub, pair.side.options, "Failover" if action == "Failover" else "Relocate", cluster, goal)


def check_settled(placement: Object, pair: Pair, tried: str) -> None:
    """Whoever ordered it: what is under way decides who may write. An order that was withdrawn moves nothing."""
    check_untested(placement, pair.side, tried)
    withdrawn = asked(placement) == ("Relocate", pair.side.cluster) and is_untouched(placement)
    if is_settled(placement) or withdrawn:
        return
    raise Conflict(
        tried,
        site=HUB,
        on=named(pair.side.options),
        seen=describe(placement),
        wanted="an action that has ended: progression Completed, Available and PeerReady",
        next_step=f"{remedy(placement)}; nothing was ordered",
    )


def check_untested(placement: Object, side: Side, tried: str) -> None:
    if not is_tested(placement):
        return
    raise Refused(
        tried,
        site=HUB,
        on=named(side.options),
        seen=describe(placement),
        wanted="no test failover of Ramen's: what its test wrote would become the data",
        next_step="end it there: dryRun false, with the action of before; then start again",
    )


def _moved(source: Side, target: Side) -> Goal:
    look_source: Callable[[], Object | None] = source.look_up()
    look_target: Callable[[], Object | None] = target.look_up()

    def goal(placement: Object) -> tuple[bool, str]:
        left, reached = look_source(), look_target()
        there = reached is not None and is_restored(reached) and is_relocated(placement, target.cluster)
        done = left is not None and (is_given_up(left) or follows_since(left)) and there
        return done, f"at {source.site.name}: {shown(left)}; at {target.site.name}: {shown(reached)}"

    return goal
