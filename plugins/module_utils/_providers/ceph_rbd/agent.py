# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs beside a Ceph cluster: its source is sent to the Python there, which has Ceph's own bindings.

One process and one connection answer for all images: 200 of them in 0.4 s, where `rbd info` for each takes 17 s of
processor time. The Python there may be as old as 3.6: annotations are evaluated, so they stay plain.
"""

import errno
import json
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from importlib import import_module
from typing import Any, Callable, Dict, Iterator, List  # noqa: UP035

Json = Dict[str, Any]  # noqa: UP006

LOOKS_AT_ONCE = 8
# a verb is seconds of waiting for Ceph and half a megabyte, and little work; of so many by force none took over 12 s
VERBS_AT_ONCE = 256
# opening an image costs as much as this many entries of the pool's list
OPEN_COST = 8
STATES = ("unknown", "error", "syncing", "starting_replay", "replaying", "stopping_replay", "stopped")
MODES = ("journal", "snapshot")
MIRRORING = ("disabling", "enabled", "disabled", "creating")
POOL_MODES = ("disabled", "image", "pool")
SNAPSHOTS = ("primary", "demoted", "non-primary", "demoted-copy")
# seconds; a forced promotion took 4 to 10
STUCK_AFTER = 20.0
# between two attempts at one image
PAUSE = 0.1
# as the bindings say it where nobody has reported at all; where only the peer has, they say nothing
UNREPORTED = {"state": 0, "up": False, "description": "status not found", "last_update": datetime(1970, 1, 1)}
# begins the name of the snapshot that a first copy by this rbd-mirror is of, in journal mode; there until the copy ends
SYNC_POINT = ".rbd-mirror.{}."
# of librbd, for "none"
NO_SNAPSHOT = 2**64 - 2


def serve(text: str) -> None:
    """Do what the request says, and print one line of JSON. The alarm ends a process that nobody waits for."""
    request = json.loads(text)
    signal.alarm(int(request["seconds"]) + 1)
    stage = "load python3-rados and python3-rbd"
    try:
        rados = import_module("rados")
        import_module("rbd")
        stage = "read the configuration"
        cluster = rados.Rados(conffile=request["conf"], name="client." + request["user"])
        for key, value in request["settings"].items():
            cluster.conf_set(key, value)
        stage = "connect"
        cluster.connect()
        stage = request["do"]
        answer = {"answer": DOING[stage](cluster, request)}
    except Exception as error:  # noqa: BLE001 the caller gets all of it
        answer = {"error": dict(_error(error), stage=stage)}
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def look(cluster: Any, request: Json) -> Json:
    """pools: [{pool, namespace, images: names}] to what is known of each pool, and of each of the images in it."""
    return {"pools": [_pool(cluster, pool, request) for pool in request["pools"]]}


def switch(cluster: Any, request: Json) -> Json:
    """A verb on some of the images, and what all of them are then: an answer of `act`, and one of `look`."""
    return {"done": act(cluster, request), "seen": look(cluster, request)}


def act(cluster: Any, request: Json) -> List[Json]:  # noqa: UP006
    """One verb on many images; an entry for each, with `errno` 0 where it was done.

    again: seconds after the first round in which images that answer a number in `not_yet` are tried again.
    """
    rbd = import_module("rbd")
    verbs: Dict[str, Callable[[Any], None]] = {  # noqa: UP006
        "enable_snapshot": lambda image: image.mirror_image_enable(rbd.RBD_MIRROR_IMAGE_MODE_SNAPSHOT),
        "enable_journal": lambda image: _enable_journal(rbd, image),
        "disable": lambda image: image.mirror_image_disable(False),
        "disable_copy": lambda image: image.mirror_image_disable(True),
        "promote": lambda image: image.mirror_image_promote(False),
        "demote": lambda image: image.mirror_image_demote(),
        "resync": lambda image: image.mirror_image_resync(),
        "nudge": lambda image: _nudge(cluster, rbd, image),
    }

    def one(spec: Json) -> Json:
        try:
            with _context(cluster, spec) as context, rbd.Image(context, spec["image"]) as image:
                if request["verb"] == "promote_forced":
                    _promote_forced(cluster, spec, image)
                elif request["verb"] == "free":
                    _free(cluster, spec, image)
                else:
                    verbs[request["verb"]](image)
        except Exception as error:  # noqa: BLE001 one entry for each image
            return _error(error)
        return {"errno": 0, "message": ""}

    images, end = request["images"], None
    left = list(range(len(images)))
    answers = {}  # type: Dict[int, Json]
    with ThreadPoolExecutor(VERBS_AT_ONCE) as pool:
        while True:
            answers.update(pool.map(lambda number: (number, one(images[number])), left))
            end = end or time.monotonic() + request.get("again", 0)
            left = [number for number in left if answers[number]["errno"] in request.get("not_yet", ())]
            if not left or time.monotonic() > end:
                return [answers[number] for number in range(len(images))]
            time.sleep(PAUSE)


def ask(cluster: Any, request: Json) -> List[Json]:  # noqa: UP006
    """Commands of the monitors and of the manager, one after the other."""
    answers = []
    for command in request["commands"]:
        # the manager needs seconds after a restart
        send = cluster.mgr_command if command["to"] == "mgr" else cluster.mon_command
        code, output, message = send(json.dumps(command["command"]), b"", timeout=int(request["seconds"]))
        answers.append({"errno": abs(code), "message": message, "output": output.decode(errors="replace")})
    return answers


def _pool(cluster: Any, asked: Json, request: Json) -> Json:
    rbd = import_module("rbd")
    found = {"pool": asked["pool"], "namespace": asked["namespace"]}
    try:
        with _context(cluster, dict(asked, namespace="")) as whole:
            found["peers"] = [
                {key: peer.get(key) for key in ("site_name", "mirror_uuid", "direction")}
                for peer in rbd.RBD().mirror_peer_list(whole)
            ]
        with _context(cluster, asked) as context:
            found["mode"] = POOL_MODES[rbd.RBD().mirror_mode_get(context)]
            found["mirror_uuid"] = rbd.RBD().mirror_uuid_get(context)
            found["images"] = _images(context, dict(asked, mirror_uuid=found["mirror_uuid"]), request)
    except rbd.ImageNotFound:
        # a pool or namespace that was never initialised for RBD
        found["error"] = {"errno": 2, "message": "there is no such pool or namespace"}
    except Exception as error:  # noqa: BLE001 one entry for each pool
        found["error"] = _error(error)
    return found


def _images(context: Any, asked: Json, request: Json) -> Json:
    rbd = import_module("rbd")
    wanted = set(asked["images"])
    names = {item["id"]: item["name"] for item in rbd.RBD().list2(context)}
    ids = {key: name for key, name in names.items() if name in wanted}
    found = {name: {"id": key} for key, name in ids.items()}  # type: Json
    if len(ids) * OPEN_COST > len(names):
        for key, info in rbd.RBD().mirror_image_info_list(context):
            if key in ids:
                found[ids[key]]["mirror"] = _mirror(info, info["mode"])
        for status in rbd.RBD().mirror_image_status_list(context):
            if status["id"] in ids:
                found[ids[status["id"]]].update(_status(status))
    opened = sorted(name for name in found if request["history"] or "mirror" not in found[name])
    with ThreadPoolExecutor(LOOKS_AT_ONCE) as pool:
        answers = pool.map(lambda name: (name, _opened(context, asked, name, found[name], request)), opened)
    for name, more in answers:
        if more is None:
            del found[name]
        else:
            found[name].update(more)
    return found


def _opened(context: Any, asked: Json, name: str, known: Json, request: Json) -> Any:
    """What is not known of an image yet; None when it was removed meanwhile."""
    rbd = import_module("rbd")
    found = {}  # type: Json
    try:
        with rbd.Image(context, name, read_only=True) as image:
            if "mirror" not in known:
                info = image.mirror_image_get_info()
                if info["state"] == rbd.RBD_MIRROR_IMAGE_DISABLED:
                    return found
                found["mirror"] = _mirror(info, image.mirror_image_get_mode())
                found.update(_status(image.mirror_image_get_status()))
            if request["history"]:
                found["size"] = image.size()
                listed = list(image.list_snaps())
                found["snapshots"] = [item for item in map(_snapshot, listed) if item]
                mark = SYNC_POINT.format(asked["mirror_uuid"])
                found["sync_point"] = any(item["name"].startswith(mark) for item in listed)
    except rbd.ImageNotFound:
        return None
    if request["history"] and dict(known, **found)["mirror"]["mode"] == "journal":
        found["journal"] = _journal(asked, name, request)
        if found["journal"] is None:
            return None
    return found


def _mirror(info: Json, mode: int) -> Json:
    return {
        "mode": MODES[mode],
        "state": MIRRORING[info["state"]],
        "primary": info["primary"],
        "global_id": info["global_id"],
    }


def _status(status: Json) -> Json:
    """Of this site's rbd-mirror, and of the peers'."""

    def plain(item: Json) -> Json:
        return {
            "state": STATES[item["state"]],
            "up": item["up"],
            "description": item["description"],
            "at": item["last_update"].isoformat(),
            "mirror_uuid": item.get("mirror_uuid", ""),
        }

    return {"status": plain(dict(UNREPORTED, **status)), "peers": [plain(item) for item in status["remote_statuses"]]}


def _snapshot(snapshot: Json) -> Any:
    mirror = snapshot.get("mirror")
    if mirror is None:
        return None
    origin = mirror["primary_snap_id"]
    return {
        "id": snapshot["id"],
        "state": SNAPSHOTS[mirror["state"]],
        "complete": mirror["complete"],
        "origin": mirror["primary_mirror_uuid"],
        "origin_id": None if origin == NO_SNAPSHOT else origin,
        "copied": mirror["last_copied_object_number"],
    }


def _journal(asked: Json, name: str, request: Json) -> Any:
    """Positions of the journal's clients by id; the image itself is the client without one. Only `rbd` knows them.

    None when the image was removed meanwhile, as in each resync.
    """
    words = ["rbd", "--name", "client." + request["user"], "journal", "status", "--format", "json"]
    words += ["--conf", request["conf"]] if request["conf"] else []
    words += ["--pool", asked["pool"], "--namespace", asked["namespace"], "--image", name]
    words += ["--" + key.replace("_", "-") + "=" + value for key, value in request["settings"].items()]
    done = subprocess.run(words, check=False, stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # noqa: UP022 Python 3.6
    if done.returncode == errno.ENOENT:
        return None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise OSError(max(done.returncode, 0) or errno.EIO, "rbd journal status of " + name + ": " + said)
    clients = json.loads(done.stdout)["registered_clients"]
    return {
        client["id"]: {"state": client["state"], "positions": client["commit_position"]["object_positions"]}
        for client in clients
    }


def _enable_journal(rbd: Any, image: Any) -> None:
    if not image.features() & rbd.RBD_FEATURE_EXCLUSIVE_LOCK:
        # librbd says which only in its log
        raise OSError(errno.EINVAL, "a journal needs the feature exclusive-lock, which the image lacks")
    if not image.features() & rbd.RBD_FEATURE_JOURNALING:
        image.update_features(rbd.RBD_FEATURE_JOURNALING, True)
    image.mirror_image_enable(rbd.RBD_MIRROR_IMAGE_MODE_JOURNAL)


def _nudge(cluster: Any, rbd: Any, image: Any) -> None:
    """An event without data in the journal of a primary that nobody has open: the peer's rbd-mirror flushes what it has
    replayed when it takes that."""
    if not image.mirror_image_get_info()["primary"]:
        raise OSError(errno.EROFS, "the image is not primary")
    if any(watcher["id"] != cluster.get_instance_id() for watcher in image.watchers_list()):
        raise OSError(errno.EBUSY, "a client has the image open")
    image.lock_acquire(rbd.RBD_LOCK_MODE_EXCLUSIVE)
    try:
        image.flush()
    finally:
        image.lock_release()


def _promote_forced(cluster: Any, spec: Json, image: Any) -> None:
    """Where it does not end, this site's rbd-mirror is in the middle of a sync whose source is gone, and gives the
    image up to nobody. The call must not be ended then: it alone knows to which snapshot the image has to go back.

    In journal mode it ends, and rbd-mirror keeps the image all the same: for minutes no guest could write to it.
    """
    rbd = import_module("rbd")
    with _breaking(cluster, spec):
        image.mirror_image_promote(True)
        if image.mirror_image_get_mode() == rbd.RBD_MIRROR_IMAGE_MODE_JOURNAL:
            _await_writable(cluster, spec)


@contextmanager
def _breaking(cluster: Any, spec: Json, owner: str = "") -> Iterator[None]:
    """The image's lock, once what is done takes too long. owner: see `_break_lock`."""
    timer = threading.Timer(STUCK_AFTER, _break_lock, (cluster, spec, owner))
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _await_writable(cluster: Any, spec: Json) -> None:
    """Until the image's lock can be had, as by a guest."""
    rbd = import_module("rbd")
    end = time.monotonic() + 2 * STUCK_AFTER
    with _context(cluster, spec) as context, rbd.Image(context, spec["image"]) as image:
        while True:
            try:
                image.lock_acquire(rbd.RBD_LOCK_MODE_EXCLUSIVE)
                image.lock_release()
                return
            except rbd.ReadOnlyImage:
                # so rbd-mirror refuses it
                if time.monotonic() > end:
                    raise
            time.sleep(PAUSE)


def _free(cluster: Any, spec: Json, image: Any) -> None:
    """What `_promote_forced` does behind the promotion, of an image that is primary already. A guest may have it."""
    rbd = import_module("rbd")
    journaled = image.mirror_image_get_mode() == rbd.RBD_MIRROR_IMAGE_MODE_JOURNAL
    if not journaled or not image.mirror_image_get_info()["primary"]:
        return
    try:
        mirror = "client." + str(image.mirror_image_get_instance_id())
    except rbd.ImageNotFound:
        # no rbd-mirror has reported on it
        return
    if mirror in _owners(cluster, spec):
        with _breaking(cluster, spec, mirror):
            _await_writable(cluster, spec)


def _owners(cluster: Any, spec: Json) -> List[str]:  # noqa: UP006
    """Clients that have the image's lock. Opened anew: a handle does not notice that they change."""
    rbd = import_module("rbd")
    with _context(cluster, spec) as context, rbd.Image(context, spec["image"], read_only=True) as image:
        return [client for client, _cookie, _address in _lockers(image)]


def _break_lock(cluster: Any, spec: Json, owner: str = "") -> None:
    """Its owner's connection goes to the blocklist and writes no more; rbd-mirror then makes a new one.

    owner: the client whose lock it is; empty: whoever else has it.
    """
    rbd = import_module("rbd")
    own = "client." + str(cluster.get_instance_id())
    with _context(cluster, spec) as context, rbd.Image(context, spec["image"]) as image:
        for client, cookie, _address in _lockers(image):
            if client == owner or (not owner and client != own):
                image.break_lock(client, cookie)


def _lockers(image: Any) -> Any:
    """Client, cookie and address of each. By the older of the two interfaces: the other one knows no lock of an image
    that is not primary."""
    return (image.list_lockers() or {}).get("lockers", ())


def _context(cluster: Any, spec: Json) -> Any:
    context = cluster.open_ioctx(spec["pool"])
    context.set_namespace(spec["namespace"])
    return context


def _error(error: Exception) -> Json:
    return {"errno": getattr(error, "errno", None) or errno.EIO, "message": str(error) or type(error).__name__}


DOING = {"look": look, "act": act, "switch": switch, "ask": ask}  # type: Dict[str, Callable[[Any, Json], Any]]
