# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One group's DellCSIReplicationGroup at one site: found by its volumes, and compared with its counterpart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..._cluster.api import Api, describe
from ..._cluster.kinds import DELL_REPLICATION_GROUP, PV
from ..._errors import Conflict, NotFound, Refused
from ..._model.plan import Group
from ..shared_reads import SharedReads
from ..site_handle import ClaimedVolume, SiteHandle
from .objects import GROUP_OF_PV
from .options import timeout_of
from .status import DRIVER, LOCAL_ID, REMOTE_ID, owner, remote_name

Object = dict[str, Any]
# seconds: how old a list may be that a wait looks at, and one of all PVs
WAIT_AGE = 1.0
PV_AGE = 5.0
SHOWN = 5
REMEDY = "install CSM Replication with its definitions (v1) there, or correct the plan's provider"


@dataclass(frozen=True)
class Marked:
    """PVs by the product's label. groups: name of a PV to its group, empty without one. names, handles: by group."""

    groups: Mapping[str, str]
    names: Mapping[str, frozenset[str]]
    handles: Mapping[str, frozenset[tuple[str, str]]]


def marked(pvs: Iterable[Object]) -> Marked:
    groups: dict[str, str] = {}
    names, handles = defaultdict(set), defaultdict(set)
    for pv in pvs:
        name = pv["metadata"]["name"]
        group = (pv["metadata"].get("labels") or {}).get(GROUP_OF_PV, "")
        groups[name] = group
        names[group].add(name)
        handles[group].add(_handle(pv))
    return Marked(
        groups,
        {group: frozenset(found) for group, found in names.items()},
        {group: frozenset(found) for group, found in handles.items()},
    )


def by_name(items: Iterable[Object]) -> dict[str, Object]:
    return {item["metadata"]["name"]: item for item in items}


class Reads:
    """The lists of all sites that a provider's groups share."""

    def __init__(self) -> None:
        self.groups: SharedReads[dict[str, Object]] = SharedReads(by_name, REMEDY)
        self.volumes: SharedReads[Marked] = SharedReads(marked)

    def moment(self) -> int:
        return self.groups.moment()


class Side:
    def __init__(self, group: Group, site: SiteHandle, reads: Reads) -> None:
        self.group = group
        self.site = site
        self.timeout = timeout_of(group, site.name)
        self._reads = reads

    @property
    def api(self) -> Api:
        return self.site.api

    def named(self, name: str, since: int | None = None, age: float | None = None) -> Object:
        item = self._groups(since, age).get(name)
        if item is None:
            raise self.absent(f"{DELL_REPLICATION_GROUP.kind}/{name} is absent: the relationship was deleted")
        return item

    def counterpart(self, item: Object, since: int | None = None) -> Object:
        """Of the other site's object: here, under the name that the other one notes."""
        name = remote_name(item)
        if not name:
            raise self.absent(f"{item['metadata']['name']} at the other site names no counterpart yet")
        here = self.named(name, since)
        pairs = ((LOCAL_ID, REMOTE_ID), (REMOTE_ID, LOCAL_ID), (DRIVER, DRIVER))
        wrong = [
            f"{mine.path} is {mine.read(here)}, {theirs.path} there {theirs.read(item)}"
            for mine, theirs in pairs
            if mine.read(here) != theirs.read(item)
        ]
        if wrong or remote_name(here) not in ("", item["metadata"]["name"]):
            raise Conflict(
                "match the two ends of the replication",
                site=self.site.name,
                on=describe(DELL_REPLICATION_GROUP, None, name),
                seen="; ".join(wrong) or f"its counterpart is {remote_name(here)}",
                wanted=f"the other end of {item['metadata']['name']}",
                next_step="nothing was written: find out which pair replicates the group's volumes",
            )
        return here

    def check_ours(self, item: Object) -> None:
        """P8: a switch takes all volumes of the product's group along, so all of them must be of the plan's group."""
        name = item["metadata"]["name"]
        on = describe(DELL_REPLICATION_GROUP, None, name)
        if owner(item) not in ("", self.site.plan.name):
            raise Conflict(
                "switch the replication group",
                site=self.site.name,
                on=on,
                seen=f"it belongs to plan {owner(item)}",
                wanted=f"a group of plan {self.site.plan.name} alone",
                next_step="correct the plans' selectors: what is switched together belongs to one group of one plan",
            )
        mine = {volume.pv["metadata"]["name"] for volume in self._volumes() if volume.pv}
        others = sorted(self._marked().names.get(name, frozenset()) - mine)
        if mine and others:
            more = f" and {len(others) - SHOWN} more" if len(others) > SHOWN else ""
            raise self.refused(
                "switch the replication group",
                f"{on} also replicates {', '.join(others[:SHOWN])}{more}",
                f"no volume but those of group {self.group.name}: they would switch too",
                "select them with the group, or give them a replication group of their own",
            )

    def holds(self, name: str, pv: Mapping[str, Any]) -> bool:
        """Whether a volume, as it is or is going to be here, is one of the product's group of that name."""
        return _handle(pv) in self._marked().handles.get(name, frozenset())

    def is_replicated(self, pv: Mapping[str, Any]) -> bool:
        """Whether it is one of any group of the product's."""
        return any(name and _handle(pv) in handles for name, handles in self._marked().handles.items())

    def look_up(self, name: str) -> Callable[[], Object]:
        """Fresh enough for a wait, and never older than this call."""
        since = self._reads.moment()
        return lambda: self.named(name, since, WAIT_AGE)

    def lead(self) -> str:
        """Name of what replicates the group's volumes here, by their label; empty where there are no volumes.

        Claims of two products, or of two groups of one, are refused: they do not switch role together.
        """
        names: dict[str, str] = {}
        for volume in self._volumes():
            if volume.pv is None:
                raise self.absent(f"claim {volume.claim} is not bound")
            names.setdefault(self._marked().groups.get(volume.pv["metadata"]["name"], ""), volume.claim)
        if len(names) > 1:
            shown = ", ".join(f"{claim}: {name or 'none'}" for name, claim in sorted(names.items())[:SHOWN])
            raise self.refused(
                "find what replicates the group",
                f"its volumes are of {len(names)} replication groups ({shown})",
                f"one {DELL_REPLICATION_GROUP.kind} for all of them",
                "make a group of the plan for each; a volume without one is not replicated by Dell CSM",
            )
        if "" in names:
            raise self.absent(f"the volume of claim {names['']} has no label {GROUP_OF_PV}")
        return next(iter(names), "")

    def refused(self, tried: str, seen: str, wanted: str, next_step: str) -> Refused:
        on = f"group {self.group.name}"
        return Refused(tried, site=self.site.name, on=on, seen=seen, wanted=wanted, next_step=next_step)

    def _volumes(self) -> Sequence[ClaimedVolume]:
        return self.site.volumes(self.group) or self.site.expected(self.group)

    def _marked(self) -> Marked:
        """As the PVs are here: a manifest of a capture has no label of the product's."""
        return self._reads.volumes.read(self.api, PV, None, 0, PV_AGE)

    def _groups(self, since: int | None, age: float | None = None) -> dict[str, Object]:
        return self._reads.groups.read(self.api, DELL_REPLICATION_GROUP, None, since, age)

    def absent(self, why: str) -> NotFound:
        return NotFound(
            "find what replicates the group",
            site=self.site.name,
            on=f"group {self.group.name}",
            seen=why,
            next_step="provision its volumes by a StorageClass with replication enabled, and wait until Dell's"
            " controller has made the group and the PVs at both sites",
        )


def _handle(pv: Mapping[str, Any]) -> tuple[str, str]:
    csi = pv["spec"].get("csi") or {}
    return csi.get("driver", ""), csi.get("volumeHandle", "")
