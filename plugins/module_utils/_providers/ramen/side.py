# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One group's VolumeReplicationGroup at one site, which Ramen makes there under the DRPlacementControl's name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..._cluster.api import Api, describe
from ..._cluster.kinds import PVC, RAMEN_VOLUME_GROUP
from ..._errors import Conflict, NotFound, Refused
from ..._model.plan import Group
from ..shared_reads import SharedReads
from ..site_handle import SiteHandle
from .options import options_of
from .status import cluster_of, protected

Object = dict[str, Any]
Key = tuple[str, str]
# seconds: how old a list may be that a wait looks at, and one that is asked for each volume
WAIT_AGE = 1.0
COVERS_AGE = 5.0
SHOWN = 5


@dataclass(frozen=True)
class Listing:
    """A site's groups, and the claims of each, by namespace and name."""

    items: Mapping[Key, Object]
    claims: Mapping[Key, frozenset[str]]


def listing(items: Iterable[Object]) -> Listing:
    found = {(item["metadata"]["namespace"], item["metadata"]["name"]): item for item in items}
    return Listing(found, {key: protected(item) for key, item in found.items()})


class Side:
    def __init__(self, group: Group, site: SiteHandle, reads: SharedReads[Listing]) -> None:
        self.group = group
        self.site = site
        self.options = options_of(group, site.name)
        self._reads = reads

    @property
    def api(self) -> Api:
        return self.site.api

    @property
    def cluster(self) -> str:
        return self.options.cluster

    def find(self, since: int | None = None, age: float | None = None) -> Object | None:
        """None where Ramen has made none here, and no claim of the group shows that it had."""
        found = self._listing(since, age)
        key = self._key(found)
        if key is not None:
            return self._of_this_cluster(found.items[key])
        if claims := self._claims():
            raise self._absent(
                f"{RAMEN_VOLUME_GROUP.kind} {self.options.name} is absent, and claim {claims[0]} is here"
            )
        return None

    def get(self) -> Object:
        item = self.find()
        if item is None:
            raise self._absent(f"no {RAMEN_VOLUME_GROUP.kind} {self.options.name} here")
        return item

    def look_up(self) -> Callable[[], Object | None]:
        """Fresh enough for a wait, and never older than this call."""
        since = self._reads.moment()
        return lambda: self.find(since, WAIT_AGE)

    def holds(self, claim: str) -> bool:
        """Whether a claim (namespace/name) is one of what Ramen protects here."""
        found = self._listing(0, COVERS_AGE)
        key = self._key(found)
        return key is not None and claim in found.claims[key]

    def left_out(self, item: Object | None) -> list[str]:
        """Claims of the group that Ramen does not protect: a new one whose labels its selector does not match."""
        return [] if item is None else sorted(set(self._claims()) - protected(item))

    def check_whole(self, item: Object) -> None:
        """P1, P8: what is moved is the group, the whole of it and nothing else."""
        on = describe(RAMEN_VOLUME_GROUP, item["metadata"]["namespace"], item["metadata"]["name"])
        if missing := self.left_out(item):
            raise self.refused(
                "move what Ramen protects",
                f"{on} does not protect {_shown(missing)}",
                f"all claims of group {self.group.name}",
                "give them the labels of the DRPlacementControl's pvcSelector, or a group of their own in the plan",
            )
        mine = set(self._claims())
        if mine and (others := sorted(protected(item) - mine)):
            raise self.refused(
                "move what Ramen protects",
                f"{on} also protects {_shown(others)}",
                f"no claim but those of group {self.group.name}: they would move too",
                "select them with the group and run protect, or protect them by a DRPlacementControl of their own",
            )

    def check_none_goes(self, item: Object) -> None:
        """P8: of a claim that is being deleted while its copy is primary, Ramen ends the replication and lets go."""
        listed = [pvc for space in self.site.plan.namespaces for pvc in self.api.list(PVC, space)]
        going = {_claim(pvc) for pvc in listed if pvc["metadata"].get("deletionTimestamp")} & protected(item)
        if going:
            raise self.refused(
                "take the relocation back",
                f"being deleted: {_shown(sorted(going))}",
                "claims that stay: Ramen would end the replication of these as soon as it is primary here again",
                "finish the relocation: remove the rest of the application here, then start the same command again",
            )

    def refused(self, tried: str, seen: str, wanted: str, next_step: str) -> Refused:
        on = f"group {self.group.name}"
        return Refused(tried, site=self.site.name, on=on, seen=seen, wanted=wanted, next_step=next_step)

    def _of_this_cluster(self, item: Object) -> Object:
        """An order to another cluster than the one that is meant would be waited for in vain, or lead elsewhere."""
        called = cluster_of(item)
        if called in ("", self.cluster):
            return item
        raise self.refused(
            "find what Ramen protects",
            f"Ramen calls this cluster {called}",
            f"{self.cluster}, as the plan has it",
            f"correct options.sites.{self.site.name}.cluster, or the kubeconfig of the site; nothing was ordered",
        )

    def _claims(self) -> list[str]:
        return [item.claim for item in self.site.volumes(self.group)]

    def _key(self, found: Listing) -> Key | None:
        """Its namespace is the hub's for discovered applications, else the application's own."""
        spaces = dict.fromkeys((self.options.namespace, *self.site.plan.namespaces))
        keys = [(space, self.options.name) for space in spaces if (space, self.options.name) in found.items]
        if len(keys) > 1:
            raise Conflict(
                "find what Ramen made of the DRPlacementControl",
                site=self.site.name,
                on=f"group {self.group.name}",
                seen=f"{len(keys)} {RAMEN_VOLUME_GROUP.kind}s of that name, in {', '.join(key[0] for key in keys)}",
                wanted="one",
                next_step="give one DRPlacementControl another name: Ramen names what it makes after it",
            )
        return keys[0] if keys else None

    def _listing(self, since: int | None, age: float | None) -> Listing:
        return self._reads.read(self.api, RAMEN_VOLUME_GROUP, None, since, age)

    def _absent(self, why: str) -> NotFound:
        return NotFound(
            "find what Ramen protects",
            site=self.site.name,
            on=f"group {self.group.name}",
            seen=why,
            next_step="look at the DRPlacementControl at the hub: Ramen's hub makes the group at each site. Or correct"
            " options.drpc and options.namespace",
        )


def _claim(pvc: Object) -> str:
    return f"{pvc['metadata']['namespace']}/{pvc['metadata']['name']}"


def _shown(claims: list[str]) -> str:
    more = f" and {len(claims) - SHOWN} more" if len(claims) > SHOWN else ""
    return f"{', '.join(claims[:SHOWN])}{more}"
