# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a look at a Ceph cluster asks for, and what it shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .images import Image


@dataclass(frozen=True)
class Pool:
    """A pool, or a namespace in it, at one site. peers: site name and mirror uuid of each."""

    mode: str
    mirror_uuid: str
    peers: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Seen:
    """images: what each is at this site; one that is not there is absent from it."""

    pools: Mapping[tuple[str, str], Pool]
    images: Mapping[Image, Mapping[str, Any]]

    def pool_of(self, image: Image) -> Pool:
        return self.pools[image.pool, image.namespace]


@dataclass(frozen=True)
class Asked:
    """Images as the agent is asked for them: pool by pool."""

    by_pool: Mapping[tuple[str, str], Sequence[Image]]

    @classmethod
    def of(cls, images: Iterable[Image]) -> Asked:
        by_pool: dict[tuple[str, str], list[Image]] = {}
        for image in sorted(images):
            by_pool.setdefault((image.pool, image.namespace), []).append(image)
        return cls(by_pool)

    @property
    def pools(self) -> list[dict[str, Any]]:
        return [
            {"pool": pool, "namespace": namespace, "images": [image.name for image in listed]}
            for (pool, namespace), listed in self.by_pool.items()
        ]

    @property
    def count(self) -> int:
        return sum(map(len, self.by_pool.values()))
