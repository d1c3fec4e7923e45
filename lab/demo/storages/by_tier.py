"""Several storages in one plan: the claims of each tier of the workload are a group on a product of its own."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from demo.cluster import Object
from demo.storages.protocol import Storage


@dataclass(frozen=True)
class Part:
    """tiers: whose claims lie there. group: its name in the plan."""

    storage: Storage
    group: str
    tiers: tuple[str, ...]


class StorageByTier:
    """Volumes are named TIER-NUMBER, as the workload names them."""

    def __init__(self, lab_options: tuple[str, ...], *parts: Part) -> None:
        self.lab_options = lab_options
        self._parts = parts
        self._of_tier: Mapping[str, Storage] = {tier: part.storage for part in parts for tier in part.tiers}

    @property
    def parts(self) -> list[Storage]:
        return [part.storage for part in self._parts]

    def of_volume(self, volume: str) -> Storage:
        return self._of_tier[volume.rpartition("-")[0]]

    def provision(self, site: dict[str, Any], peer: dict[str, Any], volumes: list[str]) -> None:
        for storage in self.parts:
            storage.provision(site, peer, [volume for volume in volumes if self.of_volume(volume) is storage])

    def replication(self, sites: dict[str, dict[str, Any]]) -> Object:
        """Each part's section becomes a group that names its own product."""
        groups = []
        for part in self._parts:
            found = copy.deepcopy(part.storage.replication(sites))
            del found["groups"]
            tiers = {"key": "tier", "operator": "In", "values": list(part.tiers)}
            groups.append({"name": part.group, "selector": {"matchExpressions": [tiers]}, **found})
        return {"groups": groups}

    def volume_rules(self, sites: dict[str, dict[str, Any]]) -> list[Object]:
        return [rule for storage in self.parts for rule in storage.volume_rules(sites)]

    def await_replicated(self, sites: dict[str, dict[str, Any]]) -> None:
        for storage in self.parts:
            storage.await_replicated(sites)
