# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The classes that the options name, at one site: with its class absent an object is neither switched nor deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._cluster.kinds import Kind
from ..._errors import Refused
from ..._model.plan import Group
from ..object_wait import Key
from ..shared_reads import SharedReads
from ..site_handle import ClaimedVolume, SiteHandle
from .listing import Listing
from .status import PROVISIONER

Object = dict[str, Any]
# seconds; how old their list may be: they are made by hand
AGE = 5.0


class Classes:
    def __init__(self, group: Group, site: SiteHandle, reads: SharedReads[Listing]) -> None:
        self._group = group
        self._site = site
        self._reads = reads

    def find(self, kind: Kind, name: str) -> Object | None:
        return self._all(kind).get(("", name))

    def check(self, kind: Kind, name: str) -> None:
        """It is there, and of the driver of the group's volumes."""
        found = self._all(kind)
        if ("", name) not in found:
            there = ", ".join(sorted(other for _none, other in found)) or "none"
            raise self._refused(
                f"find the {kind.kind}",
                f"{name} is absent; there is: {there}",
                name,
                "create it, or correct the options",
            )
        drivers = {_driver(item) for item in self._site.volumes(self._group)}
        provisioner = PROVISIONER.read(found["", name])
        if wrong := drivers - {provisioner}:
            raise self._refused(
                f"use the {kind.kind} {name}",
                f"volumes of {', '.join(sorted(wrong))}",
                f"volumes of its provisioner, {provisioner}",
                "correct the options, or the group's selector",
            )

    def _all(self, kind: Kind) -> Mapping[Key, Object]:
        return self._reads.read(self._site.api, kind, None, 0, AGE).by_name

    def _refused(self, tried: str, seen: str, wanted: str, next_step: str) -> Refused:
        on = f"group {self._group.name}"
        return Refused(tried, site=self._site.name, on=on, seen=seen, wanted=wanted, next_step=next_step)


def _driver(volume: ClaimedVolume) -> str:
    if volume.pv is None:
        return f"(claim {volume.claim} is not bound)"
    csi = volume.pv["spec"].get("csi")
    return csi["driver"] if csi else f"(PersistentVolume {volume.pv['metadata']['name']} is not of a CSI driver)"
