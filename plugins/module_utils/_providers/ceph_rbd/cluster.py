# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One Ceph cluster, asked and commanded through the agent that is sent to it."""

from __future__ import annotations

import errno
import inspect
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from ..._cluster.clock import Clock
from ..._cluster.patience import patiently
from ..._errors import DrError, Failed, NotFound, Refused, Timeout, Unreachable
from ..command import Answer, Runner
from ..foretelling import WouldChange
from . import agent as ceph_rbd_agent
from . import copier as ceph_rbd_copier
from . import digester as ceph_rbd_digester
from .images import Image
from .options import Access
from .reach import ALARMED, is_unreached
from .seen import Asked, Pool, Seen

# Ceph's own bindings belong to the system's Python, whatever else is in the PATH
PYTHON = ("/usr/bin/python3", "-")
CONNECT_TIMEOUT = 5
# asked of a site that may be dead: it must not hold a failover up
LOOK_TIMEOUT = 12
# to open an image and read its snapshots or journal, on a busy machine
HISTORY_SECONDS = 0.2
# a demotion with a dead peer took 30 s
VERB_TIMEOUT = 180
# and for each image, of which several are changed at once
VERB_SECONDS = 1
# an image that cannot be switched yet is tried again so long by the same call; then its peer is looked at
AGAIN_SECONDS = 5
ASK_TIMEOUT = 30
# of copying or reading, which goes on where the one before ended; and until a part that was begun then is done
ROUND_SECONDS = 20
PART_TIMEOUT = 180
# for ssh and the like, before the agent's own clock runs
REACH_TIMEOUT = 4
# how long a verb asks again while the monitors or what leads to them restart: doing it twice is doing it once
PATIENCE = 20.0

# of a copy that is to go: a client, or snapshots
IN_USE = {errno.EBUSY, errno.ENOTEMPTY}
# what only reads, in words
READING = {"look": "look at the images", "digest": "read the images"}
SILENT = {errno.ETIMEDOUT, errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENOTCONN}
# librbd 16.2 aborts at times ("boost::bad_get") when it opens an image while its mirror snapshots change
ABORTED = (-6, 128 + 6)
ATTEMPTS = 3

# Read once: of modules in a zip file, as Ansible sends them, two threads that ask for it at once may get none.
AGENT, COPIER, DIGESTER = map(inspect.getsource, (ceph_rbd_agent, ceph_rbd_copier, ceph_rbd_digester))

Answered = TypeVar("Answered")
# errno and message of each image that failed
Failures = Mapping[Image, Mapping[str, Any]]


class Cluster:
    """site: for errors. run: see `run_command`. patience: seconds in which a silent cluster is asked again.

    clock: also of waits for what the cluster does. foretells: see `SiteHandle`.
    """

    def __init__(
        self,
        site: str,
        access: Access,
        run: Runner,
        patience: float = 0.0,
        clock: Clock | None = None,
        foretells: bool = False,
    ) -> None:
        self.site = site
        self.clock = clock or Clock(waits=not foretells)
        self._access = access
        self._run = run
        self._patience = patience
        self._foretells = foretells

    def look(self, images: Iterable[Image], history: bool = False) -> Seen:
        """What is known of the images; history: with their mirror snapshots or journal positions."""
        return self._patiently(lambda: self._look(images, history))

    def _look(self, images: Iterable[Image], history: bool) -> Seen:
        asked = Asked.of(images)
        seconds = LOOK_TIMEOUT + (int(HISTORY_SECONDS * asked.count) if history else 0)
        return self._seen(asked, self._ask_agent("look", seconds, pools=asked.pools, history=history))

    def _seen(self, asked: Asked, answer: Mapping[str, Any]) -> Seen:
        found: dict[tuple[str, str], Pool] = {}
        known: dict[Image, Mapping[str, Any]] = {}
        for item, (key, listed) in zip(answer["pools"], asked.by_pool.items(), strict=True):
            if "error" in item:
                raise self._error("look at the images", f"pool {'/'.join(filter(None, key))}", item["error"])
            found[key] = Pool(item["mode"], item["mirror_uuid"], item["peers"])
            known.update({image: item["images"][image.name] for image in listed if image.name in item["images"]})
        return Seen(found, known)

    def switch(
        self, verb: str, images: Iterable[Image], every: Iterable[Image], within: int, not_yet: Iterable[int] = ()
    ) -> tuple[Failures, Seen]:
        """`act` on some of the images, and in the same call a look at every one, after it.

        not_yet: error numbers at which an image is tried again at once, for a moment.
        """
        listed, asked = sorted(images), Asked.of(every)
        seconds = within + VERB_SECONDS * len(listed)
        more = {"pools": asked.pools, "history": False, "again": AGAIN_SECONDS, "not_yet": sorted(not_yet)}
        answer = self._patiently(lambda: self._ask_agent("switch", seconds, verb=verb, images=_specs(listed), **more))
        return _failures(listed, answer["done"]), self._seen(asked, answer["seen"])

    def act(self, verb: str, images: Iterable[Image], within: int = VERB_TIMEOUT) -> Failures:
        """Do a verb on each image. Those that failed, with their errno and message.

        within: seconds, and one more for each image; then Timeout, and some of them may be done.
        """
        listed = sorted(images)
        if not listed:
            return {}
        seconds = within + VERB_SECONDS * len(listed)
        answers = self._patiently(lambda: self._ask_agent("act", seconds, verb=verb, images=_specs(listed)))
        return _failures(listed, answers)

    def must(self, verb: str, images: Iterable[Image], done: Iterable[int] = ()) -> None:
        """Do a verb on every image; `done`: error numbers that say that it was done before."""
        self.check(verb, self.act(verb, images), done)

    def check(self, verb: str, failed: Failures, done: Iterable[int] = ()) -> None:
        """Raise the first failure that is not one of `done`, if there is one, and say how many there are."""
        left = {image: answer for image, answer in failed.items() if answer["errno"] not in done}
        for image, answer in left.items():
            more = f", and {len(left) - 1} images more" if len(left) > 1 else ""
            raise self._error(verb.replace("_", " "), f"image {image}{more}", answer)

    def ask(self, to: str, commands: Sequence[Mapping[str, Any]], done: Iterable[int] = ()) -> list[str]:
        """Outputs of commands of the monitors (`mon`) or the manager (`mgr`) that change nothing."""
        listed = [{"to": to, "command": dict(command)} for command in commands]
        answers = self._patiently(lambda: self._ask_agent("ask", ASK_TIMEOUT, commands=listed)) if listed else []
        for command, answer in zip(commands, answers, strict=True):
            if answer["errno"] and answer["errno"] not in done:
                raise self._error(str(command["prefix"]), "the Ceph cluster", answer)
        return [str(answer["output"]) for answer in answers]

    def order(self, to: str, commands: Sequence[Mapping[str, Any]], again: bool = False) -> None:
        """As `ask`, of commands that change something; again: only what was changed so before, to be sure of it."""
        if not self._foretells:
            self.ask(to, commands)
        elif commands and not again:
            raise WouldChange

    def copy(self, copies: Mapping[Image, Image], group: str) -> Mapping[Image, Mapping[str, Any]]:
        """Go on for a round with the copies of images; how far each is. group: whose they are, by their mark."""
        listed = sorted(copies)
        specs = [{**spec, "copy": copies[image].name} for image, spec in zip(listed, _specs(listed), strict=True)]
        more = {"verb": "copy images", "images": specs, "group": group, "round": ROUND_SECONDS}
        seconds = ROUND_SECONDS + PART_TIMEOUT
        answers = self._patiently(lambda: self._ask_agent("copy", seconds, **more))
        return dict(zip(listed, answers, strict=True))

    def digest(self, after: Mapping[Image, int]) -> Mapping[Image, Mapping[str, Any]]:
        """Go on for a round with the digests of images, each from a part on; the digests of the next parts of each."""
        listed = sorted(after)
        specs = [{**spec, "after": after[image]} for image, spec in zip(listed, _specs(listed), strict=True)]
        seconds = ROUND_SECONDS + PART_TIMEOUT
        answers = self._patiently(lambda: self._ask_agent("digest", seconds, images=specs, round=ROUND_SECONDS))
        found = dict(zip(listed, answers, strict=True))
        self.check("read the images", {image: item for image, item in found.items() if item["errno"]})
        return found

    def remove_copies(self, end: str, group: str) -> bool:
        """Those of a group whose names end so; whether there were any."""
        more = {"verb": "remove copies", "group": group, "end": end}
        answers = self._patiently(lambda: self._ask_agent("remove_copies", VERB_TIMEOUT, **more))
        found = {Image(item["pool"], item["namespace"], item["image"]): item for item in answers}
        used = [image for image, item in found.items() if item["errno"] in IN_USE]
        for image in used:
            raise Refused(
                "remove copies",
                site=self.site,
                on=f"image {image}" + (f", and {len(used) - 1} images more" if len(used) > 1 else ""),
                seen=found[image]["message"],
                wanted="copies that nobody has open, without snapshots",
                next_step=f"look at `rbd status {image}` and `rbd snap ls --all {image}`, then run test_cleanup again",
            )
        self.check("remove copies", {image: item for image, item in found.items() if item["errno"]})
        return any(item["removed"] for item in answers)

    def _patiently(self, send: Callable[[], Answered]) -> Answered:
        return patiently(self.clock, self._patience, lambda _left: send(), lambda error: isinstance(error, Unreachable))

    def _ask_agent(self, do: str, seconds: int, **more: Any) -> Any:
        # a change whose outcome is unknown is worse than one that is waited for
        limits = {"rados_osd_op_timeout": str(seconds - CONNECT_TIMEOUT)} if do == "look" else {}
        request = {
            "do": do,
            "seconds": seconds,
            "user": self._access.user,
            "conf": self._access.conf,
            "settings": {
                "client_mount_timeout": str(CONNECT_TIMEOUT),
                "rados_mon_op_timeout": str(ASK_TIMEOUT if do == "ask" else CONNECT_TIMEOUT),
                **limits,
            },
            **more,
        }
        source = f"{_source(do)}\nserve({json.dumps(request)!r})\n"
        words = [*self._access.command, *PYTHON]
        changes = "verb" in more
        if changes and self._foretells:
            raise WouldChange
        tried = more["verb"].replace("_", " ") if changes else READING.get(do, do)
        done = self._run_agent(words, seconds, source, tried)
        answer = _last_object(done.stdout)
        if "answer" in answer:
            return answer["answer"]
        if "error" in answer:
            raise self._error(tried, "the Ceph cluster", answer["error"])
        if changes and done.code in ALARMED:
            raise Timeout(
                tried,
                site=self.site,
                on="the Ceph cluster",
                seen="it has not ended",
                waited=seconds,
                next_step="look at `ceph status` there and at the images' locks (rbd lock ls), then start again",
            )
        raise (Unreachable if is_unreached(done) else Failed)(
            tried,
            site=self.site,
            on="the Ceph cluster",
            seen=f"exit status {done.code}: {done.last_words}",
            wanted="an answer of the Python that the option `command` leads to",
            next_step="run that command by hand; it must pass its standard input on (oc exec -i, ssh -T)",
        )

    def _run_agent(self, words: list[str], seconds: int, source: str, tried: str) -> Answer:
        """Again, where librbd aborted: every verb can be said twice."""
        for attempt in range(ATTEMPTS):
            try:
                done = self._run(words, seconds + REACH_TIMEOUT, source.encode())
            except DrError as error:
                error.tried, error.site, error.on = tried, self.site, "the Ceph cluster"
                raise
            if done.code not in ABORTED or attempt == ATTEMPTS - 1:
                break
        return done

    def _error(self, tried: str, on: str, error: Mapping[str, Any]) -> DrError:
        """Numbers, as texts differ between releases."""
        code = int(error["errno"])
        kind: type[DrError] = Failed
        if code in SILENT:
            kind = Unreachable
        elif code == errno.ENOENT and error.get("stage") not in ("read the configuration", "connect"):
            kind = NotFound
        elif code in (errno.EBUSY, errno.EROFS, errno.EPERM):
            kind = Refused
        stage = f"{error['stage']}: " if "stage" in error else ""
        return kind(tried, site=self.site, on=on, seen=f"{stage}{error['message']}", next_step=HINTS.get(code))


HINTS = {
    errno.EACCES: "look at the user and its keyring; docs/providers/ceph_rbd.md lists the rights it needs",
    errno.EPERM: "docs/providers/ceph_rbd.md lists the rights that the user needs",
    errno.ETIMEDOUT: "look whether the monitors and OSDs of this cluster run",
}


def _source(do: str) -> str:
    if do in ceph_rbd_copier.COPYING:
        return f"{AGENT}\n{COPIER}\nDOING.update(COPYING)\n"
    if do in ceph_rbd_digester.DIGESTING:
        return f"{AGENT}\n{DIGESTER}\nDOING.update(DIGESTING)\n"
    return AGENT


def _specs(images: Iterable[Image]) -> list[dict[str, str]]:
    return [{"pool": image.pool, "namespace": image.namespace, "image": image.name} for image in images]


def _failures(images: Sequence[Image], answers: Sequence[Mapping[str, Any]]) -> Failures:
    return {image: answer for image, answer in zip(images, answers, strict=True) if answer["errno"]}


def _last_object(output: bytes) -> dict[str, Any]:
    lines = output.decode(errors="replace").strip().splitlines()
    try:
        answer = json.loads(lines[-1]) if lines else {}
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}
