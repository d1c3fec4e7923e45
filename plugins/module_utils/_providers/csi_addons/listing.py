# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The replication objects of a namespace, and what is switched of them at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..object_wait import Key
from .status import SOURCE_KIND, SOURCE_NAME

Object = dict[str, Any]


@dataclass(frozen=True)
class Listing:
    """The replication objects of a namespace, by name and by the source that they replicate."""

    by_name: Mapping[Key, Object]
    by_source: Mapping[Key, tuple[Object, ...]]


def listing(items: Iterable[Object]) -> Listing:
    by_name, by_source = {}, defaultdict(list)
    for item in items:
        key = (item["metadata"].get("namespace", ""), item["metadata"]["name"])
        by_name[key] = item
        # a VolumeReplication of a group is the group controller's affair
        if SOURCE_KIND.read(item) == "PersistentVolumeClaim":
            by_source[key[0], SOURCE_NAME.read(item)].append(item)
    return Listing(by_name, {key: tuple(found) for key, found in by_source.items()})


@dataclass(frozen=True)
class Unit:
    """What is switched at once: a claim with its VolumeReplication, or a namespace with its VolumeGroupReplication.

    key: namespace, and the claim's or the group object's name. It is the same at both sites.
    """

    key: Key
    item: Object | None

    @property
    def volume(self) -> str:
        return "/".join(self.key)

    @property
    def object_key(self) -> Key:
        return (self.key[0], self.item["metadata"]["name"]) if self.item else self.key
