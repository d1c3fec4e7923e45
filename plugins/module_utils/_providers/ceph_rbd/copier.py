# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sent behind the agent: copies images that are no primaries, for rehearsals, and removes the copies.

Such an image takes no snapshot of a user, and a mirror snapshot cannot be cloned before Ceph 20. So its data is read,
from where it stands still. rbd-mirror makes a mirror snapshot *before* it writes the data of the primary's snapshot:
what the newest complete one stands for lies in the image itself. Once the next one is made it lies in that one's
snapshot, which is removed when the one behind it is complete: two intervals in all. Each part that was read is looked
at again before it counts.

As the agent, it may run in Python 3.6, and stands alone.
"""

import errno
import itertools
import json
import time
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any, Callable, Dict, List, Tuple  # noqa: UP035

Facts = Dict[str, Any]  # noqa: UP006
Extents = List[Tuple[int, int]]  # noqa: UP006

IMAGES_AT_ONCE = 4
READS_AT_ONCE = 4
# bytes of an image between two looks at where its data lies
PART = 128 * 2**20
# librbd takes no more at once
DISCARD = 2**30
# what is all zero in a piece of this size takes no room
GRAIN = 64 * 2**10
# of an image's metadata: whose copy it is, and how far it is
GROUP, STATE = "ocpvirt-dr-group", "ocpvirt-dr-copy"
# behind the name of a copy that is not complete
HALF = ".part"
# of what is free: production goes on to write there
ROOM = 0.8
# seconds; a client that was killed is taken for alive for 30
BUSY_FOR = 45.0
PAUSE_BUSY = 1.0


def copy(cluster: Any, request: Facts) -> List[Facts]:  # noqa: UP006
    """Go on with the copies for some seconds; an entry for each, with `done`, and how far it is.

    lost: nobody knows any more where the data lies that was being copied; it begins anew.
    """

    def measure(spec: Facts) -> Facts:
        with _pool_of(cluster, spec) as context:
            return _unmade(cluster, context, spec, request["group"])

    def go_on(spec: Facts) -> Facts:
        with _pool_of(cluster, spec) as context:
            return _copy(cluster, context, spec, request["group"], end)

    answers = _for_each(measure, request["images"])
    full = _too_large(cluster, answers)
    if full:
        return [dict(full) for _spec in answers]
    end = time.monotonic() + request["round"]
    left = [spec for spec, answer in zip(request["images"], answers) if not answer["errno"]]  # noqa: B905
    copied = iter(_for_each(go_on, left))
    return [answer if answer["errno"] else next(copied) for answer in answers]


def remove_copies(cluster: Any, request: Facts) -> List[Facts]:  # noqa: UP006
    """Of a group, by the end of their names, whichever pool they are in; an entry for each that was there."""
    end = time.monotonic() + BUSY_FOR
    found = [spec for pool in cluster.list_pools() for spec in _named(cluster, pool, request["end"])]

    def remove(spec: Facts) -> Facts:
        with _pool_of(cluster, spec) as context:
            if not _is_of(context, spec["image"], request["group"]):
                return {"removed": False}
            _remove(context, spec["image"], end)
        return {"removed": True}

    answers = _for_each(remove, found)
    return [dict(answer, **spec) for answer, spec in zip(answers, found)]  # noqa: B905


def _named(cluster: Any, pool: str, end: str) -> List[Facts]:  # noqa: UP006
    rbd = import_module("rbd")
    found = []
    try:
        with cluster.open_ioctx(pool) as context:
            for namespace in [""] + rbd.RBD().namespace_list(context):  # noqa: RUF005
                context.set_namespace(namespace)
                names = [name for name in rbd.RBD().list(context) if name.endswith((end, end + HALF))]
                found += [{"pool": pool, "namespace": namespace, "image": name} for name in names]
    except Exception as error:
        if getattr(error, "errno", None) not in (errno.EPERM, errno.EACCES):
            raise
        # where this user may not look it has made nothing
    return found


def _for_each(verb: Callable[[Facts], Facts], specs: List[Facts]) -> List[Facts]:  # noqa: UP006
    def entry(spec: Facts) -> Facts:
        try:
            return dict({"errno": 0, "message": ""}, **verb(spec))
        except Exception as error:  # noqa: BLE001 one entry for each image
            return {"errno": getattr(error, "errno", None) or errno.EIO, "message": str(error) or type(error).__name__}

    with ThreadPoolExecutor(IMAGES_AT_ONCE) as pool:
        return list(pool.map(entry, specs))


def _unmade(cluster: Any, context: Any, spec: Facts, group: str) -> Facts:
    """How many bytes a copy that was not begun yet takes at most, and in which pool."""
    rbd = import_module("rbd")
    for name in (spec["copy"], spec["copy"] + HALF):
        try:
            if _is_of(context, name, group):
                return {"takes": 0, "pool": ""}
        except rbd.ImageNotFound:
            continue
        message = f"image {name} is there, and is no copy of group {group}"
        raise OSError(errno.EEXIST, message)
    with _open(context, spec["image"], _point(context, spec["image"])["at"]) as image:
        return {"takes": sum(length for _at, length in _extents(image)), "pool": _data_pool(cluster, image)}


def _too_large(cluster: Any, answers: List[Facts]) -> Any:  # noqa: UP006
    """Why they cannot all be made: a pool that runs full ends the replication too."""
    takes = {}  # type: Dict[str, int]
    for answer in answers:
        if answer.get("takes"):
            takes[answer["pool"]] = takes.get(answer["pool"], 0) + answer["takes"]
    if not takes:
        return None
    code, output, message = cluster.mon_command(json.dumps({"prefix": "df", "format": "json"}), b"", timeout=30)
    if code:
        raise OSError(abs(code), "df: " + message)
    free = {pool["name"]: pool["stats"]["max_avail"] for pool in json.loads(output.decode())["pools"]}
    for name in sorted(takes):
        if takes[name] > ROOM * free[name]:
            text = "up to {:.1f} GiB to be copied into pool {}, in which {:.1f} GiB are free"
            return {"errno": errno.ENOSPC, "message": text.format(takes[name] / 2**30, name, free[name] / 2**30)}
    return None


def _copy(cluster: Any, context: Any, spec: Facts, group: str, end: float) -> Facts:
    rbd = import_module("rbd")
    try:
        with rbd.Image(context, spec["copy"], read_only=True) as image:
            return dict(json.loads(image.metadata_get(STATE)), done=True)
    except rbd.ImageNotFound:
        pass
    half = spec["copy"] + HALF
    if not _is_begun(context, half):
        _remove(context, half, end)
        _begin(cluster, context, spec, half, group)
    state = _go_on(context, spec, half, end)
    if state.get("lost"):
        _remove(context, half, end)
    return state


def _is_begun(context: Any, half: str) -> bool:
    rbd = import_module("rbd")
    try:
        with rbd.Image(context, half, read_only=True) as image:
            return bool(image.metadata_get(STATE))
    except (rbd.ImageNotFound, KeyError):
        return False


def _begin(cluster: Any, context: Any, spec: Facts, half: str, group: str) -> None:
    """An empty image, with the mark before it holds any data."""
    rbd = import_module("rbd")
    point = _point(context, spec["image"])
    with _open(context, spec["image"], point["at"]) as image:
        kept = rbd.RBD_FEATURE_LAYERING | rbd.RBD_FEATURE_OBJECT_MAP | rbd.RBD_FEATURE_FAST_DIFF
        kept |= rbd.RBD_FEATURE_DEEP_FLATTEN
        size, order = image.size(), image.stat()["order"]
        # without journaling: a pool in mode `pool` mirrors every image that has it
        features = image.features() & kept | rbd.RBD_FEATURE_EXCLUSIVE_LOCK
        pool = _data_pool(cluster, image)
    more = {"data_pool": pool} if pool != cluster.pool_reverse_lookup(context.get_pool_id()) else {}
    rbd.RBD().create(context, half, size, order, old_format=False, features=features, **more)
    with rbd.Image(context, half) as made:
        made.metadata_set(GROUP, group)
        made.metadata_set(STATE, json.dumps(dict(point, size=size, copied=0, touched=0)))


def _go_on(context: Any, spec: Facts, half: str, end: float) -> Facts:
    """Until the end of the image or of the round. Its lock keeps a second process out, and goes with a dead one."""
    rbd = import_module("rbd")
    with rbd.Image(context, half) as made:
        try:
            made.lock_acquire(rbd.RBD_LOCK_MODE_EXCLUSIVE)
        except (rbd.ReadOnlyImage, rbd.ImageBusy):
            return {"done": False, "waits": "another process copies it"}
        state = json.loads(made.metadata_get(STATE))
        while state["copied"] < state["size"]:
            if time.monotonic() > end:
                return dict(state, done=False)
            with _open(context, spec["image"], state["at"]) as image:
                at = _fill(context, spec["image"], image, made, state, end)
            if at is None:
                return dict(state, done=False, lost=True)
            state["at"] = at
            made.metadata_set(STATE, json.dumps(state))
        rbd.RBD().rename(context, half, spec["copy"])
    return dict(state, done=True)


def _fill(context: Any, name: str, image: Any, made: Any, state: Facts, end: float) -> Any:
    """Copy part by part as long as the data lies where it lay; where it lies at last, None if nowhere."""
    for start in range(state["copied"], state["touched"], DISCARD):
        # it did not count: it may be newer than what is copied
        made.discard(start, min(DISCARD, state["touched"] - start))
    left = [extent for extent in _extents(image) if extent[0] >= state["copied"]]
    while state["copied"] < state["size"] and time.monotonic() < end:
        part = left[: _parted(left)]
        left = left[len(part) :]
        state["touched"] = sum(part[-1]) if left else state["size"]
        made.metadata_set(STATE, json.dumps(state))
        _move(image, made, part)
        made.flush()
        at = _where(context, name, state)
        if at != state["at"]:
            return at
        state["copied"] = state["touched"]
        made.metadata_set(STATE, json.dumps(state))
    return state["at"]


def _parted(extents: Extents) -> int:
    """How many of them are one part."""
    sizes = itertools.accumulate(length for _at, length in extents)
    return next((number for number, size in enumerate(sizes, 1) if size >= PART), len(extents))


def _move(image: Any, made: Any, extents: Extents) -> None:
    def one(extent: Tuple[int, int]) -> None:  # noqa: UP006
        data = image.read(extent[0], extent[1])
        pieces = itertools.groupby(range(0, len(data), GRAIN), lambda at: bool(data[at : at + GRAIN].strip(b"\0")))
        for full, starts in pieces:
            run = list(starts)
            if full:
                made.write(data[run[0] : run[-1] + GRAIN], extent[0] + run[0])

    with ThreadPoolExecutor(READS_AT_ONCE) as pool:
        list(pool.map(one, extents))


def _extents(image: Any) -> Extents:
    """What holds data, object by object."""
    found = []  # type: Extents
    size = image.size()
    if size:
        # the whole of it: librbd 16.2 misreports parts
        image.diff_iterate(0, size, None, lambda at, length, full: found.append((at, length)), whole_object=True)
    return found


def _point(context: Any, name: str) -> Facts:
    """Where the newest complete data of an image lies. at: a snapshot's id, 0 for the image itself.

    after: id of the mirror snapshot that stands for it; 0 where `at` does. told: what rbd-mirror says of it, older
    than the data at most.
    """
    rbd = import_module("rbd")
    with rbd.Image(context, name, read_only=True) as image:
        if image.mirror_image_get_info()["primary"]:
            raise OSError(errno.EROFS, f"{name} is primary here, and written to")
        journal = image.mirror_image_get_mode() == rbd.RBD_MIRROR_IMAGE_MODE_JOURNAL
        # there is none for a moment in which rbd-mirror says nothing of it
        told = image.mirror_image_get_status().get("description", "")
        snapshots = _snapshots(image)
    if journal:
        users = [item for item in snapshots if item["namespace"] == rbd.RBD_SNAP_NAMESPACE_TYPE_USER]
        if not users:
            raise OSError(errno.ENODATA, f"no snapshot of {name} has arrived")
        return {"at": users[-1]["id"], "after": 0, "told": ""}
    whole = [item["id"] for item in snapshots if item.get("mirror") and item["mirror"]["complete"]]
    if not whole:
        raise OSError(errno.ENODATA, f"no complete mirror snapshot of {name} is here")
    at = _frozen(snapshots, whole[-1])
    if at is None:
        raise OSError(errno.EAGAIN, f"snapshots of users are being mirrored with the data of {name}")
    return {"at": at, "after": whole[-1], "told": told}


def _where(context: Any, name: str, state: Facts) -> Any:
    """Where that data lies now, None if nobody knows. A snapshot that is going to be removed is in the trash first."""
    rbd = import_module("rbd")
    with rbd.Image(context, name, read_only=True) as image:
        snapshots = _snapshots(image)
    if state["at"]:
        kept = [item["id"] for item in snapshots if item["namespace"] != rbd.RBD_SNAP_NAMESPACE_TYPE_TRASH]
        return state["at"] if state["at"] in kept else None
    return _frozen(snapshots, state["after"])


def _snapshots(image: Any) -> List[Facts]:  # noqa: UP006
    return sorted(image.list_snaps(), key=lambda item: item["id"])


def _frozen(snapshots: List[Facts], after: int) -> Any:  # noqa: UP006
    """Where the data lies that a complete mirror snapshot stands for: 0 for the image, while there is no later one.

    The next one holds it still; and it is the next one as long as the former is there, which rbd-mirror removes before
    it makes another. It does not remove those of a switch of roles. A user's snapshot is written through the image.
    """
    stands = [item for item in snapshots if item["id"] == after]
    later = [item for item in snapshots if item["id"] > after]
    if not stands or not later:
        return 0 if stands else None
    following = later[0].get("mirror")
    if not following:
        return None
    stays = (stands[0].get("mirror") or {}).get("mirror_peer_uuids")
    under_way = len(later) == 1 and not following["complete"]
    return later[0]["id"] if under_way or not stays else None


def _is_of(context: Any, name: str, group: str) -> bool:
    """Whether a copy is the group's. One that was created, and not marked before that process died, holds nothing."""
    with import_module("rbd").Image(context, name, read_only=True) as image:
        try:
            return bool(image.metadata_get(GROUP) == group)
        except KeyError:
            return name.endswith(HALF) and not _extents(image)


def _remove(context: Any, name: str, end: float) -> None:
    rbd = import_module("rbd")
    while True:
        try:
            rbd.RBD().remove(context, name)
            return
        except rbd.ImageNotFound:
            return
        except rbd.ImageBusy:
            if time.monotonic() > end:
                raise
        time.sleep(PAUSE_BUSY)


def _open(context: Any, name: str, at: int) -> Any:
    image = import_module("rbd").Image(context, name, read_only=True)
    try:
        if at:
            image.set_snap_by_id(at)
    except Exception:
        image.close()
        raise
    return image


def _data_pool(cluster: Any, image: Any) -> str:
    return str(cluster.pool_reverse_lookup(image.data_pool_id()))


def _pool_of(cluster: Any, spec: Facts) -> Any:
    context = cluster.open_ioctx(spec["pool"])
    context.set_namespace(spec["namespace"])
    return context


COPYING = {"copy": copy, "remove_copies": remove_copies}
