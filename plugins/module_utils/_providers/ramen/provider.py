# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ramen: a DRPlacementControl at a hub moves volumes and manifests of an application between two managed clusters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from ..._cluster.kinds import RAMEN_VOLUME_GROUP
from ..._errors import DrError, Failed, NotFound, Unreachable
from ..._model.group_status import GroupStatus, SyncProof, unknown
from ..._model.plan import Group
from ..base import Capabilities, Provider, at_once
from ..custom_resource import CustomResource
from ..site_handle import SiteHandle
from .ends import Ends, role_of
from .group_status import Told, group_status
from .hub import HUB
from .objects import mark_patch
from .placement import asked, describe, is_settled, is_taken_up, owner
from .proof import prove
from .resources import RESOURCES
from .side import listing
from .status import is_asked_to_be, is_restored
from .switch import (
    await_cleaned,
    check_failable,
    check_relocatable,
    check_settled,
    fail_over,
    relocate,
    relocate_back,
)

BY_FORCE = "promote the group by force"


class RamenProvider(Provider):
    """`options` of a group: see `ramen_options`. Only the hub is written to: Ramen's own action and our marks."""

    name = "ramen"
    capabilities = Capabilities(
        final_sync=True, force=True, reports_lag=True, groups=True, creates_remote_volumes=True, atomic_switch=True
    )
    resources: ClassVar[tuple[CustomResource, ...]] = RESOURCES

    def __init__(self, sites: Mapping[str, SiteHandle]) -> None:
        super().__init__(sites)
        self._ends = Ends(sites)

    @classmethod
    def detect(cls, group: Group, site: SiteHandle) -> str:
        claims = {item.claim for item in site.candidates(group)}
        if not claims:
            return ""
        try:
            found = listing(site.api.list(RAMEN_VOLUME_GROUP)).claims
        except (NotFound, Failed):
            # not served, or not to be looked at: then it is not what the plan uses
            return ""
        whole = ["/".join(key) for key, names in found.items() if claims <= names]
        return f"{RAMEN_VOLUME_GROUP.kind} {whole[0]} protects its {len(claims)} volumes" if whole else ""

    def observe(self, group: Group, site: str) -> GroupStatus:
        (told,) = self._ends.hubs.told([group], site)
        return self._observe(group, site, None, told)

    def observe_all(self, groups: Sequence[Group], site: str) -> list[GroupStatus]:
        """One list of the site, and of each hub one of each namespace; a silent hub is asked once."""
        since = self._ends.moment()
        told = self._ends.hubs.told(groups, site)
        return at_once(lambda item: self._observe(item[0], site, since, item[1]), zip(groups, told, strict=True))

    def covers(self, group: Group, site: str, pv: Mapping[str, Any]) -> bool:
        """By the claim, which Ramen brings under the same name; a secondary's group knows of none, its peer's does."""
        reference = pv["spec"].get("claimRef") or {}
        claim = f"{reference.get('namespace')}/{reference.get('name')}"
        if self._ends.side(group, site).holds(claim):
            return True
        try:
            return self._ends.peer(group, site).holds(claim)
        except Unreachable:
            return False

    def enable(self, group: Group, source: str, target: str) -> bool:
        """Take the DRPlacementControl for the plan, and see that it protects the group, from source to target."""
        tried = "protect the group"
        pair = self._ends.pair(tried, group, source)
        if role_of(pair.here) != "primary" or (pair.there is not None and role_of(pair.there) != "secondary"):
            raise pair.side.refused(
                tried,
                pair.words,
                f"primary at {source}, secondary at {target}",
                "bring it to its source first, by relocate or reprotect; nothing was written",
            )
        check_settled(pair.placement, pair, tried)
        pair.side.check_whole(pair.side.get())
        if owner(pair.placement):
            return False
        pair.hub.patch(pair.side.options, mark_patch(pair.side.site.plan.name, group.name))
        return True

    def enabled(self, group: Group, site: str) -> bool:
        return owner(self._ends.hubs.get(group, site)) == self.sites[site].plan.name

    def disable(self, group: Group, site: str) -> bool:
        """Only our marks: deleting the DRPlacementControl ends the protection, which is not ours."""
        if not self.enabled(group, site):
            return False
        side = self._ends.side(group, site)
        self._ends.hubs.of(group, site).patch(side.options, mark_patch(None, None))
        return True

    def promote(self, group: Group, site: str, forced: bool) -> bool:
        if forced:
            return self._fail_over(group, site)
        try:
            return self._promote(group, site)
        except Unreachable as error:
            # not the storages are silent to each other, for which a planned move is taken back by force
            raise self._ends.side(group, site).refused(
                "promote the group",
                f"no answer: {error}",
                "the word of both sites and of the hub",
                "start again once it answers",
            ) from error

    def demote(self, group: Group, site: str) -> bool:
        """The relocation as a whole, also one that is under way."""
        pair = self._ends.pair("demote the group", group, site)
        under_way = asked(pair.placement) == ("Relocate", pair.peer.cluster) and not is_settled(pair.placement)
        mine, theirs = pair.roles
        if not under_way and (mine == "secondary" or theirs == "primary"):
            return False
        relocate(pair)
        return True

    def check_movable(self, groups: Sequence[Group], source: str, target: str) -> None:
        """Of an application whose VMs are off nothing can be moved either that the hub does not move now."""
        for group in groups:
            pair = self._ends.pair("relocate the group", group, source)
            check_relocatable(pair, pair.placement)

    def check_forceable(self, groups: Sequence[Group], site: str) -> None:
        """Only the hub fails anything over."""
        since = self._ends.moment()
        for group in groups:
            side = self._ends.side(group, site)
            item = side.find(since)
            if item is None or not is_restored(item):
                check_failable(side, self._ends.hubs.needed(BY_FORCE, group, site)[1])

    def final_sync(self, group: Group, source: str, target: str) -> SyncProof:
        def ask_hub() -> dict[str, Any]:
            return self._ends.hubs.needed("prove the final sync", group, source)[1]

        return prove(self._ends.side(group, source), self._ends.side(group, target), ask_hub)

    def resync(self, group: Group, site: str) -> bool:
        """Nothing to order: the hub makes the other cluster follow as soon as it answers and its volumes are unused."""
        peer = self.sites[site].plan.peer_of(site)
        pair = self._ends.pair("resynchronise the group", group, peer)
        here, there = pair.roles
        if here != "primary":
            raise pair.side.refused(
                "resynchronise the group",
                pair.words,
                f"primary at {peer}: its data replaces that of {site}",
                f"promote {peer} first, or find out which side holds the data",
            )
        if there == "secondary" and is_settled(pair.placement):
            return False
        await_cleaned(pair)
        return True

    def _promote(self, group: Group, site: str) -> bool:
        pair = self._ends.pair("promote the group", group, site)
        ordered, unfinished = asked(pair.placement), not is_settled(pair.placement)
        arrives = is_asked_to_be(pair.there, "primary") and role_of(pair.there) == "primary"
        if ordered == ("Relocate", pair.peer.cluster) and unfinished and not arrives:
            relocate_back(pair)
            return True
        ours = ordered == ("Relocate", pair.side.cluster) and unfinished
        if pair.roles == ("primary", "secondary"):
            if ours and is_taken_up(pair.placement):
                await_cleaned(pair)
                return True
            return False
        if ours and not is_asked_to_be(pair.there, "primary"):
            relocate_back(pair)
            return True
        raise pair.side.refused(
            "promote the group",
            f"{pair.words}; at the {HUB}: {describe(pair.placement)}",
            "a peer that a relocation has given up; nothing was ordered",
            f"demote it at {pair.peer.site.name}: that is the relocation; if both are primary, reprotect; or"
            " declare that site lost and force",
        )

    def _fail_over(self, group: Group, site: str) -> bool:
        side = self._ends.side(group, site)
        item = side.find()
        if item is not None and is_restored(item):
            return False
        hub, placement = self._ends.hubs.needed(BY_FORCE, group, site)
        fail_over(hub, side, placement)
        return True

    def _observe(self, group: Group, site: str, since: int | None, told: Told) -> GroupStatus:
        try:
            side, peer = self._ends.side(group, site), self._ends.peer(group, site)
            item = side.find(since)
            left_out = side.left_out(item) if role_of(item) == "primary" else []
        except DrError as error:
            return unknown(group.name, site, error)
        if item is None:
            message = "Ramen has made nothing of the group here yet"
            return GroupStatus(group.name, site, "unknown", "unknown", "none", message=message, present=False)
        return group_status(group.name, site, item, told, side.cluster, peer.cluster, left_out)
