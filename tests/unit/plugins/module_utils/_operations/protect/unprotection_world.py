# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan that is protected, at two sites in memory; who writes there is counted, and killed."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import NAMESPACE, PV, PVC, SECRET, VM
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import NotFound
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan import asking
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan.sites import Reach
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.protect import unprotection
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, plan_of

PLAN = plan_of()
LABEL = "protected.dr.ocpvirt.io/payroll"
POLICY = "dr.ocpvirt.io/reclaim-policy"
OWN = {"tier": "db"}
LATCH = "dr-latch-payroll"
WORKLOAD = {"dr.ocpvirt.io/plan": "payroll"}


class Killed(Exception):
    """In the place of kill -9: no code of ours sees it."""


class Cluster(MemoryApi):
    """Counts writes, and is killed before the one that is named. Serves no admission policies."""

    def __init__(self, site: str, world: World) -> None:
        super().__init__(site)
        self._world = world
        self.unserved: set[str] = set()

    def list(self, kind: Any, namespace: Any = None, labels: Any = None, fields: Any = None) -> list[dict[str, Any]]:
        if kind.kind in self.unserved:
            raise NotFound("GET", site=self.site, on=kind.kind, status=404)
        return super().list(kind, namespace, labels)

    def create(self, kind: Any, body: dict[str, Any], strict: bool = False, dry_run: bool = False) -> dict[str, Any]:
        return body if dry_run else super().create(kind, body, strict)

    def patch(self, kind: Any, name: str, namespace: str | None, body: dict[str, Any]) -> dict[str, Any]:
        self._world.wrote(f"{self.site} {kind.kind} {name}")
        return super().patch(kind, name, namespace, body)

    def delete(self, kind: Any, name: str, namespace: str | None = None, uid: str | None = None) -> bool:
        if self.find(kind, name, namespace):
            self._world.wrote(f"{self.site} {kind.kind} {name}")
        return super().delete(kind, name, namespace, uid)

    def put(self, kind: Any, name: str, body: dict[str, Any], **meta: Any) -> None:
        namespace = "payroll" if kind.namespaced else None
        metadata = {"name": name, "uid": f"uid-{name}", **meta} | ({"namespace": namespace} if namespace else {})
        self._store("create", (kind.kind, namespace, name), {**body, "kind": kind.kind, "metadata": metadata})


class World:
    """A plan that lives at east, protected; with two groups that replicate to west."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.log: list[str] = []
        self.writes_left: int | None = None
        self.sites = {name: Cluster(name, self) for name in PLAN.sites}
        self.replicated = {"east", "west"}
        self.roles = {"east": "primary", "west": "secondary"}
        self.silent: set[str] = set()
        self._fill()
        world = self

        class Provider:
            def enabled(self, _group: object, site: str) -> bool:
                return site in world.replicated

            def disable(self, _group: object, site: str) -> bool:
                world.wrote(f"{site} replication")
                world.replicated.discard(site)
                return True

        class Observed:
            def __init__(self, _plan: Plan) -> None:
                pass

            def provider(self, _group: object) -> Provider:
                return Provider()

            def hear(self, _site: str, _answer: object) -> None:
                pass

            def observe(self, names: Any) -> dict[str, list[GroupStatus]]:
                return {name: [world.status(name)] for name in names}

        def reached(_plan: Plan, name: str, _seconds: float, once: bool = False) -> Reach:
            if name in world.silent:
                return Reach(name, "unreachable", "timed out")
            return Reach(name, "reachable", api=world.sites[name])  # type: ignore[arg-type]

        monkeypatch.setattr(asking, "Groups", Observed)
        monkeypatch.setattr(unprotection, "Groups", Observed)
        monkeypatch.setattr(asking, "reach", reached)

    def _fill(self) -> None:
        east = self.sites["east"]
        marked = {"labels": {LABEL: "true", **OWN}}
        for site in self.sites.values():
            site.put(NAMESPACE, "payroll", {})
        east.put(VM, "db", vm_body(), **with_labels(marked, {"dr.ocpvirt.io/plan": "payroll"}))
        east.put(SECRET, "login", {"data": {}}, **copy.deepcopy(marked))
        east.put(SECRET, "of-a-person", {"data": {}}, **copy.deepcopy(marked))
        east.put(SECRET, "of-nobody", {"data": {}}, labels=dict(OWN))
        self.put_volume("db")
        east.objects["Schedule", "openshift-adp", "payroll-east"] = schedule()

    def put_volume(self, name: str) -> None:
        east = self.sites["east"]
        marked = {"labels": {LABEL: "true", **OWN}}
        reference = {"namespace": "payroll", "name": name, "uid": f"uid-{name}"}
        spec = {"persistentVolumeReclaimPolicy": "Retain", "claimRef": reference}
        east.put(
            PV, f"pv-{name}", {"spec": spec, "status": {"phase": "Bound"}}, **marked, annotations={POLICY: "Delete"}
        )
        east.put(PVC, name, {"spec": {"volumeName": f"pv-{name}"}}, **copy.deepcopy(marked))

    def wrote(self, what: str) -> None:
        if self.writes_left == 0:
            raise Killed
        if self.writes_left is not None:
            self.writes_left -= 1
        self.log.append(what)

    def status(self, site: str) -> GroupStatus:
        role = self.roles[site] if site in self.replicated else "unknown"
        return GroupStatus("payroll", site, role, "healthy", "none")  # type: ignore[arg-type]

    def unprotect(self, check_mode: bool = False, captures: bool = False, plan: Plan = PLAN) -> dict[str, Any]:
        return unprotection.unprotect(plan, "east", check_mode, captures)

    def labels(self, kind: Any, name: str) -> Any:
        return self.sites["east"].get(kind, name, "payroll" if kind.namespaced else None)["metadata"].get("labels")

    def content(self) -> dict[Any, Any]:
        """Of both sites, but the lock."""
        return {
            (site, *key): {**item, "metadata": {**item["metadata"], "resourceVersion": ""}}
            for site, api in self.sites.items()
            for key, item in api.objects.items()
            if key[0] not in ("Lease",) and key[1] != PLAN.store_namespace
        }


def with_labels(meta: dict[str, Any], more: dict[str, str]) -> dict[str, Any]:
    return {"labels": {**meta["labels"], **more}}


def vm_body() -> dict[str, Any]:
    volumes = [
        {"name": "root", "persistentVolumeClaim": {"claimName": "db"}},
        {"name": "login", "secret": {"secretName": "login"}},
    ]
    return {"spec": {"runStrategy": "Always", "template": {"spec": {"volumes": volumes}}}}


def schedule(plan: str = "payroll") -> dict[str, Any]:
    labels = {"dr.ocpvirt.io/capture-of-plan": plan}
    return {
        "metadata": {"name": "payroll-east", "namespace": "openshift-adp", "uid": "s"},
        "spec": {"template": {"metadata": {"labels": labels}}},
    }


def put_workload(world: World, item: dict[str, Any], by: str = "") -> None:
    """As protect left it. by: who wrote the label, where that is asked."""
    east, meta = world.sites["east"], item["metadata"]
    fields = {"f:metadata": {"f:labels": {f"f:{LABEL}": {}}}}
    meta["labels"] |= {LABEL: "true"}
    if by:
        meta["managedFields"] = [{"manager": by, "operation": "Update", "fieldsV1": fields}]
    east._store("create", (item["kind"], "payroll", meta["name"]), item)
