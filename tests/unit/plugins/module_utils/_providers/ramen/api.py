# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster with Ramen's custom resources, and their conditions as an operator of Ramen's writes them."""

from __future__ import annotations

from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import (
    DR_PLACEMENT_CONTROL,
    RAMEN_VOLUME_GROUP,
    Kind,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import NotFound, Unreachable
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, SimulatedTime

Object = dict[str, Any]


class RamenApi(MemoryApi):
    """reachable: by us. served: whether Ramen's definitions are there. errors: raised by the next requests."""

    def __init__(self, site: str, time: SimulatedTime) -> None:
        super().__init__(site, time.clock())
        self.reachable = True
        self.served = True
        self.patience = 45.0
        self.errors: list[Exception] = []
        self.patches: list[Object] = []

    def list(self, kind: Kind, *args: Any, **named: Any) -> list[Object]:
        self.check(kind)
        return super().list(kind, *args, **named)

    def patch(self, kind: Kind, name: str, namespace: str | None, body: Object) -> Object:
        self.check(kind)
        before = self.get(kind, name, namespace)
        found = super().patch(kind, name, namespace, body)
        self.patches.append(body)
        if found["spec"] != before["spec"]:
            found["metadata"]["generation"] += 1
            found = self.keep(kind, found)
        return found

    def check(self, kind: Kind) -> None:
        if not self.reachable:
            raise Unreachable("GET", site=self.site, seen="timed out")
        if self.errors:
            raise self.errors.pop(0)
        if kind in (DR_PLACEMENT_CONTROL, RAMEN_VOLUME_GROUP) and not self.served:
            raise NotFound("GET", site=self.site, on=kind.resource, seen="404 page not found", status=404)

    def keep(self, kind: Kind, item: Object) -> Object:
        meta = item["metadata"]
        return self._store("operator", (kind.kind, meta.get("namespace"), meta["name"]), item)

    def orders(self) -> list[tuple[str, str]]:
        found = [body["spec"] for body in self.patches if "spec" in body]
        return [(spec["action"], spec.get("failoverCluster") or spec["preferredCluster"]) for spec in found]


def tell(item: Object, name: str, value: bool | None, reason: str, message: str) -> None:
    entry = {
        "type": name,
        "status": {True: "True", False: "False", None: "Unknown"}[value],
        "reason": reason,
        "message": message,
        "observedGeneration": item["metadata"]["generation"],
    }
    rest = [known for known in item["status"].get("conditions", []) if known["type"] != name]
    item["status"]["conditions"] = [*rest, entry]


def holds(item: Object, name: str, of_now: bool = True) -> bool:
    generation = item["metadata"]["generation"]
    return any(
        entry["type"] == name
        and entry["status"] == "True"
        and (entry["observedGeneration"] == generation or not of_now)
        for entry in item["status"].get("conditions", [])
    )
