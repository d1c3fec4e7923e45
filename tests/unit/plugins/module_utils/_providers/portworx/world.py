# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan with one group over both sites of portworx_double, and provider portworx for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import PV, PVC
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.names import protected_label
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group, Plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.portworx.provider import PortworxProvider
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.portworx.double import Data, StorkApi
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.portworx.stork_site import (
    ACTION,
    MIGRATION,
    SCHEDULE,
    Object,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.site_handles import site_handles
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, SimulatedTime, plan_of

FROM_EAST, FROM_WEST = "payroll-from-east", "payroll-from-west"


@dataclass
class World:
    time: SimulatedTime
    data: Data
    apis: dict[str, StorkApi]
    plan: Plan

    @property
    def group(self) -> Group:
        return self.plan.groups[0]

    @property
    def provider(self) -> PortworxProvider:
        """A fresh one, as in each module's process."""
        return PortworxProvider(site_handles(self.plan, self.apis))

    def wait(self, seconds: float = 65.0) -> None:
        """By default until a migration has ended that began after now."""
        self.time.sleep(seconds)

    def schedule(self, site: str, name: str) -> Object:
        return self.apis[site].objects[SCHEDULE, "payroll", name]

    def actions(self, site: str) -> list[Object]:
        return self.apis[site].of(ACTION)

    def last_miles(self, site: str) -> list[Object]:
        return [item for item in self.apis[site].of(MIGRATION) if "lastmile" in item["metadata"]["name"]]

    def roles(self) -> tuple[str, str]:
        provider = self.provider
        return tuple(provider.observe(self.group, site).role for site in ("east", "west"))  # type: ignore[return-value]

    def forced(self) -> None:
        """West was promoted by force while east did not answer; it does again."""
        self.apis["east"].reachable = False
        assert self.provider.promote(self.group, "west", forced=True)
        self.apis["east"].reachable = True


def world(volumes: int = 2, at: tuple[str, ...] = ("east", "west"), enabled: bool = True, **options: Any) -> World:
    """at: the sites where the claims are."""
    time, data = SimulatedTime(), Data()
    given = {"cluster_pair": "pair", "timeout": "5m", **options}
    plan = plan_of(replication={"provider": "portworx", "options": given})
    made = World(time, data, {site: StorkApi(site, time, data) for site in ("east", "west")}, plan)
    for site in at:
        for number in range(volumes):
            add_claim(made.apis[site], f"disk-{number}")
    if enabled:
        assert made.provider.enable(made.group, "east", "west")
        made.wait()
    for api in made.apis.values():
        api.writes.clear()
    return made


def add_claim(api: StorkApi, name: str, namespace: str = "payroll") -> None:
    meta: dict[str, Any] = {"name": name, "namespace": namespace}
    volume = f"pvc-{name}"
    labels = {protected_label("payroll"): "true"}
    MemoryApi.create(api, PVC, {"metadata": {**meta, "labels": labels}, "spec": {"volumeName": volume}})
    MemoryApi.create(api, PV, {"metadata": {"name": volume}, "spec": {"claimRef": meta}})


def switch(made: World, source: str, target: str) -> None:
    """A planned switch, from its beginning to its end."""
    assert made.provider.demote(made.group, source) is True
    assert made.provider.final_sync(made.group, source, target).holds
    assert made.provider.promote(made.group, target, forced=False) is True
