# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of a plan's fence around a site that has returned: its NetworkFences, unfenced and deleted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ..._cluster.kinds import NETWORK_FENCE
from ..._cluster.waiting import wait_for
from ..._errors import DrError, NotFound, Refused
from ..site_handle import SiteHandle
from .fence_state import ask, await_state
from .objects import DIGEST, fence_prefix
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
        self._check_others(own, fences)
        for item in own:
            self._end(item["metadata"]["name"])
        return bool(own)

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

    def _check_others(self, own: Sequence[Object], fences: Sequence[Object]) -> None:
        """The driver keeps one list of addresses: to lift them here would lift them for all who fenced them."""
        names = {item["metadata"]["name"] for item in own}
        for item in own:
            others = [
                other["metadata"]["name"]
                for other in fences
                if other["metadata"]["name"] not in names
                and FENCE_ASKED.read(other) == "Fenced"
                and _share(item, other)
            ]
            if others:
                raise self._refused(
                    item["metadata"]["name"],
                    f"also fenced by NetworkFence {', '.join(sorted(others))}",
                    "nobody else who still wants these addresses fenced",
                    "end the other fences first, or leave this one until then",
                )

    def _end(self, name: str) -> None:
        """Unfence, and only then delete: the deletion of a NetworkFence lifts nothing."""
        ask(self._api, name, "Unfenced")
        await_state(self._survivor, name, "Unfenced", self._lost, self._seconds)
        self._delete(name)

    def _delete(self, name: str) -> None:
        self._api.delete(NETWORK_FENCE, name)
        wait_for(
            self._api.clock,
            self._seconds,
            lambda: (self._api.find(NETWORK_FENCE, name) is None, "still there"),
            f"delete the fence of {self._lost}",
            self._survivor.name,
            f"NetworkFence/{name}",
        )

    def _refused(self, name: str, seen: str, wanted: str, next_step: str) -> Refused:
        on = f"NetworkFence/{name}"
        tried = f"unfence {self._lost}"
        return Refused(tried, site=self._survivor.name, on=on, seen=seen, wanted=wanted, next_step=next_step)


def _share(one: Object, other: Object) -> bool:
    same_driver = FENCE_DRIVER.read(one) == FENCE_DRIVER.read(other)
    return bool(same_driver and {*FENCE_CIDRS.read(one)} & {*(FENCE_CIDRS.read(other) or [])})
