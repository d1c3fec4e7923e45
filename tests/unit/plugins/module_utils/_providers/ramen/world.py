# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan with one group over both clusters and the hub of ramen_double, and provider ramen for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import (
    DR_PLACEMENT_CONTROL,
    PV,
    PVC,
    RAMEN_VOLUME_GROUP,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.names import protected_label
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group, Plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ramen.objects import LAST_PLACED, example
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ramen.provider import RamenProvider
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.ramen.api import RamenApi, tell
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.ramen.double import (
    CLUSTERS,
    NAME,
    SPACE,
    Ramen,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.site_handles import site_handles
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, SimulatedTime, plan_of

HUB = {"kubeconfig": "hub.yml"}


@dataclass
class World:
    time: SimulatedTime
    hub: RamenApi
    apis: dict[str, RamenApi]
    ramen: Ramen
    plan: Plan
    connected: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def group(self) -> Group:
        return self.plan.groups[0]

    @property
    def provider(self) -> RamenProvider:
        """A fresh one, as in each module's process."""

        def connect(_name: str, auth: Mapping[str, Any]) -> RamenApi:
            self.connected.append(auth)
            return self.hub

        return RamenProvider(site_handles(self.plan, self.apis, connect=connect))

    def wait(self, seconds: float = 10.0) -> None:
        """By default until all operators have had their say."""
        self.time.sleep(seconds)

    def roles(self) -> tuple[str, str]:
        """Of east and west."""
        return tuple(self.provider.observe(self.group, site).role for site in ("east", "west"))  # type: ignore[return-value]

    def lose(self, site: str) -> None:
        """Neither we nor the hub reach it, nor does the other storage."""
        self.apis[site].reachable, self.ramen.linked = False, False
        self.ramen.reached.discard(site)

    def bring_back(self, site: str) -> None:
        self.apis[site].reachable, self.ramen.linked = True, True
        self.ramen.reached.add(site)

    def forced(self) -> None:
        """West was failed over to while east was lost; east is back, and not cleaned up yet."""
        self.ramen.unused.discard("east")
        self.lose("east")
        assert self.provider.promote(self.group, "west", forced=True)
        self.bring_back("east")
        self.ramen.reached.discard("east")


def world(volumes: int = 2, **options: Any) -> World:
    """Deployed at east, and protected; the claims are where the application is."""
    time = SimulatedTime()
    names = {"sites": {site: {"cluster": cluster} for site, cluster in CLUSTERS.items()}}
    replication = {"provider": "ramen", "options": {"hub": HUB, "timeout": "5m", **names, **options}}
    hub, apis = RamenApi("hub", time), {site: RamenApi(site, time) for site in CLUSTERS}
    claims = [f"payroll/disk-{number}" for number in range(volumes)]
    MemoryApi.create(hub, DR_PLACEMENT_CONTROL, placement())
    for site, api in apis.items():
        MemoryApi.create(api, RAMEN_VOLUME_GROUP, volume_group("primary" if site == "east" else "secondary"))
    for number in range(volumes):
        add_claim(apis["east"], f"disk-{number}")
    made = World(time, hub, apis, Ramen(time, hub, apis, claims), plan_of(replication=replication))
    made.wait()
    for api in (hub, *apis.values()):
        api.writes.clear()
    return made


def placement() -> dict[str, Any]:
    found = example()
    found["metadata"] |= {
        "name": NAME,
        "namespace": SPACE,
        "generation": 1,
        "annotations": {LAST_PLACED: CLUSTERS["east"]},
    }
    found["spec"]["preferredCluster"] = CLUSTERS["east"]
    found["status"] = {"phase": "Deployed", "progression": "Completed", "observedGeneration": 1}
    for name in ("Available", "PeerReady", "Protected"):
        tell(found, name, True, "Success", "Ready")
    return found


def volume_group(state: str) -> dict[str, Any]:
    spec = {"replicationState": state, "pvcSelector": {}, "s3Profiles": ["one"]}
    status = {"state": state.capitalize(), "observedGeneration": 1}
    return {"metadata": {"name": NAME, "namespace": SPACE, "generation": 1}, "spec": spec, "status": status}


def volume(name: str) -> dict[str, Any]:
    spec = {"claimRef": {"namespace": "payroll", "name": name}, "csi": {"driver": "rbd", "volumeHandle": name}}
    return {"metadata": {"name": f"pv-{name}"}, "spec": spec}


def add_claim(api: RamenApi, name: str) -> None:
    meta = {"name": name, "namespace": "payroll", "labels": {protected_label("payroll"): "true"}}
    MemoryApi.create(api, PV, volume(name))
    MemoryApi.create(api, PVC, {"metadata": meta, "spec": {"volumeName": f"pv-{name}"}})
