# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trident at a site, as its source of 2026 has it, over exports of the lab's storage in the place of ONTAP volumes.

A SnapMirror relationship is there where an export is secondary. What Trident does in ways that surprise is done here
too: a status is written only when its state changes; what has failed is tried again only when its spec changes; the end
of any transfer is an update's success; a promotion leaves the source writable.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests
from ansible_collections.ocpvirt.dr.tests.conformance import definitions
from ansible_collections.ocpvirt.dr.tests.integration.control_loop import control_loop
from demo.cluster import Cluster, wait_until

GROUP = "/apis/trident.netapp.io/v1"
RELATIONSHIPS, UPDATES = "tridentmirrorrelationships", "tridentactionmirrorupdates"
DEFINITIONS = (f"{RELATIONSHIPS}.trident.netapp.io", f"{UPDATES}.trident.netapp.io")
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
FINALIZER = "trident.netapp.io"
MERGE = "application/merge-patch+json"
BUSY = "Busy"
TRANSITIONS = ("establishing", "reestablishing", "promoting")
Object = dict[str, Any]


@contextmanager
def operating(sites: dict[str, dict[str, Any]]) -> Iterator[None]:
    """Trident serves these sites of `lab env`. Its definitions stay there, as those of a Trident that is down do."""
    for site in sites.values():
        _install(Cluster(Path(site["kubeconfig"])))
    with ExitStack() as stack:
        for name, site in sites.items():
            trident = Trident(name, Cluster(Path(site["kubeconfig"])), site["storage_url"])
            stack.enter_context(control_loop(trident.mirror, trident.update))
        yield


def _install(cluster: Cluster) -> None:
    known = {item["metadata"]["name"] for item in cluster.list("CustomResourceDefinition")}
    for name in DEFINITIONS:
        if name not in known:
            cluster.call("POST", CRDS, definitions.of_vendors()[name])

    def unserved() -> list[str]:
        try:
            for plural in (RELATIONSHIPS, UPDATES):
                cluster.call("GET", f"{GROUP}/{plural}")
        except RuntimeError as error:
            # not known yet, or its storage is being made
            return [str(error)]
        return []

    wait_until("the definitions of Trident", 60, unserved)


class Refusal(RuntimeError):
    """What the storage answered in place of doing it."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Trident:
    def __init__(self, site: str, cluster: Cluster, storage_url: str) -> None:
        self._site = site
        self._cluster = cluster
        self._exports = f"{storage_url}/v1/exports"
        self._seen: dict[str, int] = {}

    def mirror(self) -> None:
        for item in self._list(RELATIONSHIPS):
            if FINALIZER not in item["metadata"].get("finalizers", []) and not _deleted(item):
                self._finalizers(item, [FINALIZER])
            elif _deleted(item):
                self._delete(item)
            elif self._is_open(item) and (export := self._export_of(item)):
                self._reconcile(item, export)
                self._seen[item["metadata"]["uid"]] = item["metadata"]["generation"]

    def update(self) -> None:
        for item in self._list(UPDATES):
            if item.get("status", {}).get("state") not in ("Succeeded", "Failed"):
                self._update(item)

    def _reconcile(self, item: Object, export: str) -> None:
        before = _condition(item)
        try:
            state, message = self._state(item, before, export), ""
        except Refusal as error:
            state, message = "failed", str(error)
        if state == before.get("state") and state:
            return
        condition = {
            "state": state,
            "message": message,
            "lastTransitionTime": datetime.now(UTC).isoformat(timespec="seconds"),
            "localPVCName": _mapping(item)["localPVCName"],
            "localVolumeHandle": f"svm-{self._site}:{export}",
            "remoteVolumeHandle": _mapping(item).get("remoteVolumeHandle", ""),
        }
        # of the newest spec, as Trident does it, whatever this state was made of
        latest = self._cluster.call("GET", _path(RELATIONSHIPS, item))
        condition["observedGeneration"] = latest["metadata"]["generation"]
        body = {"status": {"conditions": [condition]}}
        self._cluster.call("PATCH", f"{_path(RELATIONSHIPS, item)}/status", body, MERGE)

    def _state(self, item: Object, before: Object, export: str) -> str:
        asked, remote = item["spec"].get("state", ""), _mapping(item).get("remoteVolumeHandle", "")
        if before.get("remoteVolumeHandle") not in (None, "", remote):
            raise Refusal("", f"remoteVolumeHandle may not be changed from {before['remoteVolumeHandle']}")
        now = self._storage("GET", export)
        if asked == "promoted":
            return self._promote(export, now, remote)
        if not remote:
            return ""
        if now["role"] == "primary" and asked == "established":
            raise Refusal("", "mirrors can only be established with empty DP volumes as the destination")
        if asked == "reestablished" and now["direction"] != "incoming":
            return self._reestablish(export)
        done = now["direction"] == "incoming" and not now["resyncing"] and now["last_sync"]
        again = "re" if asked == "reestablished" else ""
        return f"{again}established" if done else f"{again}establishing"

    def _promote(self, export: str, now: Object, remote: str) -> str:
        if not remote or now["role"] == "primary":
            return "promoted"
        self._storage("POST", export, "/promote", {"force": True})
        return "promoting"

    def _reestablish(self, export: str) -> str:
        try:
            self._storage("POST", export, "/resync")
        except Refusal as error:
            # the storage notices with its next transfer only that its peer is primary now
            if error.reason != "NotSecondary":
                raise
        return "reestablishing"

    def _is_open(self, item: Object) -> bool:
        """Whether Trident has still to look: a new spec, or a state on its way. It looks at a failed one no more."""
        meta = item["metadata"]
        return _condition(item).get("state") in TRANSITIONS or self._seen.get(meta["uid"]) != meta["generation"]

    def _delete(self, item: Object) -> None:
        export = self._export_of(item)
        if export and self._storage("GET", export)["direction"] == "incoming":
            self._storage("POST", export, "/promote", {"force": True})
        self._finalizers(item, [])

    def _update(self, item: Object) -> None:
        of = f"{GROUP}/namespaces/{item['metadata']['namespace']}/{RELATIONSHIPS}"
        relationship = self._cluster.call("GET", f"{of}/{item['spec']['tridentMirrorRelationshipName']}")
        condition, export = _condition(relationship), self._export_of(relationship)
        if condition.get("state") not in ("established", "reestablished") or not export:
            self._say(item, state="Failed", message=f"it is in {condition.get('state')} state")
            return
        last = self._storage("GET", export)["last_sync"]
        status = item.get("status", {})
        if status.get("state") != "In progress":
            handles = {name: condition[name] for name in ("localVolumeHandle", "remoteVolumeHandle")}
            self._say(item, state="In progress", message="", previousTransferTime=last, **handles)
        elif last and _is_later(last, status.get("previousTransferTime")):
            self._say(item, state="Succeeded", message="", completionTime=datetime.now(UTC).isoformat())

    def _say(self, item: Object, **status: Any) -> None:
        # this kind has no subresource for its status
        self._cluster.call("PATCH", _path(UPDATES, item), {"status": status}, MERGE)

    def _finalizers(self, item: Object, names: list[str]) -> None:
        self._cluster.call("PATCH", _path(RELATIONSHIPS, item), {"metadata": {"finalizers": names}}, MERGE)

    def _export_of(self, item: Object) -> str:
        """Of the claim that the relationship names; empty while that is not there, or not bound."""
        namespace, name = item["metadata"]["namespace"], _mapping(item)["localPVCName"]
        claims = {found["metadata"]["name"]: found for found in self._cluster.list("PersistentVolumeClaim", namespace)}
        if claims.get(name, {}).get("status", {}).get("phase") != "Bound":
            return ""
        volume = self._cluster.get("PersistentVolume", claims[name]["spec"]["volumeName"])
        return str(volume["spec"]["csi"]["volumeAttributes"]["subdir"])

    def _storage(self, method: str, export: str, verb: str = "", body: Any = None) -> Object:
        answer = requests.request(method, f"{self._exports}/{export}{verb}", json=body, timeout=30)
        if not answer.ok:
            error = answer.json().get("error", {})
            if error.get("reason") == BUSY:
                # Trident comes by again, and says nothing meanwhile
                raise RuntimeError(error["message"])
            raise Refusal(error.get("reason", ""), error.get("message", answer.text[:200]))
        found: Object = answer.json()
        return found

    def _list(self, plural: str) -> list[Object]:
        found: list[Object] = self._cluster.call("GET", f"{GROUP}/{plural}")["items"]
        return found


def _is_later(moment: str, than: str | None) -> bool:
    return than is None or datetime.fromisoformat(moment) > datetime.fromisoformat(than)


def _condition(item: Object) -> Object:
    return (item.get("status", {}).get("conditions") or [{}])[0]


def _mapping(item: Object) -> Object:
    found: Object = item["spec"]["volumeMappings"][0]
    return found


def _deleted(item: Object) -> bool:
    return bool(item["metadata"].get("deletionTimestamp"))


def _path(plural: str, item: Object) -> str:
    return f"{GROUP}/namespaces/{item['metadata']['namespace']}/{plural}/{item['metadata']['name']}"
