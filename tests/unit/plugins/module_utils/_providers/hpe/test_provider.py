# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HPE's CSI driver: what of its replication Kubernetes shows, and that nobody takes it for a role."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import PV, PVC
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused, Unreachable, Unsupported
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.names import protected_label
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.base import Capabilities
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.hpe.provider import HpeProvider
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.registry import detection, provider_class
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.site_handle import SiteHandle
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, plan_of

IN_GROUP = {"remoteCopyGroup": "payroll-rcg", "replicationDevices": "west-array"}
OF_ITS_OWN = {"oneRcgPerPvc": "true", "replicationDevices": "west-array"}
VERBS = {
    "enable": ("east", "west"),
    "promote": ("west", True),
    "demote": ("east",),
    "resync": ("east",),
    "final_sync": ("east", "west"),
    "pause": ("east",),
    "resume": ("east",),
    "fence": ("west", "east"),
    "unfence": ("west", "east"),
    "clone": ("west", "rehearsal", ()),
    "unclone": ("west", "rehearsal"),
}


class DoubleApi(MemoryApi):
    """Claims of HPE's driver as it leaves them: attributes of provisioning in the PV, later changes on the claim."""

    reachable = True

    def list(self, *args: Any, **named: Any) -> list[dict[str, Any]]:
        if not self.reachable:
            raise Unreachable("GET", site=self.site, seen="connection refused")
        return super().list(*args, **named)

    def claim(self, name: str, attributes: dict[str, str], notes: dict[str, str], driver: str = "csi.hpe.com") -> None:
        meta = {"name": name, "namespace": "payroll", "labels": {protected_label("payroll"): "true"}}
        meta |= {"annotations": {f"csi.hpe.com/{key}": value for key, value in notes.items()}}
        self.create(PVC, {"metadata": meta, "spec": {"volumeName": f"pv-{name}"}})
        csi = {"driver": driver, "volumeHandle": f"0672{name}", "volumeAttributes": attributes}
        self.create(PV, {"metadata": {"name": f"pv-{name}"}, "spec": {"csi": csi}})
        self.writes.clear()


class World:
    def __init__(self, **replication: Any) -> None:
        self.plan = plan_of(replication=replication)
        self.apis = {site: DoubleApi(site) for site in ("east", "west")}
        self.provider = HpeProvider({site: self.handle(site) for site in self.apis})

    def handle(self, site: str) -> SiteHandle:
        return SiteHandle(site, self.plan, lambda: self.apis[site])

    @property
    def group(self) -> Group:
        return self.plan.groups[0]

    def status(self, site: str = "east") -> Any:
        self.provider = HpeProvider({name: self.handle(name) for name in self.apis})
        return self.provider.observe(self.group, site)


@pytest.fixture
def made() -> World:
    return World(provider="hpe")


def test_it_promises_nothing() -> None:
    assert HpeProvider.capabilities == Capabilities()


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_refused_with_the_way_that_there_is(made: World, verb: str) -> None:
    made.apis["east"].claim("disk-0", IN_GROUP, {})
    with pytest.raises(Unsupported) as refusal:
        getattr(made.provider, verb)(made.group, *VERBS[verb])
    assert "no object that switches a Remote Copy group" in (refusal.value.seen or "")
    for way in ("provider tasks", "custom", "array", "docs/providers/hpe.md"):
        assert way in (refusal.value.next_step or "")
    assert [line for api in made.apis.values() for line in api.writes] == []


def test_p8_nothing_is_taken_back_that_was_never_made(made: World) -> None:
    made.apis["east"].claim("disk-0", IN_GROUP, {})
    assert not made.provider.enabled(made.group, "east")
    assert not made.provider.disable(made.group, "east")
    assert made.apis["east"].writes == []


@pytest.mark.parametrize(
    ("attributes", "notes", "said"),
    [
        (IN_GROUP, {}, "1 in Remote Copy group payroll-rcg"),
        (OF_ITS_OWN, {}, "1 in a Remote Copy group of its own"),
        # the driver's mutator and overrides: nothing of it in the PV
        ({}, IN_GROUP, "1 in Remote Copy group payroll-rcg"),
        (IN_GROUP, {"remoteCopyGroup": "moved-rcg"}, "1 in Remote Copy group moved-rcg"),
        ({**IN_GROUP, "replicationPolicy": "active"}, {}, "both arrays serve, inside one cluster"),
        ({"remoteCopyGroup": "payroll-rcg"}, {}, "1 in no Remote Copy group"),
        ({}, {}, "1 in no Remote Copy group"),
    ],
)
def test_what_claim_and_volume_say_is_shown_and_is_no_role(made: World, attributes: Any, notes: Any, said: str) -> None:
    made.apis["east"].claim("disk-0", attributes, notes)
    status = made.status()
    assert said in status.message
    assert (status.role, status.health, status.direction, status.last_sync) == ("unknown", "unknown", "none", None)
    assert (status.reachable, status.present, status.sync_proof) == (True, True, "")


def test_volumes_of_several_groups_are_counted(made: World) -> None:
    for number, name in enumerate(("a", "a", "b")):
        made.apis["east"].claim(f"disk-{number}", {**IN_GROUP, "remoteCopyGroup": name}, {})
    assert "2 in Remote Copy group a, 1 in Remote Copy group b" in made.status().message


def test_a_group_without_volumes_is_not_present(made: World) -> None:
    status = made.status()
    assert (status.present, status.role) == (False, "unknown")


def test_p4_a_silent_site_is_a_status(made: World) -> None:
    made.apis["east"].reachable = False
    status = made.status()
    assert (status.reachable, status.role) == (False, "unknown")
    assert "connection refused" in status.message


def test_an_option_is_refused_by_name() -> None:
    made = World(provider="hpe", options={"group": "payroll-rcg"})
    assert "unknown: group; wanted: none: this provider has no options" in made.status().message


def test_p1_only_volumes_in_a_remote_copy_group_are_covered(made: World) -> None:
    api = made.apis["east"]
    api.claim("disk-0", IN_GROUP, {})
    api.claim("disk-1", {}, {})
    api.claim("disk-2", IN_GROUP, {}, driver="other.csi")
    covered = [made.provider.covers(made.group, "east", api.get(PV, f"pv-disk-{n}", None)) for n in range(3)]
    assert covered == [True, False, False]


def test_it_is_detected_so_that_its_refusals_say_what_is_there() -> None:
    made = World()
    made.apis["east"].claim("disk-0", IN_GROUP, {})
    assert provider_class(made.group, detection([made.handle("east")])) is HpeProvider


def test_volumes_of_which_one_is_not_replicated_are_not_detected() -> None:
    made = World()
    made.apis["east"].claim("disk-0", IN_GROUP, {})
    made.apis["east"].claim("disk-1", {}, {})
    with pytest.raises(Refused, match="east: none"):
        provider_class(made.group, detection([made.handle("east")]))
