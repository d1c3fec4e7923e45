# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sent behind the agent: digests of what images hold, so that two clusters' images are compared without sending data.

Part by part, as a round ends while there is more to read. What was never written and what was written with zeros is
the same to a guest, and here. As the agent, it may run in Python 3.6, and stands alone.
"""

import errno
import hashlib
import time
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any, Dict, List, Set  # noqa: UP035

Facts = Dict[str, Any]  # noqa: UP006

IMAGES_AT_ONCE = 4
READS_AT_ONCE = 4
# bytes that one digest stands for; every part begins at a multiple of it, at both sites
PART = 128 * 2**20
# bytes that are read at once
PIECE = 4 * 2**20
DIGEST_SIZE = 16


def digest(cluster: Any, request: Facts) -> List[Facts]:  # noqa: UP006
    """Go on for some seconds, each image from its part `after`; an entry for each, empty where its turn did not come.

    parts: the digests of the next parts. done: there are no more. size: of the image in bytes.
    """
    end = time.monotonic() + request["round"]

    def entry(spec: Facts) -> Facts:
        if time.monotonic() > end:
            return {"errno": 0, "message": "", "size": 0, "parts": [], "done": False}
        try:
            return dict({"errno": 0, "message": ""}, **_digested(cluster, spec, end))
        except Exception as error:  # noqa: BLE001 one entry for each image
            return {"errno": getattr(error, "errno", None) or errno.EIO, "message": str(error) or type(error).__name__}

    with ThreadPoolExecutor(IMAGES_AT_ONCE) as pool:
        return list(pool.map(entry, request["images"]))


def _digested(cluster: Any, spec: Facts, end: float) -> Facts:
    rbd = import_module("rbd")
    with cluster.open_ioctx(spec["pool"]) as context:
        context.set_namespace(spec["namespace"])
        with rbd.Image(context, spec["image"], read_only=True) as image:
            size = image.size()
            count = -(-size // PART)
            held = _by_part(image, size)
            parts = []  # type: List[str]
            while spec["after"] + len(parts) < count and time.monotonic() <= end:
                parts.append(_of_part(image, held.get(spec["after"] + len(parts), []), size))
            return {"size": size, "parts": parts, "done": spec["after"] + len(parts) >= count}


def _by_part(image: Any, size: int) -> Dict[int, List[int]]:  # noqa: UP006
    """Where pieces begin that hold data, by the number of their part; the same at both sites however objects lie."""
    starts: Set[int] = set()  # noqa: UP006

    def add(at: int, length: int, _full: bool) -> None:
        starts.update(range(at - at % PIECE, at + length, PIECE))

    if size:
        # the whole of it: librbd 16.2 misreports parts
        image.diff_iterate(0, size, None, add, whole_object=True)
    found = {}  # type: Dict[int, List[int]]
    for start in sorted(starts):
        found.setdefault(start // PART, []).append(start)
    return found


def _of_part(image: Any, starts: List[int], size: int) -> str:  # noqa: UP006
    def one(start: int) -> bytes:
        data = image.read(start, min(PIECE, size - start))
        if data == bytes(len(data)):
            return b""
        return start.to_bytes(8, "big") + hashlib.blake2b(data, digest_size=DIGEST_SIZE).digest()

    with ThreadPoolExecutor(READS_AT_ONCE) as pool:
        return hashlib.blake2b(b"".join(pool.map(one, starts)), digest_size=DIGEST_SIZE).hexdigest()


DIGESTING = {"digest": digest}
