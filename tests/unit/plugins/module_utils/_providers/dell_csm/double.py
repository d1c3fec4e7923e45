# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two sites with Dell's replication sidecar and its monitor as their source has them, over a pair of arrays that
replicates, in simulated time."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import DELL_REPLICATION_GROUP, Kind
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import NotFound, Unreachable
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import NOON, MemoryApi, SimulatedTime

POWERSTORE, POWERMAX, POWERFLEX = "csi-powerstore.dellemc.com", "csi-powermax.dellemc.com", "csi-vxflexos.dellemc.com"
KIND = DELL_REPLICATION_GROUP.kind
MONITOR_EVERY = 60.0
ACTION_TAKES = 4.0
RETRY_AFTER = 30.0
RETRIES_FOR = 3600.0
SUPPORTED = {"FAILOVER_REMOTE", "UNPLANNED_FAILOVER_LOCAL", "REPROTECT_LOCAL", "SUSPEND", "RESUME", "SYNC"}


class Internal(Exception):
    """An error of the array that the sidecar tries again."""


class Final(Exception):
    """One that it does not."""


def other(site: str) -> str:
    return "west" if site == "east" else "east"


@dataclass
class Arrays:
    """One group of volumes at two arrays. source: who is it by their word; to: where it was failed over to.

    unaware: of a forced failover. does: called in the place of an action, by its name.
    """

    driver: str = POWERSTORE
    source: str = "east"
    to: str = ""
    linked: bool = True
    suspended: bool = False
    syncing: bool = False
    unaware: set[str] = field(default_factory=set)
    writable: set[str] = field(default_factory=lambda: {"east"})
    data: dict[str, list[str]] = field(default_factory=lambda: {"east": [], "west": []})
    does: dict[str, Any] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)

    def link(self, site: str) -> tuple[str, bool]:
        """State and side as one site's driver tells them."""
        if site in self.unaware:
            return "SUSPENDED", True
        if self.to:
            return "FAILEDOVER", site == (self.to if self.driver == POWERSTORE else self.source)
        if self.suspended or not self.linked:
            return "SUSPENDED", site == self.source
        return "SYNC_IN_PROGRESS" if self.syncing else "SYNCHRONIZED", site == self.source

    def write(self, site: str, text: str) -> None:
        assert site in self.writable, f"{site} is read-only"
        self.data[site].append(text)

    def execute(self, site: str, action: str) -> None:
        if action in self.does:
            self.does[action]()
        getattr(self, f"_{action.lower()}")(site)
        self.done.append(f"{action} {site}")

    def _failover_remote(self, site: str) -> None:
        if self.to == other(site):
            return
        if not self.linked or self.source != site or self.to:
            raise Internal("the session is in a state that permits no failover")
        self.data[other(site)] = list(self.data[site])
        self.writable = {other(site)}
        if self.driver == POWERMAX:
            self.source, self.suspended = other(site), True
        else:
            self.to = other(site)

    def _unplanned_failover_local(self, site: str) -> None:
        self.to = site
        if self.linked:
            self.writable = {site}
        else:
            self.writable.add(site)
            self.unaware.add(other(site))

    def _swap_local(self, site: str) -> None:
        """The pair is suspended from then on, with its sides changed."""
        if not self.linked:
            raise Internal("the link is down")
        self.source, self.to, self.suspended = site, "", True

    def _reprotect_local(self, site: str) -> None:
        if not self.linked or site not in self.writable:
            raise Internal("the session is in a state that permits no reprotect")
        if self.driver == POWERMAX and self.source != site:
            raise Internal("swap the personalities first")
        self.data[other(site)] = list(self.data[site])
        self.source, self.to, self.suspended, self.writable = site, "", False, {site}
        self.unaware.clear()

    def _suspend(self, _site: str) -> None:
        self.suspended = True

    def _resume(self, _site: str) -> None:
        if not self.linked:
            raise Internal("the link is down")
        self.suspended = False


class DellApi(MemoryApi):
    """An API server with Dell's sidecar and monitor behind it. stopped: both are down."""

    def __init__(self, site: str, time: SimulatedTime, arrays: Arrays) -> None:
        super().__init__(site, time.clock())
        self.arrays = arrays
        self.reachable = True
        self.stopped = False
        self.served = True
        self.supported = set(SUPPORTED)
        self.patches: list[dict[str, Any]] = []
        # raised by the next requests, in their order
        self.errors: list[Exception] = []
        self._time = time
        self._began: dict[str, float] = {}
        self._time.at(self._time.seconds + MONITOR_EVERY, self._monitor)

    def list(self, kind: Kind, *args: Any, **named: Any) -> list[dict[str, Any]]:
        self.check(kind)
        return super().list(kind, *args, **named)

    def patch(self, kind: Kind, name: str, namespace: str | None, body: dict[str, Any]) -> dict[str, Any]:
        self.check(kind)
        found = super().patch(kind, name, namespace, body)
        if kind.kind == KIND:
            self.patches.append(body)
            self.wake(name)
        return found

    def check(self, kind: Kind) -> None:
        if not self.reachable:
            raise Unreachable("GET", site=self.site, seen="timed out")
        if self.errors:
            raise self.errors.pop(0)
        if kind.kind == KIND and not self.served:
            raise NotFound("GET", site=self.site, on=kind.resource, seen="404 page not found", status=404)

    def asked(self) -> list[str]:
        return [body["spec"]["action"] for body in self.patches if "spec" in body]

    def wake(self, name: str, after: float = 0.03) -> None:
        self._time.at(self._time.seconds + after, lambda: self.reconcile(name))

    def item(self, name: str) -> dict[str, Any]:
        return copy.deepcopy(self.objects[KIND, None, name])

    def reconcile(self, name: str) -> None:
        if self.stopped or (KIND, None, name) not in self.objects:
            return
        item = self.item(name)
        status, notes = item["status"], item["metadata"].setdefault("annotations", {})
        asked = item["spec"]["action"]
        running = json.loads(notes.get("Action", "{}"))
        if status["state"] in ("Ready", "Error"):
            if not asked:
                return
            if asked not in self.supported:
                item["spec"]["action"] = ""
                self.keep(item)
                return
            notes["Action"] = json.dumps({"name": asked, "completed": False})
            status.update(state=f"{asked}_IN_PROGRESS", lastAction={})
            self._began[name] = self._time.seconds
            self.keep(item)
            self.wake(name, ACTION_TAKES)
            return
        self._execute(item, running["name"])

    def _execute(self, item: dict[str, Any], action: str) -> None:
        name, status = item["metadata"]["name"], item["status"]
        failure, final = "", False
        try:
            self.arrays.execute(self.site, action)
        except Internal as error:
            failure = str(error)
            final = self._time.seconds - self._began[name] > RETRIES_FOR
        except Final as error:
            failure, final = str(error), True
        told = f"Action {action} failed with error {failure}" if failure else f"Action {action} succeeded"
        last = {"condition": told, "time": self.now(), **({"errorMessage": failure} if failure else {})}
        if failure and not final:
            status["lastAction"] = last
            self.keep(item)
            self.wake(name, RETRY_AFTER)
            return
        # the spec is written first, with the state still in progress
        item["spec"]["action"] = ""
        item["metadata"]["annotations"]["Action"] = json.dumps({"name": action, "completed": True})
        self.keep(item)
        item = self.item(name)
        item["status"].update(state="Error" if failure else "Ready", lastAction=last)
        item["status"]["conditions"] = [{"condition": told, "time": self.now()}, *item["status"]["conditions"]][:20]
        if not failure:
            self._look(item)
        self.keep(item)

    def _monitor(self) -> None:
        self._time.at(self._time.seconds + MONITOR_EVERY, self._monitor)
        if self.stopped:
            return
        for kind, _namespace, name in list(self.objects):
            if kind == KIND:
                item = self.item(name)
                self._look(item)
                self.keep(item)

    def _look(self, item: dict[str, Any]) -> None:
        state, source = self.arrays.link(self.site)
        before = item["status"].get("replicationLinkState", {}).get("isSource")
        if before not in (None, source):
            told = f"Replication Link State:IsSource changed from ({before}) to ({source})".lower()
            entry = {"condition": told, "time": self.now()}
            item["status"]["conditions"] = [entry, *item["status"]["conditions"]][:20]
        link = {"state": state, "isSource": source, "lastSuccessfulUpdate": self.now()}
        item["status"]["replicationLinkState"] = link

    def keep(self, item: dict[str, Any]) -> None:
        self._store("controller", (KIND, None, item["metadata"]["name"]), item)

    def now(self) -> str:
        return (NOON + timedelta(seconds=self._time.seconds)).isoformat(timespec="seconds").replace("+00:00", "Z")
