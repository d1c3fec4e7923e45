# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hitachi Replication Plug-in for Containers: a Replication per claim at each site, or a ReplicationGroup of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from ..._cluster.kinds import HITACHI_REPLICATION
from ..._errors import NotFound
from ..._model.group_status import GroupStatus, SyncProof, combine
from ..._model.plan import Group
from ..base import Capabilities
from ..custom_resource import CustomResource
from ..listing_provider import ListingProvider
from ..site_handle import SiteHandle
from .ends import Both, Ends, Pair
from .marks import give_back, ours, take
from .options import DRIVER
from .resources import RESOURCES
from .side import Side
from .status import CLAIM, DESIRED, Leg, describe, end, has_taken_over, is_given_up, is_source, role, volume_status
from .switch import can_be_written, end_turn, hand_over, pair_again, take_up_again, turn_round
from .wait import await_goal, execute


class HitachiProvider(ListingProvider):
    """`options` of a group: see hitachi_options. A claim has the same namespace and name at both sites.

    The Replications are made by the product and its user; we make none.
    """

    name = "hitachi"
    capabilities = Capabilities(
        final_sync=True, force=True, groups=True, creates_remote_volumes=True, atomic_switch=True
    )
    resources: ClassVar[tuple[CustomResource, ...]] = RESOURCES

    def __init__(self, sites: Mapping[str, SiteHandle]) -> None:
        super().__init__(sites)
        self._ends = Ends(sites)

    @classmethod
    def detect(cls, group: Group, site: SiteHandle) -> str:
        driver = group.options_at(site.name).get("driver", DRIVER)
        volumes = site.candidates(group)
        drivers = {((item.pv or {}).get("spec", {}).get("csi") or {}).get("driver") for item in volumes}
        # of any form: options are judged where the product is
        if list(drivers) != [driver]:
            return ""
        try:
            found = [item for space in site.plan.namespaces for item in site.api.list(HITACHI_REPLICATION, space)]
        except NotFound:
            return ""
        claims = {f"{item['metadata']['namespace']}/{CLAIM.read(item)}" for item in found}
        if any(item.claim not in claims for item in volumes):
            return ""
        return f"{HITACHI_REPLICATION.kind} of each of its {len(volumes)} claims"

    def covers(self, group: Group, site: str, pv: Mapping[str, Any]) -> bool:
        return self._ends.side(group, site).covers(pv)

    def needed_by(self, group: Group, site: str, claim: tuple[str, str]) -> str:
        (leg,) = self._ends.side(group, site).legs([claim])
        return f"{HITACHI_REPLICATION.kind}/{claim[0]}/{leg.item['metadata']['name']}" if leg.item else ""

    def enable(self, group: Group, source: str, target: str) -> bool:
        """Take the objects of both sites for the plan, and see that they replicate that way; a split pair goes on."""
        both = self._ends.both(group, source, "replicate the group")
        for pair in both.pairs:
            if end(pair.mine) != "P" or end(pair.theirs) != "S" or has_taken_over(pair.theirs):
                raise both.side.refused(
                    "replicate the group",
                    both.described(pair),
                    f"the P-VOL at {source}, and the S-VOL at {target}",
                    "bring it to its source first, by relocate or reprotect; nothing was written",
                )
        both.side.check_ours(both.mine)
        both.peer.check_ours(both.theirs)
        changed = [take(both.side, both.mine), take(both.peer, both.theirs)]
        still = [pair for pair in both.pairs if not pair.is_sent]
        if still:
            pair_again(both, still)
        return any(changed) or bool(still)

    def enabled(self, group: Group, site: str) -> bool:
        return bool(ours(self._ends.side(group, site)))

    def disable(self, group: Group, site: str) -> bool:
        """Only our marks: what is deleted of the product's may end the pair on the array."""
        return give_back(self._ends.side(group, site))

    def promote(self, group: Group, site: str, forced: bool) -> bool:
        if forced:
            return self._promote_by_force(group, site)
        both = self._settled(group, site, "promote the group")
        ended = end_turn(both.turned, keep=True)
        if all(pair.is_sent for pair in both.pairs):
            return ended
        taken = [pair for pair in both.pairs if pair.turned.is_handed_over and can_be_written(pair.mine)]
        still = [pair for pair in both.pairs if _stands_still(pair)]
        for pair in both.pairs:
            if pair not in taken and pair not in still and not pair.is_sent:
                cut = "demote it here again: a switch was cut, and is completed by that"
                switch = f"demote it at {both.peer.site.name}: that is the switch; if both can be written, reprotect"
                raise both.side.refused(
                    "promote the group",
                    both.described(pair),
                    "a source whose pair stands still, or a copy that a planned switch has promoted",
                    cut if pair.is_handed_over else f"{switch}; or declare that site lost and force",
                )
        if taken:
            turn_round(both.turned, [pair.turned for pair in taken], keep=True)
        if still:
            pair_again(both, still)
        return True

    def demote(self, group: Group, site: str) -> bool:
        """The planned switch as a whole. Where the peer was promoted by force, only `resync` gives this copy up."""
        return hand_over(self._settled(group, site, "demote the group"))

    def check_forceable(self, groups: Sequence[Group], site: str) -> None:
        """Where neither a claim is here nor a Replication the plan's, the run may bring them."""
        since = self._moment()
        for group in groups:
            side = self._ends.side(group, site)
            keys = side.keys(since)
            legs = side.existing(keys, "promote the group", since) if keys else []
            if not all(_is_promoted(leg) for leg in legs):
                _check_takeover(side, legs)

    def final_sync(self, group: Group, source: str, target: str) -> SyncProof:
        both = self._ends.both(group, source, "prove the final sync of")
        for pair in both.pairs:
            if not pair.is_proven or role(pair.mine) != "secondary":
                raise both.side.refused(
                    "prove the final sync",
                    both.described(pair),
                    "a source that was split with everything sent, before its copy took over; and nothing asked since",
                    "demote it first",
                )
        theirs = await_goal(both.peer, [leg.key for leg in both.mine], is_source, "primary")
        now = both.side.api.clock.now().isoformat()
        return SyncProof(
            group.name,
            holds=True,
            compared="the array's split of each pair after its source had been quiesced, as both sides showed it before"
            " the copy took over: an array ends a split with everything sent. No content was compared",
            source=f"{both.pairs[0].mine.volume}: {describe(both.pairs[0].mine)}",
            target=f"{theirs[0].volume}: {describe(theirs[0])}",
            at=now,
            volumes=len(both.pairs),
        )

    def resync(self, group: Group, site: str) -> bool:
        """The peer's volumes become the P-VOLs where they have taken over: this copy is demoted by that."""
        both = self._settled(group, site, "resynchronise the group")
        ended = end_turn(both, keep=False)
        taken = [pair for pair in both.pairs if pair.is_taken_over]
        behind = [pair for pair in both.pairs if _stands_still(pair.turned)]
        for pair in both.pairs:
            if pair not in taken and pair not in behind and not pair.turned.is_sent:
                peer = both.peer.site.name
                raise both.side.refused(
                    "resynchronise the group",
                    both.described(pair),
                    f"taken over at {peer}, or the P-VOL there: its data replaces this copy",
                    f"to keep what {peer} holds: delete the pair on the array, and make it anew"
                    if pair.turned.is_taken_over
                    else f"promote {peer} first, or find out which side holds the data",
                )
        if taken:
            both.side.check_ours([pair.mine for pair in taken])
            both.peer.check_ours([pair.theirs for pair in taken])
            turn_round(both, taken, keep=False)
        if behind:
            pair_again(both.turned, [pair.turned for pair in behind])
        return bool(taken or behind or ended)

    def _promote_by_force(self, group: Group, site: str) -> bool:
        side = self._ends.side(group, site)
        legs = side.existing(side.keys(), "promote the group")
        given_up = [leg for leg in legs if is_given_up(leg)]
        todo = _to_take_over(legs)
        if not todo and not given_up:
            return False
        _check_takeover(side, legs)
        take_up_again(side, given_up)
        execute(side, todo, "failover", can_be_written, "taken over by force", over=True)
        return True

    def _settled(self, group: Group, site: str, tried: str) -> Both:
        """Once nothing is under way: a killed attempt may have left an operation."""
        both = self._ends.both(group, site, tried)
        for side in (both.side, both.peer):
            await_goal(side, [leg.key for leg in both.mine], lambda _leg: True, "idle")
        return self._ends.agreed(group, site, tried)

    def _moment(self) -> int:
        return self._ends.moment()

    def _look(self, group: Group, site: str, since: int) -> GroupStatus:
        side = self._ends.side(group, site)
        legs = side.legs(side.keys(since), since)
        status = combine(group.name, site, [volume_status(leg) for leg in legs])
        return replace(status, present=any(leg.item for leg in legs))


def _to_take_over(legs: Sequence[Leg]) -> list[Leg]:
    return [leg for leg in legs if not is_given_up(leg) and not _is_promoted(leg)]


def _check_takeover(side: Side, legs: Sequence[Leg]) -> None:
    side.check_ours(legs)
    for leg in _to_take_over(legs):
        if end(leg) != "S":
            raise side.refused(
                "promote the group",
                f"{leg.volume}: {describe(leg)}",
                "an S-VOL: only that can take over",
                "find out on the array which volume of the pair is here; nothing was written",
            )


def _stands_still(pair: Pair) -> bool:
    """Mine is the P-VOL, of a pair that was split or suspended, and nobody has taken the other over."""
    ends = (end(pair.mine), end(pair.theirs)) == ("P", "S")
    return ends and not pair.is_sent and not has_taken_over(pair.theirs)


def _is_promoted(leg: Leg) -> bool:
    """An S-VOL that only looks taken over, as after a split that lets it be written, was not."""
    if end(leg) == "P":
        return role(leg) == "primary"
    return has_taken_over(leg) and DESIRED.read(leg.asked) in ("failover", "swap-resync")
