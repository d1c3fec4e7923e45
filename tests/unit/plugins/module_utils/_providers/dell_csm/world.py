# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan with one group over both sites of dell_csm_double, and provider dell_csm for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import DELL_REPLICATION_GROUP, PV, PVC
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.names import protected_label
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group, Plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.dell_csm.objects import GROUP_OF_PV, REMOTE_GROUP
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.dell_csm.provider import DellCsmProvider
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.dell_csm.double import (
    POWERSTORE,
    Arrays,
    DellApi,
    other,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.site_handles import site_handles
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, SimulatedTime, plan_of

RG = "rg-1"


@dataclass
class World:
    time: SimulatedTime
    arrays: Arrays
    apis: dict[str, DellApi]
    plan: Plan

    @property
    def group(self) -> Group:
        return self.plan.groups[0]

    @property
    def provider(self) -> DellCsmProvider:
        """A fresh one, as in each module's process."""
        return DellCsmProvider(site_handles(self.plan, self.apis, lambda api: api.check(PV)))

    def wait(self, seconds: float = 61.0) -> None:
        """By default until both monitors have looked."""
        self.time.sleep(seconds)

    def rg(self, site: str) -> dict[str, Any]:
        return self.apis[site].item(RG)

    def set(self, site: str, **status: Any) -> None:
        """A status by hand, as a controller has left it."""
        item = self.rg(site)
        item["status"].update(status)
        self.apis[site].keep(item)

    def roles(self) -> tuple[str, str]:
        """Of east and west, once both monitors have looked."""
        self.wait()
        return tuple(self.provider.observe(self.group, site).role for site in ("east", "west"))  # type: ignore[return-value]

    def forced(self) -> None:
        """West was promoted by force while the arrays did not reach each other; they do again."""
        self.arrays.linked = False
        self.wait()
        assert self.provider.promote(self.group, "west", forced=True)
        self.arrays.linked = True


def world(volumes: int = 2, driver: str = POWERSTORE, at: tuple[str, ...] = ("east", "west"), **options: Any) -> World:
    """East is source. at: the sites where the claims are; the PVs are at both."""
    time, arrays = SimulatedTime(), Arrays(driver)
    plan = plan_of(replication={"provider": "dell_csm", "options": {"timeout": "5m", **options}})
    apis = {site: DellApi(site, time, arrays) for site in ("east", "west")}
    made = World(time, arrays, apis, plan)
    for site, api in apis.items():
        MemoryApi.create(api, DELL_REPLICATION_GROUP, replication_group(site, driver))
        for number in range(volumes):
            add_volume(api, f"disk-{number}", RG, driver)
            if site in at:
                add_claim(api, f"disk-{number}")
    made.wait()
    for api in apis.values():
        api.writes.clear()
    return made


def replication_group(site: str, driver: str = POWERSTORE, name: str = RG) -> dict[str, Any]:
    spec = {
        "action": "",
        "driverName": driver,
        "protectionGroupId": f"{name}-{site}",
        "remoteClusterId": other(site),
        "remoteProtectionGroupId": f"{name}-{other(site)}",
    }
    meta = {"name": name, "annotations": {REMOTE_GROUP: name}}
    return {"metadata": meta, "spec": spec, "status": {"state": "Ready", "conditions": [], "lastAction": {}}}


def add_volume(api: DellApi, name: str, group: str = RG, driver: str = POWERSTORE) -> None:
    csi = {"driver": driver, "volumeHandle": f"{name}-{api.site}"}
    labels = {GROUP_OF_PV: group} if group else {}
    MemoryApi.create(api, PV, {"metadata": {"name": f"pv-{name}", "labels": labels}, "spec": {"csi": csi}})


def add_claim(api: DellApi, name: str) -> None:
    meta = {"name": name, "namespace": "payroll", "labels": {protected_label("payroll"): "true"}}
    MemoryApi.create(api, PVC, {"metadata": meta, "spec": {"volumeName": f"pv-{name}"}})
