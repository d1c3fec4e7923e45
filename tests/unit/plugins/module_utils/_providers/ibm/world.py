# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan with one group over both sites of ibm_double, and provider ibm for it."""

from __future__ import annotations

from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import (
    PV,
    PVC,
    VOLUME_REPLICATION_CLASS,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.names import protected_label
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.csi_addons.options import IBM_DRIVER
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ibm.configuration import SECRET
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ibm.provider import IbmProvider
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.csi_addons.double import other
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.csi_addons.world import World
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.ibm.double import (
    IbmApi,
    IbmArrays,
    handle_of,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.site_handles import site_handles
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, SimulatedTime, plan_of

TOLD = "dr.example.org/handle-of-copy"
SECRETS = {f"{SECRET}name": "flash", f"{SECRET}namespace": "ibm"}


class IbmWorld(World):
    storage: IbmArrays
    apis: dict[str, IbmApi]  # type: ignore[assignment]

    def again(self) -> IbmProvider:
        """Another process."""
        self.provider = provider_of(self.plan, self.apis)
        return self.provider

    def set_class(self, site: str, **changes: Any) -> None:
        """Parameters of the class; None takes one away."""
        found = self.apis[site].objects["VolumeReplicationClass", None, "flash"]
        merged = {**found["spec"]["parameters"], **changes}
        found["spec"]["parameters"] = {key: value for key, value in merged.items() if value is not None}
        self.wait(6)


def world(mode: str = "mirror", volumes: int = 2, at: tuple[str, ...] = ("east", "west"), **options: Any) -> IbmWorld:
    """at: the sites where the claims are."""
    time, storage = SimulatedTime(), IbmArrays()
    plan = plan_of(replication={"provider": "ibm", "options": {"class": "flash", "timeout": "5m", **options}})
    apis = {site: IbmApi(site, time, storage) for site in ("east", "west")}
    for site, api in apis.items():
        of_mode = {"replication_policy": "async"} if mode == "policy" else {"system_id": f"system-{other(site)}"}
        spec = {"provisioner": IBM_DRIVER, "parameters": {**of_mode, **SECRETS}}
        MemoryApi.create(api, VOLUME_REPLICATION_CLASS, {"metadata": {"name": "flash"}, "spec": spec})
        for number in range(volumes if site in at else 0):
            add_claim(api, f"disk-{number}")
        api.writes.clear()
    return IbmWorld(time, storage, apis, plan, provider_of(plan, apis))  # type: ignore[arg-type]


def provider_of(plan: Plan, apis: dict[str, IbmApi]) -> IbmProvider:
    return IbmProvider(site_handles(plan, apis))


def add_claim(api: IbmApi, name: str, told: str = "") -> None:
    meta: dict[str, Any] = {"name": name, "namespace": "payroll", "labels": {protected_label("payroll"): "true"}}
    meta["annotations"] = {TOLD: told} if told else {}
    MemoryApi.create(api, PVC, {"metadata": meta, "spec": {"volumeName": f"pv-{name}"}})
    csi = {"driver": IBM_DRIVER, "volumeHandle": handle_of(api.site, name)}
    MemoryApi.create(api, PV, {"metadata": {"name": f"pv-{name}"}, "spec": {"csi": csi}})


def enabled(made: IbmWorld) -> IbmWorld:
    assert made.provider.enable(made.group, "east", "west")
    made.wait()
    for site in ("east", "west"):
        made.apis[site].writes.clear()
    made.storage.orders.clear()
    return made


def demoted(made: IbmWorld) -> IbmWorld:
    """East has given its volumes up, with proof."""
    assert made.provider.demote(made.group, "east")
    assert made.provider.final_sync(made.group, "east", "west").holds
    return made


def failed_over(made: IbmWorld) -> IbmWorld:
    """West was promoted by force while east was away, and both write."""
    made.storage.linked = made.apis["east"].reachable = False
    assert made.again().promote(made.group, "west", forced=True)
    made.storage.write("west", "disk-0", "new life")
    made.storage.linked = made.apis["east"].reachable = True
    made.again()
    return made
