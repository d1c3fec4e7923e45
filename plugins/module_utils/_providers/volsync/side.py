# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One group's VolSync objects at one site: found by claim, made, patched, deleted, waited for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from ..._cluster.api import Api
from ..._cluster.bulk import for_each
from ..._cluster.kinds import POD, REPLICATION_DESTINATION, REPLICATION_SOURCE, Kind
from ..._cluster.waiting import wait_for
from ..._errors import Conflict, Refused
from ..._model.plan import Group
from ..._model.pod_template import named_claims
from ..._model.workload import ENDED
from ..object_wait import patient
from ..shared_reads import SharedReads
from ..site_handle import SiteHandle
from ..sure_writes import create_surely
from .objects import Object
from .options import VolsyncOptions, options_of
from .status import DESTINATION_CLAIMS, KEY_SECRET, SOURCE_CLAIM, Pair, owner
from .status import describe as describe_state

Key = tuple[str, str]
Listing = Mapping[Key, tuple[Object, ...]]
Done = TypeVar("Done")
MOVERS = "app.kubernetes.io/created-by=volsync"

# seconds; how old a list may be that a wait looks at
WAIT_AGE = 1.0
SHOWN = 3


def by_claim(items: Iterable[Object]) -> Listing:
    """The objects that write to a claim, or send it by rsync over TLS: those of other movers make backups."""
    found: dict[Key, list[Object]] = defaultdict(list)
    for item in items:
        fields = DESTINATION_CLAIMS if item["kind"] == REPLICATION_DESTINATION.kind else (SOURCE_CLAIM,)
        claims = {claim for field in fields if (claim := field.read(item))}
        if fields == (SOURCE_CLAIM,) and KEY_SECRET.read(item) is None:
            continue
        for claim in claims:
            found[item["metadata"]["namespace"], claim].append(item)
    return {key: tuple(of_claim) for key, of_claim in found.items()}


class Side:
    """Without claims at a site there is nothing that could be made there: VolSync reaches a volume by its claim."""

    def __init__(self, group: Group, site: SiteHandle, reads: SharedReads[Listing]) -> None:
        self.group = group
        self.site = site
        self.options: VolsyncOptions = options_of(group, site.name)
        self._reads = reads

    @property
    def api(self) -> Api:
        return self.site.api

    def keys(self) -> list[Key]:
        found = (item.pvc["metadata"] for item in self.site.volumes(self.group))
        return [(meta["namespace"], meta["name"]) for meta in found]

    def moment(self) -> int:
        """Now, for `pairs`."""
        return self._reads.moment()

    def pairs(
        self, keys: Sequence[Key] | None = None, since: int | None = None, age: float | None = None
    ) -> list[Pair]:
        """Of these claims, or of all that are here, as listed after the moment, or after now."""
        keys = self.keys() if keys is None else keys
        moment = self._reads.moment() if since is None else since
        lists = {
            (kind, namespace): self._reads.read(self.api, kind, namespace, moment, age)
            for namespace in dict.fromkeys(key[0] for key in keys)
            for kind in (REPLICATION_SOURCE, REPLICATION_DESTINATION)
        }
        return [_pair(key, lists) for key in keys]

    def check_ours(self, pairs: Iterable[Pair]) -> None:
        """P8: what we did not make is not taken over."""
        for pair in pairs:
            strange = [
                f"{item['kind']}/{pair.volume} belongs to {f'plan {owner(item)}' if owner(item) else 'somebody else'}"
                for item in (pair.source, pair.destination)
                if item and owner(item) != self.site.plan.name
            ]
            strange += [f"{name} uses the claim, too" for name in pair.others]
            if strange:
                raise Conflict(
                    "take over what replicates the claim",
                    site=self.site.name,
                    on=f"PersistentVolumeClaim/{pair.volume}",
                    seen="; ".join(strange),
                    wanted="no other writer or sender than the objects of this plan",
                    next_step="it was not touched: find out whose it is; correct the plan, or delete that object",
                )

    def create(self, kind: Kind, bodies: Iterable[Object]) -> None:
        self.each(bodies, partial(create_surely, self.api, kind))

    def patch(self, kind: Kind, pairs: Iterable[Pair], body: Callable[[Pair], Object]) -> None:
        self.each(pairs, lambda pair: self.api.patch(kind, pair.claim[1], pair.claim[0], body(pair)))

    def delete(self, kind: Kind, items: Iterable[Object]) -> None:
        def end(item: Object) -> None:
            meta = item["metadata"]
            self.api.delete(kind, meta["name"], meta["namespace"], meta["uid"])

        self.each(items, end)

    def each(self, items: Iterable[Done], verb: Callable[[Done], Any]) -> None:
        """In parallel. Some may fail: then all are tried, and the first failure is raised."""
        for _item, error in for_each(items, verb).failed:
            raise error

    def settle(self, keys: Sequence[Key], done: Callable[[Pair], bool], tried: str, hint: str) -> None:
        """Wait until all pairs are; an API server that does not answer meanwhile is waited for, too."""
        since = self._reads.moment()

        def look() -> tuple[bool, str]:
            pairs = self.pairs(keys, since, WAIT_AGE)
            left = [pair for pair in pairs if not done(pair)]
            return not left, told(left, len(pairs))

        if keys:
            on = f"group {self.group.name}"
            wait_for(self.api.clock, self.options.timeout, patient(look), tried, self.site.name, on, hint)

    def await_no_mover(self, keys: Sequence[Key]) -> None:
        """P1: what VolSync has been told to stop goes on until its pod is gone."""
        wanted = set(keys)

        def look() -> tuple[bool, str]:
            left = [
                f"Pod/{namespace}/{pod['metadata']['name']}"
                for namespace in sorted({key[0] for key in wanted})
                for pod in self.api.list(POD, namespace, labels=MOVERS)
                if pod.get("status", {}).get("phase") not in ENDED
                and any((namespace, name) in wanted for name in named_claims(pod["spec"]))
            ]
            return not left, f"{len(left)} still there: {', '.join(left[:SHOWN])}"

        if wanted:
            tried = f"wait until nothing writes to the claims of group {self.group.name}"
            hint = "look at the pod, and whether VolSync's operator runs; then start again"
            wait_for(
                self.api.clock, self.options.timeout, patient(look), tried, self.site.name, "movers of VolSync", hint
            )

    def refused(self, tried: str, seen: str, wanted: str, next_step: str) -> Refused:
        on = f"group {self.group.name}"
        return Refused(tried, site=self.site.name, on=on, seen=seen, wanted=wanted, next_step=next_step)


def owned(pairs: Iterable[Pair], plan: str) -> dict[Kind, list[Object]]:
    """By kind what the plan has made."""
    found: dict[Kind, list[Object]] = {REPLICATION_SOURCE: [], REPLICATION_DESTINATION: []}
    for pair in pairs:
        for kind, item in ((REPLICATION_SOURCE, pair.source), (REPLICATION_DESTINATION, pair.destination)):
            if item and owner(item) == plan:
                found[kind].append(item)
    return found


def told(left: Sequence[Pair], of: int) -> str:
    """What is not done yet, in words."""
    words = [
        f"{item['kind']}/{pair.volume}: {describe_state(item)}"
        for pair in left[:SHOWN]
        for item in (pair.source, pair.destination)
        if item
    ]
    more = [f"and {len(left) - SHOWN} more"] if len(left) > SHOWN else []
    return "; ".join([f"{of - len(left)} of {of} are", *words, *more])


def _pair(key: Key, lists: Mapping[tuple[Kind, str], Listing]) -> Pair:
    of_claim = {kind: lists[kind, key[0]].get(key, ()) for kind in (REPLICATION_SOURCE, REPLICATION_DESTINATION)}
    ours = {kind: next((item for item in found if item["metadata"]["name"] == key[1]), None)
            for kind, found in of_claim.items()}  # fmt: skip
    others = tuple(
        f"{kind.kind}/{key[0]}/{item['metadata']['name']}"
        for kind, found in of_claim.items()
        for item in found
        if item["metadata"]["name"] != key[1]
    )
    return Pair(key, ours[REPLICATION_SOURCE], ours[REPLICATION_DESTINATION], others)
