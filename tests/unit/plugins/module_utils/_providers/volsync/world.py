# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan with one group over both sites of volsync_double, and provider volsync for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import PV, PVC
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.names import protected_label
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group, Plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.volsync.provider import VolsyncProvider
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.site_handles import site_handles
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.volsync.double import Data, VolsyncApi
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, SimulatedTime, plan_of


@dataclass
class World:
    time: SimulatedTime
    data: Data
    apis: dict[str, VolsyncApi]
    plan: Plan
    provider: VolsyncProvider

    @property
    def group(self) -> Group:
        return self.plan.groups[0]

    def wait(self, seconds: float = 130.0) -> None:
        self.time.sleep(seconds)

    def item(self, site: str, kind: str, name: str = "disk-0") -> dict[str, Any]:
        return self.apis[site].objects[kind, "payroll", name]

    def writes(self, site: str) -> list[str]:
        return [line for line in self.apis[site].writes if "Replication" in line]

    def fresh(self) -> VolsyncProvider:
        """As another process has it."""
        return provider_of(self.plan, self.apis)


def world(volumes: int = 2, at: tuple[str, ...] = ("east", "west"), **options: Any) -> World:
    """at: the sites where the claims are."""
    time, data = SimulatedTime(), Data()
    given = {"secret": {"name": "dr-key"}, "timeout": "5m", **options}
    plan = plan_of(replication={"provider": "volsync", "options": given})
    apis = {site: VolsyncApi(site, time, data) for site in ("east", "west")}
    for site in at:
        for number in range(volumes):
            add_claim(apis[site], f"disk-{number}")
    return World(time, data, apis, plan, provider_of(plan, apis))


def enabled(made: World) -> World:
    assert made.provider.enable(made.group, "east", "west")
    made.wait()
    for api in made.apis.values():
        api.writes.clear()
    return made


def provider_of(plan: Plan, apis: dict[str, VolsyncApi]) -> VolsyncProvider:
    return VolsyncProvider(site_handles(plan, apis))


def add_claim(api: VolsyncApi, name: str, namespace: str = "payroll") -> None:
    labels = {protected_label("payroll"): "true"}
    meta: dict[str, Any] = {"name": name, "namespace": namespace}
    volume = f"pv-{api.site}-{name}"
    MemoryApi.create(api, PVC, {"metadata": {**meta, "labels": labels}, "spec": {"volumeName": volume}})
    MemoryApi.create(api, PV, {"metadata": {"name": volume}, "spec": {"claimRef": meta}})


def roles(made: World) -> tuple[str, str]:
    provider = made.fresh()
    return tuple(provider.observe(made.group, site).role for site in ("east", "west"))  # type: ignore[return-value]
