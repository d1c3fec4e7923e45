# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of kube-controller-manager that binds claims, as far as its decisions matter here, and its API server."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import PV, PVC, Kind
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Failed
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi

Object = dict[str, Any]

BIND_COMPLETED = "pv.kubernetes.io/bind-completed"


class Killed(BaseException):
    """The process is gone: nothing of it goes on."""


class BindingApi(MemoryApi):
    """Objects get a uid and their first phase; `controller` hears of each write. dies_after: so many more writes."""

    def __init__(self) -> None:
        super().__init__()
        self.dies_after: float = float("inf")
        self.controller = PvController(self)

    def create(self, kind: Kind, body: Object) -> Object:
        self._count()
        if kind in (PV, PVC):
            meta = {"uid": f"{kind.kind}-{len(self.writes)}-{body['metadata']['name']}", **body["metadata"]}
            body = {"status": {"phase": "Pending"}, **body, "metadata": meta}
        return super().create(kind, body)

    def patch(self, kind: Kind, name: str, namespace: str | None, body: Object) -> Object:
        self._count()
        uid = body.get("metadata", {}).get("uid")
        if uid not in (None, self.get(kind, name, namespace)["metadata"].get("uid")):
            raise Failed("PATCH", site=self.site, on=name, seen="metadata.uid: field is immutable", status=422)
        return super().patch(kind, name, namespace, body)

    def delete(self, kind: Kind, name: str, namespace: str | None = None, uid: str | None = None) -> bool:
        gone = super().delete(kind, name, namespace, uid)
        if kind is PV:
            self.controller.forget(name)
        return gone

    def of_controller(self, kind: Kind, item: Object) -> None:
        """A write that is none of ours."""
        meta = item["metadata"]
        key = (kind.kind, meta.get("namespace"), meta["name"])
        super()._store("controller", key, item)
        self.writes.pop()

    def _store(self, verb: str, key: tuple[str, str | None, str], body: Object) -> Object:
        stored = super()._store(verb, key, body)
        self.controller.heard(key)
        return stored

    def _count(self) -> None:
        with self._lock:
            if self.dies_after <= 0:
                raise Killed
            self.dies_after -= 1


class PvController:
    """One queue for volumes and one for claims, each with a worker of its own; claims are matched with known volumes.

    lost: claims that were ever called Lost.
    """

    def __init__(self, api: BindingApi) -> None:
        self._api = api
        self._known: dict[str, Object] = {}
        self._volumes: dict[str, None] = {}
        self._claims: dict[tuple[str | None, str], None] = {}
        self.lost: list[str] = []

    def heard(self, key: tuple[str, str | None, str]) -> None:
        kind, namespace, name = key
        if kind == PV.kind:
            self._volumes[name] = None
        elif kind == PVC.kind:
            self._claims[namespace, name] = None

    def forget(self, volume: str) -> None:
        self._known.pop(volume, None)

    def resync(self) -> None:
        for kind in (PV, PVC):
            for item in self._api.list(kind):
                self.heard((kind.kind, item["metadata"].get("namespace"), item["metadata"]["name"]))
        self.work()

    def work(self) -> None:
        """The worker of claims first: the one of volumes lags behind as far as it can."""
        while self._claims or self._volumes:
            self.work_on_claims()
            self.work_on_volumes()

    def work_on_claims(self) -> None:
        while self._claims:
            namespace, name = key = next(iter(self._claims))
            del self._claims[key]
            claim = self._api.find(PVC, name, namespace)
            if claim is not None:
                self._sync_claim(claim)

    def work_on_volumes(self, most: int | None = None) -> None:
        while self._volumes and (most is None or most > 0):
            name = next(iter(self._volumes))
            del self._volumes[name]
            volume = self._api.find(PV, name)
            if volume is not None:
                self._known[name] = volume
                self._sync_volume(volume)
            most = None if most is None else most - 1

    def _sync_volume(self, volume: Object) -> None:
        ref = volume["spec"].get("claimRef") or {}
        if not ref.get("uid"):
            self._phase(PV, volume, "Available")
            return
        claim = self._api.find(PVC, ref["name"], ref["namespace"])
        if claim is None or claim["metadata"]["uid"] != ref["uid"]:
            self._phase(PV, volume, "Released")
        elif claim["spec"].get("volumeName") == volume["metadata"]["name"]:
            self._phase(PV, volume, "Bound")

    def _sync_claim(self, claim: Object) -> None:
        marked = BIND_COMPLETED in claim["metadata"].get("annotations", {})
        volume = self._known.get(claim["spec"]["volumeName"])
        ref = (volume or {}).get("spec", {}).get("claimRef") or {}
        meta = claim["metadata"]
        ours = (ref.get("namespace"), ref.get("name")) == (meta["namespace"], meta["name"])
        if volume is not None and ours and ref.get("uid") in ([meta["uid"]] if marked else [None, meta["uid"]]):
            self._bind(volume, claim)
        elif marked:
            self.lost.append(meta["name"])
            self._phase(PVC, claim, "Lost")

    def _bind(self, volume: Object, claim: Object) -> None:
        uid = claim["metadata"]["uid"]
        if volume["spec"]["claimRef"].get("uid") != uid:
            volume = {**volume, "spec": {**volume["spec"], "claimRef": {**volume["spec"]["claimRef"], "uid": uid}}}
            self._api.of_controller(PV, volume)
        self._phase(PV, volume, "Bound")
        marks = {**claim["metadata"].get("annotations", {}), BIND_COMPLETED: "yes"}
        self._phase(PVC, {**claim, "metadata": {**claim["metadata"], "annotations": marks}}, "Bound")

    def _phase(self, kind: Kind, item: Object, phase: str) -> None:
        if item["status"]["phase"] != phase:
            item = {**item, "status": {"phase": phase}}
            self._api.of_controller(kind, item)
        if kind is PV:
            self._known[item["metadata"]["name"]] = item


class LiveWatch:
    """In the place of a watch: what is there at the moment of a look."""

    def __init__(
        self,
        api: MemoryApi,
        kind: Kind,
        _spaces: object,
        _wake: threading.Condition,
        keep: Callable[[Object], Any],
    ) -> None:
        self._api, self._kind, self._keep = api, kind, keep
        self.listed = False
        self.error = None

    @property
    def objects(self) -> dict[tuple[str, str], Any]:
        if not self.listed:
            return {}
        found = self._api.list(self._kind)
        return {(i["metadata"].get("namespace", ""), i["metadata"]["name"]): self._keep(i) for i in found}

    def start(self) -> None:
        self.listed = True

    def stop(self) -> None:
        return


class Impatient(threading.Condition):
    """Nobody waits for what only a sleeping test lets happen."""

    def wait_for(self, _predicate: Callable[[], Any], timeout: float | None = None) -> bool:
        return False
