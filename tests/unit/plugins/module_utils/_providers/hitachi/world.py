# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan with one group over both sites of hitachi_double, and provider hitachi for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import (
    HITACHI_REPLICATION,
    HITACHI_REPLICATION_GROUP,
    PV,
    PVC,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.names import protected_label
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group, Plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.hitachi.provider import HitachiProvider
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ownership import ownership
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.hitachi.double import (
    GROUP,
    REPLICATION,
    SPACE,
    Arrays,
    HitachiApi,
    Volumes,
    handle,
    shown_pair,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.killing import Killed
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.site_handles import site_handles
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, SimulatedTime, plan_of

PARENT = "disks"
DRIVER = "hspc.csi.hitachi.com"
# how the volumes are paired, and where it is told what becomes of an order
PAIRED = ("pairs", "group", "group told by its pairs")


@dataclass
class World:
    time: SimulatedTime
    arrays: Arrays
    apis: dict[str, HitachiApi]
    plan: Plan

    @property
    def group(self) -> Group:
        return self.plan.groups[0]

    @property
    def provider(self) -> HitachiProvider:
        """A fresh one, as in each module's process."""
        return HitachiProvider(site_handles(self.plan, self.apis, lambda api: api.check(PV)))

    def wait(self, seconds: float = 16.0) -> None:
        """By default until both operators have looked."""
        self.time.sleep(seconds)

    def later(self, seconds: float, action: Any) -> None:
        self.time.at(self.time.seconds + seconds, action)

    def replication(self, site: str, name: str = "disk-0") -> dict[str, Any]:
        return self.apis[site].item(REPLICATION, name)

    def change(self, site: str, part: str, name: str = "disk-0", **fields: Any) -> None:
        """By somebody else."""
        MemoryApi.patch(self.apis[site], HITACHI_REPLICATION, name, SPACE, {part: fields})

    def asked_of(self, site: str) -> tuple[str, str]:
        """An object that takes orders there: kind and name."""
        return (GROUP, PARENT) if (GROUP, SPACE, PARENT) in self.apis[site].objects else (REPLICATION, "disk-0")

    def desired(self, site: str) -> set[str]:
        kind = GROUP if (GROUP, SPACE, PARENT) in self.apis[site].objects else REPLICATION
        found = [item for (of_kind, _ns, _name), item in self.apis[site].objects.items() if of_kind == kind]
        return {item["spec"].get("desiredPairState", "") for item in found}

    def roles(self) -> tuple[str, str]:
        """Of east and west, once both operators have looked."""
        self.wait()
        return tuple(self.provider.observe(self.group, site).role for site in ("east", "west"))  # type: ignore[return-value]

    def forced(self) -> None:
        """West was promoted by force while the arrays did not reach each other; they do again."""
        self.arrays.linked = False
        self.wait()
        assert self.provider.promote(self.group, "west", forced=True)
        self.arrays.linked = True
        self.wait()


def world(
    volumes: int = 2, grouped: bool = False, at: tuple[str, ...] = ("east", "west"), taken: bool = True, **options: Any
) -> World:
    """East is source. at: the sites where the claims are the plan's; the product's are at both. taken: by `enable`."""
    time, arrays = SimulatedTime(), Arrays()
    plan = plan_of(replication={"provider": "hitachi", "options": {"timeout": "5m", **options}})
    apis = {site: HitachiApi(site, time, arrays) for site in ("east", "west")}
    made = World(time, arrays, apis, plan)
    for site, api in apis.items():
        if grouped:
            add_group(api, taken)
        for number in range(volumes):
            add_pair(made, site, f"disk-{number}", PARENT if grouped else "", taken)
            add_claim(api, f"disk-{number}", protected=site in at)
    made.wait()
    for api in apis.values():
        api.writes.clear()
    return made


def paired_world(how: str) -> World:
    """how: one of PAIRED."""
    made = world(grouped=how != "pairs")
    for api in made.apis.values():
        api.tells_of_children = how == "group told by its pairs"
    return made


def add_pair(made: World, site: str, name: str, parent: str = "", taken: bool = True) -> None:
    made.arrays.pairs.setdefault(name, Volumes())
    spec = {
        "persistentVolumeClaimName": name,
        "storageClassName": "vsp",
        "replicationType": "UR",
        "replicationAttribute": "primary" if site == "east" else "secondary",
        **({"parentName": parent} if parent else {}),
    }
    status = {"status": "Ready", "currentOperation": idle(), "replicationPair": shown_pair(site, name, "east")}
    status["replicationPair"]["volumeStatus"] = "PAIR"  # type: ignore[index]
    body = {"kind": REPLICATION, "metadata": meta(name, taken), "spec": spec, "status": status}
    MemoryApi.create(made.apis[site], HITACHI_REPLICATION, body)


def add_group(api: HitachiApi, taken: bool = True, name: str = PARENT) -> None:
    status = {"status": "Ready", "currentOperation": idle(), "replications": []}
    body = {"kind": GROUP, "metadata": meta(name, taken), "spec": {"desiredPairState": "pair"}, "status": status}
    MemoryApi.create(api, HITACHI_REPLICATION_GROUP, body)
    api._handled[GROUP, name] = "pair"


def meta(name: str, taken: bool) -> dict[str, Any]:
    labels = ownership("payroll", "payroll") if taken else {}
    return {"name": name, "namespace": SPACE, "labels": labels, "uid": f"uid-{name}"}


def idle() -> dict[str, Any]:
    return {"operation": "", "running": False, "operationPhase": ""}


def add_claim(api: HitachiApi, name: str, protected: bool = True, driver: str = DRIVER) -> None:
    labels = {protected_label("payroll"): "true"} if protected else {}
    claim = {"name": name, "namespace": SPACE}
    MemoryApi.create(api, PVC, {"metadata": {**claim, "labels": labels}, "spec": {"volumeName": f"pv-{name}"}})
    csi = {"driver": driver, "volumeHandle": handle(api.site, name)}
    spec = {"csi": csi, "claimRef": claim}
    MemoryApi.create(api, PV, {"metadata": {"name": f"pv-{name}"}, "spec": spec})


def killed_when(made: World, site: str, word: str) -> None:
    """The process ends right after it has asked for a word."""
    patch = made.apis[site].patch

    def deadly(*arguments: Any) -> Any:
        found = patch(*arguments)
        if (arguments[-1].get("spec") or {}).get("desiredPairState") == word:
            made.apis[site].patch = patch  # type: ignore[method-assign]
            raise Killed
        return found

    made.apis[site].patch = deadly  # type: ignore[method-assign]
