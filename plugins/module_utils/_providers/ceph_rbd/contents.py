# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the images of two sites hold the same data, by digests that each cluster makes of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from ..._cluster.clock import Clock
from ..._cluster.waiting import wait_for
from ..site_handle import Tell
from .cluster import Cluster
from .digester import PART
from .images import Image
from .side import Side, some

# of the progress
STAGE = "data compared"
TRIED = "compare the data of both sites"
HINT = "look at `ceph status` at both sites, then start again"


@dataclass
class Contents:
    """Of one image, as far as it was read. parts: a digest of each `PART` bytes."""

    size: int = 0
    parts: list[str] = field(default_factory=list)
    done: bool = False

    @property
    def read(self) -> int:
        """Bytes; what was never written counts too."""
        return min(len(self.parts) * PART, self.size)


def read_both(source: Side, target: Side, seconds: float, tell: Tell) -> list[dict[Image, Contents]]:
    """What the source's images hold, and the target's; both sites at once. Nobody may write to them meanwhile.

    tell: how far it is, round by round. Raises Timeout where it takes longer than the seconds.
    """
    sides = (source, target)
    found = {
        side.site: {image: Contents(side.seen.images[image].get("size", 0)) for image in side.images} for side in sides
    }
    _tell(found, tell)
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda side: _read(side, found[side.site], seconds, lambda: _tell(found, tell)), sides))


def _tell(found: Mapping[str, Mapping[Image, Contents]], tell: Tell) -> None:
    """Images that both sites have read, and of how many bytes each is where it has not read all."""
    done = min(sum(item.done for item in images.values()) for images in found.values())
    left = [
        f"{site} ({_gib(item.read for item in images.values())} of {_gib(item.size for item in images.values())} GiB)"
        for site, images in found.items()
        if not all(item.done for item in images.values())
    ]
    tell(STAGE, done, max(map(len, found.values())), waiting_for=", ".join(left))


def _gib(sizes: Iterable[int]) -> str:
    return f"{sum(sizes) / 2**30:.1f}"


def _read(side: Side, found: dict[Image, Contents], seconds: float, tell: Callable[[], None]) -> dict[Image, Contents]:
    """Round by round, so that no process at the cluster outlives this one for long."""

    def look() -> tuple[dict[Image, Contents], str]:
        _go_on(side.cluster, found)
        tell()
        left = [image for image, item in found.items() if not item.done]
        words = (
            f"{len(left)} of {len(found)} images are not read: {some(left, lambda image: _far(image, found[image]))}"
        )
        return ({} if left else found), words

    return wait_for(Clock(), seconds, look, TRIED, side.site, side.on, HINT)


def _go_on(cluster: Cluster, found: dict[Image, Contents]) -> None:
    answers = cluster.digest({image: len(item.parts) for image, item in found.items() if not item.done})
    for image, answer in answers.items():
        item = found[image]
        # none where its turn did not come
        item.size, item.done = int(answer["size"]) or item.size, bool(answer["done"])
        item.parts += answer["parts"]


def _far(image: Image, item: Contents) -> str:
    return f"{image}: {item.read >> 20} of {item.size >> 20} MiB"


def difference(one: Contents, other: Contents) -> str:
    """In words; empty where both hold the same."""
    if one.size != other.size:
        return f"{other.size >> 20} MiB in size instead of {one.size >> 20}"
    differing = _differing(one.parts, other.parts)
    if not differing:
        return ""
    first = differing[0] * PART >> 20
    return f"other data in {len(differing)} of {len(one.parts)} parts of {PART >> 20} MiB, the first at {first} MiB"


def _differing(one: Sequence[str], other: Sequence[str]) -> list[int]:
    return [number for number, both in enumerate(zip(one, other, strict=True)) if both[0] != both[1]]
