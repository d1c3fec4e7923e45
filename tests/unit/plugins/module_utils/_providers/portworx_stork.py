# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stork's controllers as their source of 2024 has them, over any store of objects: in memory, or an API server.

Their traps are here: a source that Stork cannot reach is skipped; a last migration that went in part counts; one of no
volume is successful; a failover that fails leaves its schedule suspended; what was activated is written as best it can;
all copies of a namespace are activated at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol, TypeAlias

SCHEDULE, MIGRATION, ACTION, CLAIM = "MigrationSchedule", "Migration", "Action", "PersistentVolumeClaim"
STORK = "stork.libopenstorage.org"
COPIED = f"{STORK}/static-copy"
LAST_MILE = f"{STORK}/lastmile-migration-schedule-name"
FINALIZER = f"{STORK}/finalizer-cleanup"
MOVED = ("Successful", "PartialSuccess")
Object: TypeAlias = "dict[str, Any]"


class StorkSite(Protocol):
    """What a site's Stork works with. every: seconds from migration to migration. partly: a migration of which a part
    fails is a partial success. forgets: to activate. A claim is (namespace, name)."""

    every: float
    partly: bool
    forgets: bool

    @property
    def peer(self) -> StorkSite: ...

    def reaches_peer(self) -> bool: ...

    def now(self) -> str: ...

    def of(self, kind: str) -> list[Object]: ...

    def make(self, kind: str, namespace: str, name: str, body: Object) -> Object: ...

    def keep_item(self, kind: str, item: Object) -> None:
        """Write the whole object, as it was changed."""

    def end(self, kind: str, item: Object) -> None:
        """Take the finalizer away."""

    def begin(self, uid: str, claims: list[tuple[str, str]]) -> None:
        """Of a migration: what is written later does not go along."""

    def has_begun(self, uid: str) -> bool: ...

    def is_through(self, uid: str) -> bool: ...

    def arrive(self, uid: str) -> Mapping[tuple[str, str], str]:
        """Put it to the peer; what failed of it, and why, by claim."""


def reconcile(site: StorkSite) -> None:
    """Once over all objects."""
    for kind, act in ((SCHEDULE, _schedule), (MIGRATION, _migrate), (ACTION, _fail_over)):
        for item in site.of(kind):
            meta = item["metadata"]
            if meta.get("deletionTimestamp"):
                if kind == SCHEDULE:
                    for left in migrations_of(site, meta["name"]):
                        site.end(MIGRATION, left)
                site.end(kind, item)
            elif FINALIZER not in meta.get("finalizers", []):
                meta["finalizers"] = [FINALIZER]
                site.keep_item(kind, item)
            else:
                act(site, item)


def migrations_of(site: StorkSite, schedule: str) -> list[Object]:
    owner = (SCHEDULE, schedule)
    return [
        item
        for item in site.of(MIGRATION)
        if owner in [(entry["kind"], entry["name"]) for entry in item["metadata"].get("ownerReferences", [])]
    ]


def _schedule(site: StorkSite, item: Object) -> None:
    meta, spec = item["metadata"], item["spec"]
    if is_copy(item) or spec["suspend"] or not site.reaches_peer():
        return
    remote = _of(site.peer, SCHEDULE, meta["namespace"], meta["name"])
    if remote is None and spec["autoSuspend"]:
        body = {"metadata": {"labels": dict(meta["labels"]), "annotations": {COPIED: "true"}}}
        site.peer.make(SCHEDULE, meta["namespace"], meta["name"], {**body, "spec": {**spec, "suspend": True}})
    elif remote and is_activated(remote):
        spec["suspend"] = True
        site.keep_item(SCHEDULE, item)
        return
    mine = migrations_of(site, meta["name"])
    if any(_status(one)["stage"] != "Final" for one in mine) or any(_age(site, one) < site.every for one in mine):
        return
    # what failed is kept until one was successful
    newest = max((one for one in mine if _status(one)["status"] == "Successful"), key=_created, default=None)
    for old in mine:
        if newest and _created(old) < _created(newest):
            site.end(MIGRATION, old)
    owner = {"apiVersion": f"{STORK}/v1alpha1", "kind": SCHEDULE, "name": meta["name"], "uid": meta["uid"]}
    stamp = "".join(letter for letter in site.now() if letter.isdigit())
    body = {"metadata": {"ownerReferences": [owner]}, "spec": spec["template"]["spec"]}
    site.make(MIGRATION, meta["namespace"], f"{meta['name']}-interval-{stamp}", body)


def _migrate(site: StorkSite, item: Object) -> None:
    status, meta = _status(item), item["metadata"]
    if status["stage"] == "Final":
        return None
    owners = [entry["name"] for entry in meta.get("ownerReferences", [])]
    if owners and site.reaches_peer():
        remote = _of(site.peer, SCHEDULE, meta["namespace"], owners[0])
        if remote and is_activated(remote):
            status |= {"stage": "Final", "status": "Failed"}
            return site.keep_item(MIGRATION, item)
    if not site.has_begun(meta["uid"]):
        claims = _claims(site, item["spec"])
        site.begin(meta["uid"], claims)
        entries = [{"namespace": space, "persistentVolumeClaim": name} for space, name in claims]
        volumes = [{**entry, "status": "InProgress"} for entry in entries]
        status |= {"stage": "Volumes", "status": "InProgress", "volumes": volumes}
        site.keep_item(MIGRATION, item)
    elif site.is_through(meta["uid"]):
        failed = site.arrive(meta["uid"])
        for entry in status.get("volumes", []):
            why = failed.get((entry["namespace"], entry["persistentVolumeClaim"]), "")
            entry |= {"status": "Failed" if why else "Successful", "reason": why}
        status["stage"] = "Final"
        status["status"] = "Successful" if not failed else "PartialSuccess" if site.partly else "Failed"
        site.keep_item(MIGRATION, item)
    return None


def _claims(site: StorkSite, spec: Object) -> list[tuple[str, str]]:
    """Stork finds the volumes by their claims, and none is no error."""
    return [
        (item["metadata"]["namespace"], item["metadata"]["name"])
        for item in site.of(CLAIM)
        if item["metadata"]["namespace"] in spec["namespaces"]
        and spec["selectors"].items() <= item["metadata"].get("labels", {}).items()
    ]


def _fail_over(site: StorkSite, item: Object) -> None:
    if _status(item)["stage"] != "Final":
        _Failover(site, item).step()


class _Failover:
    """site: that the Action is at. One step a look, as each of Stork's stages takes at least one."""

    def __init__(self, site: StorkSite, action: Object) -> None:
        self._site = site
        self._action = action
        self._status = _status(action)
        self._parameter = action["spec"]["actionParameter"]["failoverParameter"]
        self._name = self._parameter["migrationScheduleReference"]
        self._space = action["metadata"]["namespace"]

    def step(self) -> None:
        stages = {
            "": self._validate,
            "ScaleDownSource": self._deactivate,
            "WaitAfterScaleDown": self._wait,
            "LastMileMigration": self._last_mile,
            "ScaleUpSource": lambda: self._to("Final", "Failed"),
            "ScaleUpDestination": self._activate,
        }
        stages[self._status["stage"]]()

    def _validate(self) -> None:
        copied = _of(self._site, SCHEDULE, self._space, self._name)
        if copied is None or not is_copy(copied):
            return self._to("Final", "Failed", f"the provided MigrationSchedule {self._name} is not created by Stork")
        if self._parameter["skipSourceOperations"] or not self._site.reaches_peer():
            return self._to("ScaleUpDestination")
        original = _of(self._site.peer, SCHEDULE, self._space, self._name)
        if original is None:
            return self._to("Final", "Failed", f"error fetching the remote MigrationSchedule {self._name}")
        if not original["spec"]["suspend"]:
            original["spec"]["suspend"] = True
            self._site.peer.keep_item(SCHEDULE, original)
        newest = self._newest()
        waits = newest is not None and _status(newest)["stage"] != "Final"
        return self._to("", "Scheduled") if waits else self._to("ScaleDownSource")

    def _deactivate(self) -> None:
        self._set_activated(self._site.peer, False)
        self._to("WaitAfterScaleDown")

    def _wait(self) -> None:
        newest = self._newest()
        if newest is None or _status(newest)["status"] not in MOVED:
            return self._to("ScaleUpSource", reason="the latest migration has not completed successfully")
        return self._to("LastMileMigration")

    def _last_mile(self) -> None:
        peer = self._site.peer
        name = f"{self._name}-lastmile-failover-{self._action['metadata']['uid'][:7]}"
        found = _of(peer, MIGRATION, self._space, name)
        if found is None:
            copied = _of(self._site, SCHEDULE, self._space, self._name) or {}
            meta = {"annotations": {LAST_MILE: self._name}}
            peer.make(MIGRATION, self._space, name, {"metadata": meta, "spec": copied["spec"]["template"]["spec"]})
        elif _status(found)["stage"] == "Final" and _status(found)["status"] in MOVED:
            self._to("ScaleUpDestination")
        elif _status(found)["stage"] == "Final":
            reason = f"last mile migration {name} failed: status {_status(found)['status']}"
            self._to("ScaleUpSource", reason=reason)

    def _activate(self) -> None:
        if not self._site.forgets:
            self._set_activated(self._site, True)
        self._to("Final", "Successful")

    def _set_activated(self, site: StorkSite, value: bool) -> None:
        for item in site.of(SCHEDULE):
            spaces = set(item["spec"]["template"]["spec"]["namespaces"])
            if is_copy(item) and spaces & set(self._parameter["failoverNamespaces"]) and is_activated(item) != value:
                item.setdefault("status", {})["applicationActivated"] = value
                site.keep_item(SCHEDULE, item)

    def _newest(self) -> Object | None:
        return max(migrations_of(self._site.peer, self._name), key=_created, default=None)

    def _to(self, stage: str, status: str = "", reason: str = "") -> None:
        new = {"stage": stage, "status": status, **({"reason": reason} if reason else {})}
        if new.items() <= self._status.items():
            return
        self._status |= new
        self._site.keep_item(ACTION, self._action)


def is_copy(item: Object) -> bool:
    return bool((item["metadata"].get("annotations") or {}).get(COPIED) == "true")


def is_activated(item: Object) -> bool:
    return bool(item.get("status", {}).get("applicationActivated"))


def _status(item: Object) -> Object:
    found: Object = item.setdefault("status", {})
    found.setdefault("stage", "")
    found.setdefault("status", "")
    return found


def _of(site: StorkSite, kind: str, namespace: str, name: str) -> Object | None:
    found = (item for item in site.of(kind) if item["metadata"]["name"] == name)
    return next((item for item in found if item["metadata"]["namespace"] == namespace), None)


def _created(item: Object) -> tuple[str, str]:
    return item["metadata"]["creationTimestamp"], item["metadata"]["name"]


def _age(site: StorkSite, item: Object) -> float:
    made = datetime.fromisoformat(item["metadata"]["creationTimestamp"])
    return (datetime.fromisoformat(site.now()) - made).total_seconds()
