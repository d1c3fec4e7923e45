# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A group at one site: which images it has there, and what the cluster says of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from ..._errors import DrError, NotFound, Refused
from ..._model.plan import Group
from ..site_handle import SiteHandle
from .cluster import Cluster, Failures
from .images import Image, at_peer, images_of
from .options import RbdOptions
from .seen import Seen
from .status import is_split_brain

NAMED = 5


class Members:
    """Images of groups, from the PVs of a site; from the other site's where these do not show all of them; where there
    are none at all, from those that a run is going to make.

    Made for one call: a site whose API server was silent is not asked again for the next group.
    """

    def __init__(self, sites: Mapping[str, SiteHandle]) -> None:
        self._sites = sites
        self._failed: dict[str, DrError] = {}

    @property
    def failures(self) -> str:
        """Why sites' volumes could not be listed; empty where all could."""
        return "; ".join(map(str, self._failed.values()))

    def images(self, group: Group, site: str) -> set[Image]:
        pool = RbdOptions.read(group, site).pool
        found, complete = self._listed(group, site)
        if not complete:
            for peer in self._sites:
                if peer != site:
                    found |= at_peer(self._listed(group, peer)[0], pool)
        return found or images_of(self._sites[site].expected(group), pool)

    def images_of_both(self, group: Group, site: str, peer: str) -> set[Image]:
        """As they are called at the site."""
        own = self.images(group, site)
        named = {(image.namespace, image.name) for image in own}
        theirs = at_peer(self.images(group, peer), RbdOptions.read(group, site).pool)
        return own | {image for image in theirs if (image.namespace, image.name) not in named}

    def _listed(self, group: Group, site: str) -> tuple[set[Image], bool]:
        """And whether every claim there has a volume."""
        if site in self._failed:
            return set(), False
        try:
            volumes = self._sites[site].volumes(group)
        except DrError as error:
            # its cluster may well answer: the other site's volumes name the same images
            self._failed[site] = error
            return set(), False
        complete = bool(volumes) and all(item.pv for item in volumes)
        return images_of(volumes, RbdOptions.read(group, site).pool), complete


@dataclass(frozen=True)
class Side:
    """Groups at a site, as they were seen; one by one or, where their options are the same, many as one.

    members: by the group's name.
    """

    members: Mapping[str, frozenset[Image]]
    site: str
    options: RbdOptions
    cluster: Cluster
    images: frozenset[Image]
    seen: Seen

    @property
    def on(self) -> str:
        more = f" and {len(self.members) - NAMED} more" if len(self.members) > NAMED else ""
        return f"group {', '.join(list(self.members)[:NAMED])}{more}"

    @property
    def primaries(self) -> list[Image]:
        return [image for image in sorted(self.images) if self.is_primary(image)]

    @property
    def others(self) -> list[Image]:
        return [image for image in sorted(self.images) if not self.is_primary(image)]

    def is_primary(self, image: Image) -> bool:
        return self.is_mirrored(image) and bool(self.seen.images[image]["mirror"]["primary"])

    def is_mirrored(self, image: Image) -> bool:
        mirror = self.seen.images.get(image, {}).get("mirror")
        return mirror is not None and mirror["state"] == "enabled"

    def is_in_between(self, image: Image) -> bool:
        """Whether rbd-mirror is making or removing it."""
        mirror = self.seen.images.get(image, {}).get("mirror")
        return mirror is not None and mirror["state"] in ("creating", "disabling")

    def splits(self) -> list[Image]:
        """Images that rbd-mirror here calls split-brain."""
        known = self.seen.images
        return [
            image for image in sorted(self.images) if self.is_mirrored(image) and is_split_brain(known[image]["status"])
        ]

    def uuid(self, image: Image) -> str:
        return self.seen.pool_of(image).mirror_uuid

    def again(self, history: bool = True) -> Side:
        return replace(self, seen=self.cluster.look(self.images, history))

    def switch(
        self, verb: str, images: Iterable[Image], within: int, not_yet: Iterable[int] = ()
    ) -> tuple[Failures, Side]:
        """Do a verb on some of the images; those that failed, and all of them as they are then."""
        failed, seen = self.cluster.switch(verb, images, self.images, within, not_yet)
        return failed, replace(self, seen=seen)

    def of(self, group: str) -> Side:
        """One of the groups, as it was seen with the others."""
        return replace(self, members={group: self.members[group]}, images=self.members[group])

    def only(self, image: Image) -> Side:
        return self.narrowed([image])

    def narrowed(self, images: Iterable[Image]) -> Side:
        return replace(self, images=frozenset(images))

    def state(self, image: Image) -> str:
        """In words, as rbd-mirror says it."""
        facts = self.seen.images.get(image)
        if facts is None:
            return "absent"
        if not self.is_mirrored(image):
            return f"mirroring is {facts['mirror']['state']}" if "mirror" in facts else "not mirrored"
        status = facts["status"]
        return f"{'up' if status['up'] else 'down'}+{status['state']}, {status['description']}"

    def check_all_mirrored(self, tried: str) -> None:
        """Before the first image is switched, all of them must be there."""
        absent = [image for image in sorted(self.images) if image not in self.seen.images]
        if absent:
            raise NotFound(
                tried,
                site=self.site,
                on=self.on,
                seen=f"no image {some(absent)}",
                wanted=f"all {len(self.images)} images of the group",
                next_step="nothing was changed: look at its PersistentVolumes and at `rbd ls`, or enable the group",
            )
        plain = [image for image in sorted(self.images) if not self.is_mirrored(image)]
        if plain:
            raise Refused(
                tried,
                site=self.site,
                on=self.on,
                seen=f"mirroring is not enabled for {some(plain)}",
                wanted=f"all {len(self.images)} images of the group mirrored",
                next_step="nothing was changed: enable replication (playbook protect), then start again",
            )


class Sides:
    """Looks at groups at sites. patience: see `Cluster`."""

    def __init__(self, sites: Mapping[str, SiteHandle], patience: float) -> None:
        self._sites = sites
        self._patience = patience

    def cluster(self, group: Group, site: str) -> Cluster:
        there = self._sites[site]
        access = RbdOptions.read(group, site).access
        return Cluster(site, access, there.run, self._patience, foretells=there.foretells)

    def peer(self, site: str) -> str:
        return next(name for name in self._sites if name != site)

    def look(self, groups: Sequence[Group], site: str, tried: str, history: bool = False) -> Side:
        """Refused when nobody shows a group's images. The groups' options are the same at this site."""
        known = Members(self._sites)
        members = {group.name: frozenset(known.images(group, site)) for group in groups}
        return self._unseen(groups, site, members, tried, known.failures).again(history)

    def look_at(self, group: Group, site: str, images: Iterable[Image], tried: str) -> Side:
        """Images of a group, whatever volumes show; with history."""
        return self._unseen([group], site, {group.name: frozenset(images)}, tried).again()

    def look_both(self, groups: Sequence[Group], site: str, tried: str) -> tuple[Side, Side]:
        """At the site and at its peer, with history: the images of both, as one may show only those of an old stay."""
        known, peer = Members(self._sites), self.peer(site)

        def side(at: str, other: str) -> Side:
            members = {group.name: frozenset(known.images_of_both(group, at, other)) for group in groups}
            return self._unseen(groups, at, members, tried, known.failures)

        return again_both(side(site, peer), side(peer, site))

    def at_peer(self, side: Side, group: Group, tried: str) -> Side:
        """The same images at the other site."""
        peer = self.peer(side.site)
        members = {group.name: frozenset(at_peer(side.images, RbdOptions.read(group, peer).pool))}
        return self._unseen([group], peer, members, tried).again(history=False)

    def _unseen(
        self,
        groups: Sequence[Group],
        site: str,
        members: Mapping[str, frozenset[Image]],
        tried: str,
        failures: str = "",
    ) -> Side:
        for name, images in members.items():
            if not images:
                raise _no_volumes(tried, site, name, failures)
        cluster, options = self.cluster(groups[0], site), RbdOptions.read(groups[0], site)
        return Side(members, site, options, cluster, frozenset().union(*members.values()), Seen({}, {}))


def _no_volumes(tried: str, site: str, group: str, failures: str) -> NotFound:
    """failures: see `Members`."""
    next_step = "label its claims (playbook protect), or restore its PersistentVolumes here first"
    return NotFound(
        tried,
        site=site,
        on=f"group {group}",
        seen="no site shows a bound PersistentVolume of the group" + (f": {failures}" if failures else ""),
        wanted="the PersistentVolumes that name its images",
        next_step=f"see that they can be listed, or {next_step}" if failures else next_step,
    )


def again_both(here: Side, there: Side, history: bool = True) -> tuple[Side, Side]:
    """Both sites as they are now, asked at the same time."""
    with ThreadPoolExecutor(2) as pool:
        seen, other = pool.map(lambda side: side.again(history), (here, there))
    return seen, other


def some(images: Iterable[Image], words: Callable[[Image], Any] = str) -> str:
    """The first of them, and how many more there are."""
    listed = [str(words(image)) for image in sorted(images)]
    more = f" and {len(listed) - NAMED} more" if len(listed) > NAMED else ""
    return ", ".join(listed[:NAMED]) + more
