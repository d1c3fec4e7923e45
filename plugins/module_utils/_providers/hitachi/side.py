# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One group's Replications at one site: found by their claims, with the ReplicationGroups that are asked for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..._cluster.api import Api, describe
from ..._cluster.kinds import HITACHI_REPLICATION, HITACHI_REPLICATION_GROUP, PV, Kind
from ..._errors import Conflict, NotFound, Refused, Unsupported
from ..._model.plan import Group
from ..object_wait import Key
from ..ownership import GROUP_LABEL
from ..shared_reads import SharedReads
from ..site_handle import ClaimedVolume, SiteHandle
from .options import HitachiOptions, options_of
from .status import CHILDREN, CLAIM, DELETION, KNOWN_TYPES, PARENT, TYPE, Leg, owner, policy

Object = dict[str, Any]
# seconds: how old a list may be that a wait looks at, and one of all PVs
WAIT_AGE = 1.0
PV_AGE = 5.0
SHOWN = 5
REMEDY = "install the Replication Plug-in for Containers there, or correct the plan's provider"


@dataclass(frozen=True)
class Listing:
    """The Replications of a namespace, by the claim and by the ReplicationGroup that they name; or its groups by name.

    claims_of: of a group of a plan, by the names of both.
    """

    by_name: Mapping[Key, Object]
    by_claim: Mapping[Key, tuple[Object, ...]]
    by_parent: Mapping[Key, tuple[Key, ...]]
    claims_of: Mapping[tuple[str, str], tuple[Key, ...]]


def listing(items: Iterable[Object]) -> Listing:
    by_claim: dict[Key, list[Object]] = defaultdict(list)
    by_parent: dict[Key, list[Key]] = defaultdict(list)
    claims_of: dict[tuple[str, str], list[Key]] = defaultdict(list)
    by_name: dict[Key, Object] = {}
    for item in items:
        meta = item["metadata"]
        claim = (meta["namespace"], str(CLAIM.read(item) or ""))
        by_name[meta["namespace"], meta["name"]] = item
        by_claim[claim].append(item)
        by_parent[meta["namespace"], str(PARENT.read(item) or "")].append(claim)
        claims_of[owner(item), (meta.get("labels") or {}).get(GROUP_LABEL, "")].append(claim)
    return Listing(
        by_name,
        {key: tuple(items) for key, items in by_claim.items()},
        {key: tuple(claims) for key, claims in by_parent.items()},
        {key: tuple(claims) for key, claims in claims_of.items()},
    )


def handles(pvs: Iterable[Object]) -> dict[Key, str]:
    """By the claim that each volume is bound to, or meant for."""
    found = {}
    for pv in pvs:
        claim, csi = pv["spec"].get("claimRef") or {}, pv["spec"].get("csi") or {}
        if claim and csi:
            found[claim["namespace"], claim["name"]] = csi.get("volumeHandle", "")
    return found


class Reads:
    """The lists of all sites that a provider's groups share."""

    def __init__(self) -> None:
        # of both kinds: moments of one are none of another's
        self.objects: SharedReads[Listing] = SharedReads(listing, REMEDY)
        self.handles: SharedReads[dict[Key, str]] = SharedReads(handles)

    def moment(self) -> int:
        return self.objects.moment()


class Side:
    def __init__(self, group: Group, site: SiteHandle, reads: Reads) -> None:
        self.group = group
        self.site = site
        self.options: HitachiOptions = options_of(group, site.name)
        self._reads = reads

    @property
    def api(self) -> Api:
        return self.site.api

    def moment(self) -> int:
        """Now, for `legs`."""
        return self._reads.moment()

    def volumes(self) -> Sequence[ClaimedVolume]:
        return self.site.volumes(self.group) or self.site.expected(self.group)

    def keys(self, since: int | None = None) -> list[Key]:
        """The group's claims, and what a Replication that is ours replicates for one that is not here yet."""
        moment = self.moment() if since is None else since
        claims = [volume.pvc["metadata"] for volume in self.volumes()]
        mine = (self.site.plan.name, self.group.name)
        lists = (self._replications(namespace, moment) for namespace in self.site.plan.namespaces)
        waiting = [claim for found in lists for claim in found.claims_of.get(mine, ())]
        return list(dict.fromkeys([*((meta["namespace"], meta["name"]) for meta in claims), *waiting]))

    def legs(self, keys: Iterable[Key], since: int | None = None, age: float | None = None) -> list[Leg]:
        """The keys with their objects, as listed after the moment, or after now."""
        moment = self.moment() if since is None else since
        known = self._reads.handles.read(self.api, PV, None, 0, PV_AGE)
        meant = handles(volume.pv for volume in self.volumes() if volume.pv)
        found = []
        for key in keys:
            item = self._one(self._replications(key[0], moment, age).by_claim.get(key, ()), key)
            handle = known.get(key) or meant.get(key, "")
            found.append(Leg(key, item, self._parent(item, moment, age), handle))
        return found

    def existing(self, keys: Sequence[Key], tried: str, since: int | None = None) -> list[Leg]:
        if not keys:
            raise self._absent(tried, "none of its claims is here, and no Replication is the plan's")
        legs = self.legs(keys, since)
        for leg in legs:
            if leg.item is None:
                raise self._absent(tried, f"claim {leg.volume} has no Replication: another product's, or of none")
        return legs

    def covers(self, pv: Mapping[str, Any]) -> bool:
        """Whether the volume, as it is or is going to be here, is of a claim that is replicated here."""
        csi, claim = pv["spec"].get("csi") or {}, pv["spec"].get("claimRef") or {}
        if csi.get("driver") != self.options.driver or not claim:
            return False
        key = (claim["namespace"], claim["name"])
        return bool(self._replications(key[0], 0, PV_AGE).by_claim.get(key))

    def check_ours(self, legs: Sequence[Leg]) -> None:
        """P8: what is switched is of this plan alone, of no policy that switches it by itself, and nobody else's."""
        mine = {leg.key for leg in legs}
        groups = {target(leg): leg.group for leg in legs if leg.group}
        along = {of: self._of_parent(group) for of, group in groups.items()}
        for leg in legs:
            kind, key = target(leg)
            wrong = [f"it belongs to plan {owner(item)}" for item in (leg.item, leg.asked)
                     if item and owner(item) not in ("", self.site.plan.name)]  # fmt: skip
            wrong += [f"DRPolicy {name} asks it for states, too" for item in (leg.item, leg.asked)
                      if item and (name := policy(item))]  # fmt: skip
            if TYPE.read(leg.item or {}) not in KNOWN_TYPES:
                wrong.append(f"replicationType {TYPE.read(leg.item or {})}: who may write its volumes is not known")
            if DELETION.read(leg.asked):
                wrong.append("it is being deleted")
            if others := sorted("/".join(other) for other in along.get((kind, key), set()) - mine):
                wrong.append(f"it also replicates {', '.join(others[:SHOWN])}")
            if wrong:
                raise Conflict(
                    "switch the replication",
                    site=self.site.name,
                    on=describe(kind, *key),
                    seen="; ".join(wrong),
                    wanted=f"a pair of {' or '.join(KNOWN_TYPES)} for claims of group {self.group.name} alone",
                    next_step="nothing was written: correct the plans' selectors, or end what else switches it",
                )

    def refused(self, tried: str, seen: str, wanted: str, next_step: str) -> Refused:
        on = f"group {self.group.name}"
        return Refused(tried, site=self.site.name, on=on, seen=seen, wanted=wanted, next_step=next_step)

    def look_up(self, keys: Sequence[Key]) -> Callable[[], list[Leg]]:
        """Fresh enough for a wait, and never older than this call."""
        since = self.moment()
        return lambda: self.legs(keys, since, WAIT_AGE)

    def _replications(self, namespace: str, since: int, age: float | None = None) -> Listing:
        return self._reads.objects.read(self.api, HITACHI_REPLICATION, namespace, since, age)

    def _parent(self, item: Object | None, since: int, age: float | None) -> Object | None:
        name = PARENT.read(item) if item else None
        if not item or not name:
            return None
        namespace = item["metadata"]["namespace"]
        try:
            found = self._reads.objects.read(self.api, HITACHI_REPLICATION_GROUP, namespace, since, age).by_name
        except Unsupported:
            # of a version that knows no groups
            found = {}
        if (namespace, name) not in found:
            raise self._absent(
                "find what replicates the group",
                f"Replication/{namespace}/{item['metadata']['name']} names ReplicationGroup {name}, which is not there",
            )
        return found[namespace, name]

    def _of_parent(self, group: Mapping[str, Any]) -> set[Key]:
        """The claims that are switched with it."""
        meta = group["metadata"]
        key = (meta["namespace"], meta["name"])
        claims = set(self._replications(key[0], 0, PV_AGE).by_parent.get(key, ()))
        for child in CHILDREN.read_entries(group):
            item = self._replications(child["namespace"], 0, PV_AGE).by_name.get((child["namespace"], child["name"]))
            if item:
                claims.add((child["namespace"], str(CLAIM.read(item) or "")))
        return claims

    def _one(self, items: tuple[Object, ...], key: Key) -> Object | None:
        if len(items) > 1:
            names = ", ".join(sorted(item["metadata"]["name"] for item in items))
            raise self.refused(
                "find what replicates the claim",
                f"PersistentVolumeClaim/{'/'.join(key)} has {len(items)} Replications: {names}",
                "one",
                "find out which of them is the pair of its volume; nothing was written",
            )
        return items[0] if items else None

    def _absent(self, tried: str, why: str) -> NotFound:
        return NotFound(
            tried,
            site=self.site.name,
            on=f"group {self.group.name}",
            seen=why,
            next_step="make a Replication for each claim, and wait until the product has made its counterpart at the"
            " other site; then run protect while both sites answer",
        )


def target(leg: Leg) -> tuple[Kind, Key]:
    """What takes orders for the leg, and where it is."""
    meta = leg.asked["metadata"]
    kind = HITACHI_REPLICATION_GROUP if leg.group else HITACHI_REPLICATION
    return kind, (meta["namespace"], meta["name"])
