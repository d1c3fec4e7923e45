# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HPE's CSI driver: which volumes are in which Remote Copy group. No object of it switches one, or tells its role.

So this provider recognises such volumes, says what it sees, and refuses every verb with the way that there is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._errors import DrError, Unsupported
from ..._model.group_status import GroupStatus, unknown
from ..._model.plan import Group
from ..base import Capabilities, Provider
from ..group_options import wrong
from ..site_handle import SiteHandle
from .volumes import DRIVER, RemoteCopy, in_words, remote_copy_of

WAY = (
    "take provider tasks, with files of your own that ask the arrays' WSAPI; custom only where an operator of yours"
    " switches the group by a custom resource; array has no product of HPE's: docs/providers/hpe.md"
)


class HpeProvider(Provider):
    """A group has no options."""

    name = "hpe"
    capabilities = Capabilities()

    def __init__(self, sites: Mapping[str, SiteHandle]) -> None:
        super().__init__(sites)
        # asked for each of many thousand volumes; as old as the handle's own list of them
        self._covered: dict[tuple[str, str], frozenset[str]] = {}

    @classmethod
    def detect(cls, group: Group, site: SiteHandle) -> str:
        seen = [remote_copy_of(item) for item in site.candidates(group) if item.pv]
        if not seen or not all(seen):
            return ""
        return f"{in_words(seen)} of {DRIVER}"

    def observe(self, group: Group, site: str) -> GroupStatus:
        """Which group the volumes are in; never who may write to them."""
        try:
            if given := ", ".join(sorted(group.options_at(site))):
                raise wrong(group, site, f"unknown: {given}", "none: this provider has no options")
            seen = self._seen(group, site)
        except DrError as error:
            return unknown(group.name, site, error)
        if not seen:
            message = "it has no volume here"
            return GroupStatus(group.name, site, "unknown", "unknown", "none", message=message, present=False)
        return GroupStatus(
            group.name,
            site,
            "unknown",
            "unknown",
            "none",
            message=f"{in_words(list(seen.values()))}; which side may be written to, only the arrays know: {WAY}",
            raw={claim: found.as_dict() if found else {} for claim, found in seen.items()},
        )

    def covers(self, group: Group, site: str, pv: Mapping[str, Any]) -> bool:
        """As the claim's annotations or the PV's attributes say: the array is not asked."""
        key = (group.name, site)
        if key not in self._covered:
            found = [item.pv for item in self.sites[site].volumes(group) if item.pv and remote_copy_of(item)]
            self._covered[key] = frozenset(item["metadata"]["name"] for item in found)
        return pv["metadata"]["name"] in self._covered[key]

    def enable(self, group: Group, source: str, target: str) -> bool:
        raise self._unsupported(f"replicate from {source} to {target}", group)

    def enabled(self, group: Group, site: str) -> bool:
        return False

    def disable(self, group: Group, site: str) -> bool:
        """Nothing of it is ours: the volumes stay in their Remote Copy group."""
        return False

    def promote(self, group: Group, site: str, forced: bool) -> bool:
        raise self._unsupported(f"promote {site}", group)

    def demote(self, group: Group, site: str) -> bool:
        raise self._unsupported(f"demote {site}", group)

    def resync(self, group: Group, site: str) -> bool:
        raise self._unsupported(f"resynchronise {site}", group)

    def _seen(self, group: Group, site: str) -> dict[str, RemoteCopy | None]:
        return {item.claim: remote_copy_of(item) for item in self.sites[site].volumes(group)}

    def _unsupported(self, what: str, group: Group) -> Unsupported:
        return Unsupported(
            what,
            on=f"group {group.name}",
            seen="provider hpe cannot do this: HPE's CSI driver has no object that switches a Remote Copy group, or"
            " tells its role",
            wanted="a provider that asks the arrays",
            next_step=WAY,
        )
