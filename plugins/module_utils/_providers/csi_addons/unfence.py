# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of a plan's fence around a site that has returned: its NetworkFences, unfenced and deleted."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from ipaddress import ip_network
from itertools import product
from typing import Any

from ..._cluster.kinds import NETWORK_FENCE
from ..._errors import DrError, NotFound, Refused
from ..site_handle import SiteHandle
from ..sure_writes import patch_surely
from .fence_state import ask, await_state, remove
from .objects import DIGEST, fence_prefix, given_up_patch, is_given_up
from .status import FENCE_ASKED, FENCE_CIDRS, FENCE_DRIVER, owner

Object = dict[str, Any]
FORBIDDEN = 403


class Unfence:
    """Of all fences of one plan around one site, whatever the plan's options say now: addresses may have been corrected
    since, or the option removed.

    expected: whether the plan still names a fence; if not, rights to look for one are not needed.
    """

    def __init__(self, survivor: SiteHandle, lost: str, seconds: float, expected: bool) -> None:
        self._survivor = survivor
        self._api = survivor.api
        self._plan = survivor.plan.name
        self._lost = lost
        self._seconds = seconds
        self._expected = expected

    def lift(self) -> bool:
        """Whether there was a fence."""
        fences = self._fences()
        own = [item for item in fences if self._is_own(item)]
        for item in own:
            self._check_strangers(item, fences)
        left = self._end(own)
        if left:
            raise self._left(left)
        return bool(own)

    def _end(self, own: Sequence[Object]) -> dict[str, list[str]]:
        """Unfence, and only then delete: the deletion of a NetworkFence lifts nothing.

        So what other plans still need is deleted only, and left to the last of them: who needs it, by the name of ours.
        Each plan says first that it needs its fence no more, and then looks: of two at once, one sees the other's word.
        """
        for item in own:
            patch_surely(self._api, NETWORK_FENCE, item["metadata"]["name"], None, given_up_patch())
        fences = self._fences() if own else []
        left = {}
        for item in own:
            name = item["metadata"]["name"]
            if needed := self._needed(item, fences):
                left[name] = [f"{owner(other) or 'nobody'}: {other['metadata']['name']}" for other in needed]
            else:
                ask(self._api, name, "Unfenced")
                await_state(self._survivor, name, "Unfenced", self._lost, self._seconds)
            remove(self._survivor, name, self._lost, self._seconds)
        return left

    def _fences(self) -> Sequence[Object]:
        """All there are at the survivor; none where the API is not served."""
        try:
            return self._api.list(NETWORK_FENCE)
        except NotFound:
            return []
        except DrError as error:
            if self._expected or error.status != FORBIDDEN:
                raise
            return []

    def _is_own(self, item: Object) -> bool:
        name = item["metadata"]["name"]
        if not re.fullmatch(re.escape(fence_prefix(self._plan, self._lost)) + DIGEST, name):
            return False
        if owner(item) != self._plan:
            raise self._refused(
                name,
                f"an object of {owner(item) or 'somebody else'} has this name",
                f"absent, or of plan {self._plan}",
                "it was not touched: find out whose it is, then remove it",
            )
        return True

    def _needed(self, item: Object, fences: Sequence[Object]) -> list[Object]:
        """The driver keeps one list of addresses: to lift them here would lift them for all who fenced them."""
        others = [other for other in fences if owner(other) != self._plan and FENCE_ASKED.read(other) == "Fenced"]
        return [other for other in others if not is_given_up(other) and _share(item, other)]

    def _check_strangers(self, item: Object, fences: Sequence[Object]) -> None:
        strangers = [other["metadata"]["name"] for other in self._needed(item, fences) if not owner(other)]
        if strangers:
            raise self._refused(
                item["metadata"]["name"],
                f"also fenced by NetworkFence {', '.join(sorted(strangers))}",
                "nobody else who still wants these addresses fenced",
                "end the other fences first, or leave this one until then",
            )

    def _left(self, left: Mapping[str, Sequence[str]]) -> Refused:
        others = ", plan ".join(sorted({text for texts in left.values() for text in texts}))
        return self._refused(
            ", ".join(left),
            f"plan {self._plan} has given up its fence, and the addresses stay fenced for plan {others}",
            "no other plan that still fences these addresses",
            "reprotect the other plan (the last one lets the site in for all), then start again; or start again now, "
            "if the storages reach each other by other addresses. Of a plan that is gone, unfence and delete the "
            "NetworkFence by hand",
        )

    def _refused(self, name: str, seen: str, wanted: str, next_step: str) -> Refused:
        on = f"NetworkFence/{name}"
        tried = f"unfence {self._lost}"
        return Refused(tried, site=self._survivor.name, on=on, seen=seen, wanted=wanted, next_step=next_step)


def _share(one: Object, other: Object) -> bool:
    same_driver = FENCE_DRIVER.read(one) == FENCE_DRIVER.read(other)
    pairs = product(FENCE_CIDRS.read(one) or [], FENCE_CIDRS.read(other) or [])
    return same_driver and any(_overlap(*pair) for pair in pairs)


def _overlap(one: str, other: str) -> bool:
    """A driver may keep a network as its single addresses."""
    try:
        mine, theirs = ip_network(one, strict=False), ip_network(other, strict=False)
    except ValueError:
        # what others wrote
        return one == other
    return mine.version == theirs.version and mine.overlaps(theirs)
