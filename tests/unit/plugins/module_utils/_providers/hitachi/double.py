# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two sites with Hitachi's replication operator, over a pair of arrays that replicate, in simulated time.

What is known of the operator is its definitions; what it does with a word is taken from the manuals of the arrays. What
nobody says can be set: whether it tries again, which words its version knows, whether a split lets the copy be written.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import Kind
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import NotFound, Unreachable
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import NOON, MemoryApi, SimulatedTime

REPLICATION, GROUP = "Replication", "ReplicationGroup"
SPACE = "payroll"
LOOKS_EVERY = 15.0
TAKEN_UP_AFTER = 0.5
OPERATION_TAKES = 4.0
RETRY_AFTER = 30.0
LDEVS = {"east": 10, "west": 20}
SERIALS = {"east": 411111, "west": 422222}


class Rejected(Exception):
    """What an array answered in place of doing it."""


def other(site: str) -> str:
    return "west" if site == "east" else "east"


@dataclass
class Volumes:
    """One pair of volumes. p: the site of the P-VOL. data: what each holds, and the journal what is on its way."""

    p: str = "east"
    status: str = "PAIR"
    writable: set[str] = field(default_factory=lambda: {"east"})
    data: dict[str, list[str]] = field(default_factory=lambda: {"east": [], "west": []})

    def send(self) -> None:
        self.data[other(self.p)] = list(self.data[self.p])


@dataclass
class Arrays:
    """does: called in the place of an operation, by its word. done: what was done, and where."""

    linked: bool = True
    split_lets_write: bool = False
    ssws_at_source: str = "SSWS"
    turns_round: bool = False
    copies_for_hours: bool = False
    pairs: dict[str, Volumes] = field(default_factory=dict)
    does: dict[str, Any] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)

    def shown(self, site: str, name: str) -> str:
        """Status of the pair, as one site's array has it."""
        pair = self.pairs[name]
        if pair.status == "SSWS" and pair.p == site:
            return self.ssws_at_source if self.linked else "PSUE"
        if pair.status in ("PAIR", "COPY") and not self.linked:
            return "PSUE"
        return pair.status

    def write(self, site: str, text: str) -> None:
        """On all volumes. It is sent with the next split, or by `arrive`."""
        for pair in self.pairs.values():
            assert site in pair.writable, f"{site} is read-only"
            pair.data[site].append(text)

    def arrive(self) -> None:
        for pair in self.pairs.values():
            pair.send()

    def held(self, site: str) -> set[tuple[str, ...]]:
        return {tuple(pair.data[site]) for pair in self.pairs.values()}

    def writable(self) -> set[str]:
        return {site for pair in self.pairs.values() for site in pair.writable}

    def execute(self, site: str, word: str, name: str) -> None:
        if word in self.does:
            self.does[word](name)
        else:
            getattr(self, "_" + word.replace("-", "_"))(site, self.pairs[name])
        self.done.append(f"{word} {site}")

    def _split(self, _site: str, pair: Volumes) -> None:
        if not self.linked:
            pair.status = "PSUE"
            raise Rejected("the remote path is blocked")
        pair.send()
        pair.status = "PSUS"
        if self.split_lets_write:
            pair.writable.add(other(pair.p))

    def _pair(self, site: str, pair: Volumes) -> None:
        if pair.status == "PAIR" and self.linked:
            return
        if pair.status == "SSWS" or pair.p != site:
            raise Rejected("the delta of the S-VOL is dominant: only a swap resync is accepted")
        if not self.linked:
            raise Rejected("the remote path is blocked")
        pair.send()
        pair.status, pair.writable = self._copying(), {pair.p}

    def _failover(self, site: str, pair: Volumes) -> None:
        if pair.p == site:
            raise Rejected("the volume is no S-VOL")
        if pair.status == "PAIR" and self.linked:
            pair.send()
        pair.status = "SSWS"
        pair.writable.add(site)
        if self.turns_round and self.linked:
            self._swap_resync(site, pair)

    def _swap_resync(self, site: str, pair: Volumes) -> None:
        if pair.p == site:
            return
        if not self.linked:
            raise Rejected("the remote path is blocked")
        pair.p, pair.status, pair.writable = site, self._copying(), {site}
        pair.send()

    def _copying(self) -> str:
        return "COPY" if self.copies_for_hours else "PAIR"


class HitachiApi(MemoryApi):
    """An API server with the operator behind it. stopped: the operator is down. words: what its version knows."""

    def __init__(self, site: str, time: SimulatedTime, arrays: Arrays) -> None:
        super().__init__(site, time.clock())
        self.arrays = arrays
        self.reachable = True
        self.served = True
        self.stopped = False
        self.retries = True
        self.drops_desired = False
        self.tells_of_children = False
        self.words = {"pair", "split", "failover", "failback", "swap-resync"}
        self.patches: list[dict[str, Any]] = []
        # raised by the next requests, in their order
        self.errors: list[Exception] = []
        self.takes = OPERATION_TAKES
        self._time = time
        self._handled: dict[tuple[str, str], str] = {}
        self._time.at(self._time.seconds + LOOKS_EVERY, self._monitor)

    def list(self, kind: Kind, *args: Any, **named: Any) -> list[dict[str, Any]]:
        self.check(kind)
        return super().list(kind, *args, **named)

    def get(self, kind: Kind, name: str, namespace: str | None = None) -> dict[str, Any]:
        self.check(kind)
        return super().get(kind, name, namespace)

    def patch(self, kind: Kind, name: str, namespace: str | None, body: dict[str, Any]) -> dict[str, Any]:
        self.check(kind)
        if self.drops_desired and "spec" in body:
            body = {**body, "spec": {}}
        found = super().patch(kind, name, namespace, body)
        if kind.kind in (REPLICATION, GROUP):
            self.patches.append(body)
            self.wake(kind.kind, name)
        return found

    def check(self, kind: Kind) -> None:
        if not self.reachable:
            raise Unreachable("GET", site=self.site, seen="timed out")
        if self.errors:
            raise self.errors.pop(0)
        if kind.group == "hspc.hitachi.com" and not self.served:
            raise NotFound("GET", site=self.site, on=kind.resource, seen="404 page not found", status=404)

    def asked(self) -> list[str]:
        """The words that were asked for here, in their order."""
        return [body["spec"]["desiredPairState"] for body in self.patches if body.get("spec")]

    def item(self, kind: str, name: str) -> dict[str, Any]:
        return copy.deepcopy(self.objects[kind, SPACE, name])

    def wake(self, kind: str, name: str, after: float = TAKEN_UP_AFTER) -> None:
        self._time.at(self._time.seconds + after, lambda: self.reconcile(kind, name))

    def reconcile(self, kind: str, name: str) -> None:
        """Once for each change of the word; again after an error, where it tries again."""
        if self.stopped or (kind, SPACE, name) not in self.objects:
            return
        item = self.item(kind, name)
        word = item["spec"].get("desiredPairState", "")
        if item["status"]["currentOperation"]["running"] or word in ("", self._handled.get((kind, name))):
            return
        if word not in self.words:
            return
        self._handled[kind, name] = word
        self._tell(kind, name, operation=word, running=True, operationPhase="Running")
        self._time.at(self._time.seconds + self.takes, lambda: self._end(kind, name, word))

    def look(self, name: str) -> None:
        """What the array shows of a pair goes into its Replication here."""
        item = self.item(REPLICATION, name)
        pair = self.arrays.pairs[name]
        item["status"]["replicationPair"].update(shown_pair(self.site, name, pair.p))
        item["status"]["replicationPair"]["volumeStatus"] = self.arrays.shown(self.site, name)
        item["spec"]["replicationAttribute"] = "primary" if pair.p == self.site else "secondary"
        self.keep(item)

    def keep(self, item: dict[str, Any]) -> None:
        self._store("controller", (item["kind"], SPACE, item["metadata"]["name"]), item)

    def now(self) -> str:
        return (NOON + timedelta(seconds=self._time.seconds)).isoformat(timespec="seconds").replace("+00:00", "Z")

    def _end(self, kind: str, name: str, word: str) -> None:
        if (kind, SPACE, name) not in self.objects or self.stopped:
            return
        failure = ""
        for child in self._children(kind, name):
            try:
                self.arrays.execute(self.site, word, child)
            except Rejected as error:
                failure = str(error)
            self.look(child)
        if failure:
            told = {"lastErrorMessage": failure, "lastErrorTime": self.now()}
            self._tell(kind, name, running=False, operationPhase="Failed", **told)
            del self._handled[kind, name]
            if self.retries:
                self.wake(kind, name, RETRY_AFTER)
            return
        self._tell(kind, name, running=False, operationPhase="Completed", lastOperation=word)
        if self.item(kind, name)["spec"].get("desiredPairState") != word:
            self.wake(kind, name)

    def _tell(self, kind: str, name: str, **changes: Any) -> None:
        of = (
            [(REPLICATION, child) for child in self._children(kind, name)] if self.tells_of_children else [(kind, name)]
        )
        for told_kind, told_name in of:
            item = self.item(told_kind, told_name)
            item["status"]["currentOperation"].update(changes)
            self.keep(item)

    def _children(self, kind: str, name: str) -> list[str]:
        if kind == REPLICATION:
            return [name]
        return [item["metadata"]["name"] for (of_kind, _ns, _name), item in list(self.objects.items())
                if of_kind == REPLICATION and item["spec"].get("parentName") == name]  # fmt: skip

    def _monitor(self) -> None:
        self._time.at(self._time.seconds + LOOKS_EVERY, self._monitor)
        if self.stopped:
            return
        for kind, _namespace, name in list(self.objects):
            if kind == REPLICATION:
                self.look(name)


def shown_pair(site: str, name: str, p: str) -> dict[str, Any]:
    return {
        "copyGroupName": f"spc-{SPACE}",
        "copyPairName": name,
        "localSerialNumber": SERIALS[site],
        "localStorageDeviceId": f"886000{SERIALS[site]}",
        "remoteSerialNumber": SERIALS[other(site)],
        "remoteStorageDeviceId": f"886000{SERIALS[other(site)]}",
        "primaryVolumeId": ldev(p, name),
        "primaryVolumeNickname": f"spc-{p}-{name}",
        "secondaryVolumeId": ldev(other(p), name),
        "secondaryVolumeNickname": f"spc-{other(p)}-{name}",
        "replicationType": "UR",
    }


def ldev(site: str, name: str) -> int:
    return LDEVS[site] + int(name.rpartition("-")[2])


def handle(site: str, name: str) -> str:
    return f"01--scsi--886000{SERIALS[site]}--{ldev(site, name)}--spc-{site}-{name}"
