# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A store in memory with a clock of its own, and sites that hold what a plan protects."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import (
    CONFIG_MAP,
    CONTROLLER_REVISION,
    NAMESPACE,
    PV,
    PVC,
    SECRET,
    SERVICE,
    VM,
    Kind,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import NotFound
from ansible_collections.ocpvirt.dr.plugins.module_utils._metadata.export import ExportSource
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Plan
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import NOON, MemoryApi, plan_of

LABEL = "protected.dr.ocpvirt.io/payroll"
ROUTE = Kind("route.openshift.io", "v1", "routes", "Route")
SERVICE_ACCOUNT = Kind("", "v1", "serviceaccounts", "ServiceAccount")


class MemoryStore:
    """before_put: called with each key before it is written, and may raise as a kill would."""

    where = "the store"

    def __init__(self) -> None:
        self.contents: dict[str, bytes] = {}
        self.written: dict[str, datetime] = {}
        self.now = NOON
        self.puts: list[str] = []
        self.before_put: Callable[[str], object] = lambda _key: None
        self.before_delete: Callable[[str], object] = lambda _key: None

    def put(self, key: str, content: bytes) -> None:
        self.before_put(key)
        self.contents[key], self.written[key] = content, self.now
        self.puts.append(key)

    def get(self, key: str) -> bytes:
        if key not in self.contents:
            raise NotFound("read in the store of captures", on=key)
        return self.contents[key]

    def list(self, prefix: str) -> dict[str, datetime]:
        return {key: moment for key, moment in self.written.items() if key.startswith(prefix)}

    def delete(self, key: str) -> None:
        self.before_delete(key)
        self.contents.pop(key, None)
        self.written.pop(key, None)

    def sweep(self, prefix: str, before: datetime) -> None:
        return

    def blobs(self) -> list[str]:
        return [key for key in self.contents if "/blobs/" in key]

    def indexes(self) -> list[str]:
        return [key for key in self.contents if "/captures/" in key]

    def later(self, **passed: float) -> None:
        self.now += timedelta(**passed)


class Site(MemoryApi):
    """Serves all kinds but the absent ones; server-side apply joins what is there with what is given."""

    def __init__(self, name: str, *absent: Kind) -> None:
        super().__init__(name)
        self.absent = {kind.resource for kind in absent}

    def list(self, kind: Kind, *given: Any, **named: Any) -> list[dict[str, Any]]:
        if kind.resource in self.absent:
            raise NotFound("GET", site=self.site, on=kind.kind, status=404)
        return super().list(kind, *given, **named)

    def raw(self, path: str, timeout: float | None = None) -> Any:
        served = {"route.openshift.io": "routes", "apps": "controllerrevisions", "networking.k8s.io": "ingresses"}
        group = path.split("/")[2]
        if any(resource.endswith(f".{group}") for resource in self.absent):
            raise NotFound(f"GET {path}", site=self.site, status=404)
        return {"resources": [{"name": served[group]}]}

    def apply(self, kind: Kind, body: dict[str, Any], force: bool = True) -> dict[str, Any]:
        seen = self.find(kind, body["metadata"]["name"], body["metadata"].get("namespace"))
        if seen:
            del seen["metadata"]["resourceVersion"]
        return super().apply(kind, _joined(seen or {}, body), force)

    def patch(self, kind: Kind, name: str, namespace: str | None, body: dict[str, Any]) -> dict[str, Any]:
        return self._store("patch", (kind.kind, namespace, name), _joined(self.get(kind, name, namespace), body))

    def add(self, kind: Kind, name: str, labelled: bool = True, **content: Any) -> dict[str, Any]:
        body = protected(kind, name, labelled=labelled)
        content.setdefault("metadata", {})
        return self.create(kind, _joined(body, content))


def _joined(seen: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    found = copy.deepcopy(seen)
    for key, value in given.items():
        if isinstance(value, dict) and isinstance(found.get(key), dict):
            found[key] = _joined(found[key], value)
        elif value is None:
            found.pop(key, None)
        else:
            found[key] = copy.deepcopy(value)
    return found


def protected(kind: Kind, name: str, labelled: bool = True) -> dict[str, Any]:
    """An object as an API server shows it."""
    meta: dict[str, Any] = {
        "name": name,
        "uid": f"uid-of-{name}",
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "managedFields": [{"manager": "kubectl"}],
        "ownerReferences": [{"kind": "VirtualMachine", "name": "db", "uid": "9d1b"}],
        "finalizers": ["example.org/stay"],
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}", "team": "payroll"},
    }
    if kind.namespaced:
        meta["namespace"] = "payroll"
    if labelled:
        meta["labels"] = {LABEL: "true"}
    return {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": meta}


def east() -> Site:
    site = Site("east")
    site.add(NAMESPACE, "payroll", labelled=False, spec={"finalizers": ["kubernetes"]})
    site.add(SECRET, "cloud-init", data={"userdata": "czNjcjN0"})
    site.add(SECRET, "of-somebody-else", labelled=False, data={})
    site.add(CONFIG_MAP, "settings", data={"a": "1"})
    site.add(CONTROLLER_REVISION, "db-rev", revision=1, data={"spec": {}})
    site.add(SERVICE, "web", spec={"clusterIP": "10.0.0.1", "ports": [{"port": 443, "nodePort": 30443}]})
    site.add(ROUTE, "web", spec={"host": "web.east.example.org", "to": {"name": "web"}})
    site.add(PV, "pv-db", spec={"nfs": {"server": "192.0.2.10", "path": "/exports/db"}})
    site.add(PV, "pv-of-somebody-else", labelled=False, spec={})
    site.add(PVC, "db", spec={"volumeName": "pv-db"}, status={"phase": "Bound", "capacity": {"storage": "1Gi"}})
    site.add(
        VM, "db", spec={"runStrategy": "Manual", "template": {}}, status={"ready": True, "volumeSnapshotStatuses": []}
    )
    return site


def export_plan(**metadata: Any) -> Plan:
    return plan_of(metadata={"source": "export", "export": {"directory": "/srv/captures"}, **metadata})


def source(store: MemoryStore, **metadata: Any) -> ExportSource:
    return ExportSource(export_plan(**metadata), store)
