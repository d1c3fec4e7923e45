# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One group's TridentMirrorRelationships at one site: found, matched with its claims, written, waited for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from ..._cluster.api import Api, describe
from ..._cluster.bulk import for_each
from ..._cluster.kinds import TRIDENT_MIRROR_RELATIONSHIP
from ..._errors import Conflict, Refused
from ..._model.plan import Group
from ..csi_addons.objects import is_adopted
from ..object_wait import Awaited, Key, await_absent, settle
from ..ownership import GROUP_LABEL
from ..shared_reads import SharedReads
from ..site_handle import SiteHandle
from ..sure_writes import create_surely
from .objects import NO_HANDOVER, look_patch, relationship, release_patch, spec_patch
from .options import TridentOptions, options_of
from .status import (
    ASKED,
    IN_WORDS,
    POLICY,
    SCHEDULE,
    Goal,
    claim_of,
    condition,
    is_current,
    is_stuck,
    judge,
    owner,
    settings,
)
from .status import describe as describe_state

Object = dict[str, Any]
# seconds; how old a list may be that a wait looks at
WAIT_AGE = 1.0
HINT = "look at the object's status and events, and at the log of trident-controller; then start again"


@dataclass(frozen=True)
class Listing:
    """The relationships of a namespace, by name and by the claim that they name. claims_of: of a plan's group."""

    by_name: Mapping[Key, Object]
    by_claim: Mapping[Key, tuple[Object, ...]]
    claims_of: Mapping[tuple[str, str], Sequence[Key]]


def listing(items: Iterable[Object]) -> Listing:
    by_name, by_claim, claims_of = {}, defaultdict(list), defaultdict(list)
    for item in items:
        meta = item["metadata"]
        claim = (meta["namespace"], claim_of(item))
        by_name[meta["namespace"], meta["name"]] = item
        by_claim[claim].append(item)
        claims_of[owner(item), (meta.get("labels") or {}).get(GROUP_LABEL, "")].append(claim)
    return Listing(by_name, {key: tuple(found) for key, found in by_claim.items()}, claims_of)


@dataclass(frozen=True)
class Mirror:
    """A claim with its relationship. key: namespace and the claim's name, the same at both sites."""

    key: Key
    item: Object | None

    @property
    def volume(self) -> str:
        return "/".join(self.key)

    @property
    def object_key(self) -> Key:
        return (self.key[0], self.item["metadata"]["name"]) if self.item else self.key


class Side:
    def __init__(self, group: Group, site: SiteHandle, reads: SharedReads[Listing]) -> None:
        self.group = group
        self.site = site
        self.options: TridentOptions = options_of(group, site.name)
        self._reads = reads

    @property
    def api(self) -> Api:
        return self.site.api

    def keys(self) -> list[Key]:
        """The group's claims at this site."""
        claims = [item.pvc["metadata"] for item in self.site.volumes(self.group)]
        return [(meta["namespace"], meta["name"]) for meta in claims]

    def mirrors(self, since: int | None = None) -> list[Mirror]:
        """Of this site's claims, and what we made for claims that are not here yet; listed after the moment, or now."""
        moment = self._reads.moment() if since is None else since
        plan, group = self.site.plan, self.group.name
        lists = [self._list(namespace, moment) for namespace in plan.namespaces]
        waiting = [claim for found in lists for claim in found.claims_of.get((plan.name, group), ())]
        return self.matched(dict.fromkeys([*self.keys(), *waiting]), moment)

    def matched(self, keys: Iterable[Key], since: int | None = None) -> list[Mirror]:
        """The keys with their objects here. Two relationships of one claim are refused: they would contradict."""
        moment = self._reads.moment() if since is None else since
        return [Mirror(key, self._object_of(self._list(key[0], moment).by_claim, key)) for key in keys]

    def ours(self) -> list[Mirror]:
        return [mirror for mirror in self.mirrors() if mirror.item and owner(mirror.item) == self.site.plan.name]

    def check_ours(self, mirrors: Iterable[Mirror], follower: bool = False) -> None:
        """P8: what we did not make is taken over only if it belongs to nobody and mirrors as the plan says."""
        for mirror in mirrors:
            if mirror.item is None:
                continue
            plan = owner(mirror.item)
            wrong = [] if plan in ("", self.site.plan.name) else [f"it belongs to plan {plan}"]
            if follower:
                wanted = {POLICY: self.options.policy, SCHEDULE: self.options.schedule}
                wrong += [
                    f"{field.path} is {seen}, wanted {wanted[field]}: Trident changes none"
                    for field, seen in settings(mirror.item).items()
                    if wanted[field] and seen not in ("", wanted[field])
                ]
            if wrong:
                raise Conflict(
                    "take over what mirrors the volume",
                    site=self.site.name,
                    on=describe(TRIDENT_MIRROR_RELATIONSHIP, *mirror.object_key),
                    seen="; ".join(wrong),
                    wanted="absent, or as the plan has it",
                    next_step="it was not touched: find out whose it is; correct the plan, or end that mirror",
                )

    def ask(
        self,
        mirrors: Sequence[Mirror],
        spec_of: Callable[[Mirror], Object],
        handovers: Mapping[Key, Object] = MappingProxyType({}),
    ) -> list[Mirror]:
        """Create or patch the relationships in parallel; with what the server stored. handovers: see `handover`.

        Some may fail: then all are tried, and the first failure is raised.
        """
        mirrors = self.awakened(mirrors, spec_of)

        def ask(mirror: Mirror) -> Mirror:
            spec = spec_of(mirror)
            plan, group = self.site.plan.name, self.group.name
            if mirror.item is None:
                body = relationship(plan, group, *mirror.key, spec)
                return replace(mirror, item=create_surely(self.api, TRIDENT_MIRROR_RELATIONSHIP, body))
            noted = handovers.get(mirror.key, NO_HANDOVER)
            patch = spec_patch(plan, group, spec, noted, adopted=not owner(mirror.item))
            return self._patched(mirror, patch)

        return self._each(mirrors, ask)

    def settle(self, mirrors: Sequence[Mirror], goal: Goal) -> None:
        wanted = {mirror.object_key: mirror.item["metadata"]["generation"] for mirror in mirrors if mirror.item}
        tried = f"wait until group {self.group.name} is {IN_WORDS[goal]}"
        awaited = Awaited(IN_WORDS[goal], lambda item, generation: judge(item, goal, generation), HINT)
        look_up, seconds = self._look_up(mirrors), self.options.timeout
        settle(self.api, TRIDENT_MIRROR_RELATIONSHIP, wanted, awaited, look_up, seconds, tried)

    def delete(self, mirrors: Sequence[Mirror]) -> None:
        """What we adopted is given back in place of a deletion. A deletion breaks the mirror and keeps the data."""

        def end(mirror: Mirror) -> Mirror:
            if mirror.item and is_adopted(mirror.item):
                return self._patched(mirror, release_patch())
            if mirror.item:
                namespace, name = mirror.object_key
                self.api.delete(TRIDENT_MIRROR_RELATIONSHIP, name, namespace, mirror.item["metadata"]["uid"])
            return mirror

        self._each(mirrors, end)
        gone = [mirror.object_key for mirror in mirrors if mirror.item and not is_adopted(mirror.item)]
        tried = f"end the mirrors of group {self.group.name}"
        look_up = self._look_up(mirrors)
        await_absent(self.api, TRIDENT_MIRROR_RELATIONSHIP, gone, look_up, self.options.timeout, tried, HINT)

    def refused(self, tried: str, mirror: Mirror | None, seen: str, wanted: str, next_step: str) -> Refused:
        on = f"group {self.group.name}" + (f", {mirror.volume}" if mirror else "")
        return Refused(tried, site=self.site.name, on=on, seen=seen, wanted=wanted, next_step=next_step)

    def awakened(self, mirrors: Sequence[Mirror], spec_of: Callable[[Mirror], Object]) -> list[Mirror]:
        """Trident tries a failed relationship again only when its spec changes, and tells nothing of a look that ends
        in the same state: so it is brought to look first. One that was brought to look before is asked at once."""
        asleep = [
            mirror
            for mirror in mirrors
            if mirror.item
            and ASKED.read(mirror.item)
            and (is_stuck(mirror.item) or _tells_nothing(mirror.item, spec_of(mirror)))
        ]
        if not asleep:
            return list(mirrors)
        awake = {mirror.key: mirror for mirror in self._each(asleep, lambda item: self._patched(item, look_patch()))}
        self.settle(list(awake.values()), "looked at")
        return [awake.get(mirror.key, mirror) for mirror in mirrors]

    def _patched(self, mirror: Mirror, patch: Object) -> Mirror:
        namespace, name = mirror.object_key
        return replace(mirror, item=self.api.patch(TRIDENT_MIRROR_RELATIONSHIP, name, namespace, patch))

    def _each(self, mirrors: Sequence[Mirror], call: Callable[[Mirror], Mirror]) -> list[Mirror]:
        outcome = for_each(mirrors, call)
        for _mirror, error in outcome.failed:
            raise error
        return [done for _mirror, done in outcome.done]

    def _look_up(self, mirrors: Sequence[Mirror]) -> Callable[[], Mapping[Key, Object]]:
        namespaces, since = sorted({mirror.key[0] for mirror in mirrors}), self._reads.moment()

        def look() -> Mapping[Key, Object]:
            lists = [self._list(namespace, since, WAIT_AGE).by_name for namespace in namespaces]
            return {key: item for found in lists for key, item in found.items()}

        return look

    def _list(self, namespace: str, since: int, age: float | None = None) -> Listing:
        return self._reads.read(self.api, TRIDENT_MIRROR_RELATIONSHIP, namespace, since, age)

    def _object_of(self, found: Mapping[Key, tuple[Object, ...]], key: Key) -> Object | None:
        items = found.get(key, ())
        if len(items) > 1:
            names = ", ".join(sorted(item["metadata"]["name"] for item in items))
            raise self.refused(
                "find what mirrors the claim",
                None,
                f"PersistentVolumeClaim/{'/'.join(key)} has {len(items)} TridentMirrorRelationships: {names}",
                "one",
                "delete the one that is too much; the deletion breaks its mirror",
            )
        return items[0] if items else None


def _tells_nothing(item: Object, spec: Object) -> bool:
    """Whether it is in the state already, since before it was asked last. Of a look that changes it Trident tells."""
    return bool(condition(item).state == spec.get("state")) and not is_current(item)


def shown(mirror: Mirror) -> str:
    """The relationship's state in words, for messages."""
    return describe_state(mirror.item) if mirror.item else "no TridentMirrorRelationship"
