# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A group at one site: which images it has there, and what the cluster says of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from .._errors import DrError, NotFound, Refused
from .._model.plan import Group
from .ceph_rbd_cluster import Cluster, Seen
from .ceph_rbd_images import Image, at_peer, images_of
from .ceph_rbd_options import RbdOptions
from .ceph_rbd_status import is_split_brain
from .site_handle import SiteHandle

NAMED = 5


class Members:
    """Images of groups, from the PVs of a site; from the other site's where these do not show all of them.

    Made for one call: a site whose API server was silent is not asked again for the next group.
    """

    def __init__(self, sites: Mapping[str, SiteHandle]) -> None:
        self._sites = sites
        self._silent: set[str] = set()

    def images(self, group: Group, site: str) -> set[Image]:
        pool = RbdOptions.read(group, site).pool
        found, complete = self._listed(group, site)
        if not complete:
            for peer in self._sites:
                if peer != site:
                    found |= at_peer(self._listed(group, peer)[0], pool)
        return found

    def _listed(self, group: Group, site: str) -> tuple[set[Image], bool]:
        """And whether every claim there has a volume."""
        if site in self._silent:
            return set(), False
        try:
            volumes = self._sites[site].volumes(group)
        except DrError:
            # its cluster may well answer: the other site's volumes name the same images
            self._silent.add(site)
            return set(), False
        complete = bool(volumes) and all(item.pv for item in volumes)
        return images_of(volumes, RbdOptions.read(group, site).pool), complete


@dataclass(frozen=True)
class Side:
    """A group at a site, as it was seen."""

    group: Group
    site: str
    options: RbdOptions
    cluster: Cluster
    images: frozenset[Image]
    seen: Seen

    @property
    def on(self) -> str:
        return f"group {self.group.name}"

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

    def only(self, image: Image) -> Side:
        return replace(self, images=frozenset([image]))

    def state(self, image: Image) -> str:
        """In words, as rbd-mirror says it."""
        facts = self.seen.images.get(image)
        if facts is None:
            return "absent"
        if not self.is_mirrored(image):
            return "not mirrored"
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
    """Looks at groups at sites."""

    def __init__(self, sites: Mapping[str, SiteHandle]) -> None:
        self._sites = sites

    def cluster(self, group: Group, site: str) -> Cluster:
        return Cluster(site, RbdOptions.read(group, site).access, self._sites[site].run)

    def peer(self, site: str) -> str:
        return next(name for name in self._sites if name != site)

    def look(self, group: Group, site: str, tried: str, history: bool = False) -> Side:
        """Refused when nobody shows the group's images."""
        options = RbdOptions.read(group, site)
        images = Members(self._sites).images(group, site)
        if not images:
            raise NotFound(
                tried,
                site=site,
                on=f"group {group.name}",
                seen="no site shows a bound PersistentVolume of the group",
                wanted="the PersistentVolumes that name its images",
                next_step="label its claims (playbook protect), or restore its PersistentVolumes here first",
            )
        cluster = self.cluster(group, site)
        return Side(group, site, options, cluster, frozenset(images), cluster.look(images, history))


def some(images: Iterable[Image], words: Callable[[Image], Any] = str) -> str:
    """The first of them, and how many more there are."""
    listed = [str(words(image)) for image in sorted(images)]
    more = f" and {len(listed) - NAMED} more" if len(listed) > NAMED else ""
    return ", ".join(listed[:NAMED]) + more
