# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan with one group over both sites of trident_double, and provider trident for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import (
    PV,
    PVC,
    TRIDENT_MIRROR_RELATIONSHIP,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.names import protected_label
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group, Plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.trident.provider import TridentProvider
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.site_handles import site_handles
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.trident.double import Ontap, TridentApi
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, SimulatedTime, plan_of

DRIVER = "csi.trident.netapp.io"
PROTECTED = {protected_label("payroll"): "true"}


@dataclass
class World:
    time: SimulatedTime
    ontap: Ontap
    apis: dict[str, TridentApi]
    plan: Plan
    provider: TridentProvider

    @property
    def group(self) -> Group:
        return self.plan.groups[0]

    def wait(self, seconds: float = 31.0) -> None:
        self.time.sleep(seconds)

    def anew(self) -> None:
        """What a provider has listed of the claims is no use any more."""
        self.provider = provider_of(self.plan, self.apis)

    def relationship(self, site: str, name: str = "disk-0") -> dict[str, Any]:
        return self.apis[site].get(TRIDENT_MIRROR_RELATIONSHIP, name, "payroll")

    def asked(self, site: str) -> dict[str, str]:
        """Name to the state that each relationship at a site is asked for."""
        return {
            name: item["spec"].get("state", "")
            for (kind, _ns, name), item in self.apis[site].objects.items()
            if kind == TRIDENT_MIRROR_RELATIONSHIP.kind
        }

    def updates(self, site: str) -> list[str]:
        return [name for kind, _ns, name in self.apis[site].objects if kind == "TridentActionMirrorUpdate"]

    def written(self, site: str) -> list[str]:
        """What was written there by us, and not by Trident."""
        return [line for line in self.apis[site].writes if line.split()[0] not in ("status", "mark")]

    def write(self, site: str, text: str) -> None:
        for name in self.asked(site):
            self.ontap.write(site, name, text)

    def copies(self, site: str) -> set[tuple[str, ...]]:
        """What the volumes hold; one entry where all hold the same."""
        return {tuple(self.ontap.copy((site, name))) for name in self.asked(site)}


def world(volumes: int = 2, at: tuple[str, ...] = ("east", "west"), **options: Any) -> World:
    """at: the sites where the claims are. West's volumes are destinations, as Trident makes them for such claims."""
    time = SimulatedTime()
    ontap = Ontap(time)
    plan = plan_of(replication={"provider": "trident", "options": {"timeout": "5m", **options}})
    apis = {site: TridentApi(site, time, ontap) for site in ("east", "west")}
    for site in at:
        for number in range(volumes):
            add_claim(apis[site], f"disk-{number}")
    for api in apis.values():
        api.writes.clear()
    return World(time, ontap, apis, plan, provider_of(plan, apis))


def provider_of(plan: Plan, apis: dict[str, TridentApi]) -> TridentProvider:
    return TridentProvider(site_handles(plan, apis))


def add_claim(
    api: TridentApi, name: str, driver: str = DRIVER, labels: Mapping[str, str] = MappingProxyType(PROTECTED)
) -> None:
    meta = {"name": name, "namespace": "payroll", "labels": dict(labels)}
    MemoryApi.create(api, PVC, {"metadata": meta, "spec": {"volumeName": f"pvc-{api.site}-{name}"}})
    csi = {"driver": driver, "volumeHandle": f"pvc-{api.site}-{name}"}
    MemoryApi.create(api, PV, {"metadata": {"name": f"pvc-{api.site}-{name}"}, "spec": {"csi": csi}})
    if api.site == "west":
        api.ontap.destinations.add((api.site, name))


def enabled(made: World) -> World:
    assert made.provider.enable(made.group, "east", "west")
    made.wait()
    for api in made.apis.values():
        api.writes.clear()
        api.lists.clear()
    return made


def roles(made: World) -> tuple[str, str]:
    return tuple(made.provider.observe(made.group, site).role for site in ("east", "west"))  # type: ignore[return-value]


def switched(made: World, source: str, target: str) -> None:
    assert made.provider.demote(made.group, source)
    assert made.provider.final_sync(made.group, source, target).holds
    assert not made.provider.promote(made.group, target, forced=False)


def theirs(spec: dict[str, Any], name: str = "disk-0", **labels: str) -> dict[str, Any]:
    """A relationship that somebody else makes."""
    return {
        "kind": "TridentMirrorRelationship",
        "metadata": {"name": name, "namespace": "payroll", "labels": labels},
        "spec": {"volumeMappings": [{"localPVCName": "disk-0"}], **spec},
    }
