# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan with one group over both sites of csi_addons_double, and provider csi_addons for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import (
    PV,
    PVC,
    VOLUME_REPLICATION,
    VOLUME_REPLICATION_CLASS,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.names import protected_label
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group, Plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.csi_addons.provider import CsiAddonsProvider
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.csi_addons.double import (
    REPLICATIONS,
    AddonsApi,
    Storage,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.site_handles import site_handles
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, SimulatedTime, plan_of

DRIVER = "block.csi.example.com"
EVERY_MINUTE = {"schedulingInterval": "1m"}
OPTIONS = {"class": "mirrored", "group_class": "mirrored-groups", "timeout": "5m"}


@dataclass
class World:
    """A plan with one group over both sites."""

    time: SimulatedTime
    storage: Storage
    apis: dict[str, AddonsApi]
    plan: Plan
    provider: CsiAddonsProvider

    @property
    def group(self) -> Group:
        return self.plan.groups[0]

    def wait(self, seconds: float = 61.0) -> None:
        self.time.sleep(seconds)

    def replication(self, site: str, name: str = "disk-0") -> dict[str, Any]:
        return self.apis[site].get(VOLUME_REPLICATION, name, "payroll")

    def asked(self, site: str) -> dict[str, str]:
        """Name to the state that each object at a site is asked for."""
        return {
            name: item["spec"]["replicationState"]
            for (kind, _ns, name), item in self.apis[site].objects.items()
            if kind in REPLICATIONS
        }

    def written(self, site: str) -> list[str]:
        """What was written there by us, and not by the controller."""
        return [line for line in self.apis[site].writes if line.split()[0] not in ("status", "mark")]


def world(volumes: int = 2, at: tuple[str, ...] = ("east", "west"), **options: Any) -> World:
    """at: the sites where the claims are."""
    time, storage = SimulatedTime(), Storage()
    plan = plan_of(replication={"provider": "csi_addons", "options": {**OPTIONS, **options}})
    apis = {site: AddonsApi(site, time, storage) for site in ("east", "west")}
    for site, api in apis.items():
        for name in ("mirrored", "other"):
            spec = {"provisioner": DRIVER if name == "mirrored" else "other.csi", "parameters": EVERY_MINUTE}
            MemoryApi.create(api, VOLUME_REPLICATION_CLASS, {"metadata": {"name": name}, "spec": spec})
        body = {"metadata": {"name": "mirrored-groups"}, "spec": {"provisioner": DRIVER}}
        api.objects["VolumeGroupReplicationClass", None, "mirrored-groups"] = body
        if site in at:
            for number in range(volumes):
                add_claim(api, f"disk-{number}")
        api.writes.clear()
    return World(time, storage, apis, plan, provider_of(plan, apis))


def provider_of(plan: Plan, apis: dict[str, AddonsApi]) -> CsiAddonsProvider:
    return CsiAddonsProvider(site_handles(plan, apis))


def add_claim(api: AddonsApi, name: str, namespace: str = "payroll", driver: str = DRIVER) -> None:
    labels = {protected_label("payroll"): "true"}
    body: dict[str, Any] = {"metadata": {"name": name, "namespace": namespace, "labels": labels}}
    MemoryApi.create(api, PVC, {**body, "spec": {"volumeName": f"pv-{namespace}-{name}"}})
    csi = {"driver": driver, "volumeHandle": name}
    MemoryApi.create(api, PV, {"metadata": {"name": f"pv-{namespace}-{name}"}, "spec": {"csi": csi}})


def enabled(made: World) -> World:
    assert made.provider.enable(made.group, "east", "west")
    made.wait()
    for site in ("east", "west"):
        made.apis[site].writes.clear()
        made.apis[site].lists.clear()
    return made


def roles(made: World) -> tuple[str, str]:
    return tuple(made.provider.observe(made.group, site).role for site in ("east", "west"))  # type: ignore[return-value]


def begins_later(made: World, site: str, seconds: float) -> None:
    """The controller is down, and looks at everything when it is back."""
    api = made.apis[site]
    api.stopped = True

    def begin() -> None:
        api.stopped = False
        for key in [key for key in api.objects if key[0] == VOLUME_REPLICATION.kind]:
            api.reconcile(key)

    made.time.at(made.time.seconds + seconds, begin)


def replication(name: str, claim: str) -> dict[str, Any]:
    return {
        "kind": "VolumeReplication",
        "metadata": {"name": name, "namespace": "payroll"},
        "spec": {
            "volumeReplicationClass": "mirrored",
            "replicationState": "primary",
            "dataSource": {"kind": "PersistentVolumeClaim", "name": claim},
        },
    }
