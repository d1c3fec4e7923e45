# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""P1 and P2 before a plan is started where it lives, by what is observed at both sites."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import PV, PVC, VM, VMI
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict, Refused, Unreachable
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start.guard import check_may_start
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.stop import latch_control
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, MemorySession, plan_of

SERVERS = {"east": "192.0.2.10", "west": "198.51.100.10"}
RULE = {
    "match": {"nfs": {"server": list(SERVERS.values())}},
    "set": {site: {"nfs.server": server, "nfs.path": "/exports/{pv.name}"} for site, server in SERVERS.items()},
}
PLAN = plan_of(volumes={"rules": [RULE]})


class West(MemorySession):
    """A run that starts the plan at west, where a VM with one volume is; east is its secondary and empty."""

    def __init__(self) -> None:
        super().__init__(MemoryApi("west"), PLAN)
        self.run = replace(self.run, operation="start")
        self.here = [GroupStatus("payroll", "west", "primary", "healthy", "outgoing")]
        self.there = [GroupStatus("payroll", "east", "secondary", "healthy", "incoming")]
        self.covered: list[str] = []
        self.groups = SimpleNamespace(check_covered=lambda _site, _pvc, pv: self.covered.append(pv["metadata"]["name"]))
        self.east_answers = True
        meta = {"name": "db", "namespace": "payroll", "labels": {"dr.ocpvirt.io/plan": "payroll"}}
        volumes = [{"name": "root", "persistentVolumeClaim": {"claimName": "db"}}]
        self.vm = {"metadata": meta, "spec": {"runStrategy": "Halted", "template": {"spec": {"volumes": volumes}}}}
        self.api.create(VM, self.vm)
        self.api.create(PVC, {"metadata": meta, "spec": {"volumeName": "pv-db"}})
        self.place_volume("west")

    def place_volume(self, site: str) -> None:
        nfs = {"server": SERVERS[site], "path": "/exports/pv-db"}
        self.api.apply(PV, {"metadata": {"name": "pv-db"}, "spec": {"nfs": nfs}})

    def site_api(self, site: str) -> MemoryApi:
        if site == "east" and not self.east_answers:
            raise Unreachable("look for VMs", site=site, seen="timed out")
        return super().site_api(site)


@pytest.fixture
def west() -> West:
    return West()


def check(session: Any) -> int:
    return check_may_start(session, "west")


def test_a_plan_may_start_where_its_groups_are_primary_and_secondary_at_the_other_site(west: West) -> None:
    assert (check(west), west.covered) == (1, ["pv-db"])


def test_where_the_other_site_has_nothing_of_a_group_nobody_writes(west: West) -> None:
    west.there = [replace(west.there[0], role="unknown", present=False)]
    assert check(west) == 1


@pytest.mark.parametrize("role", ["primary", "unknown"])
def test_p1_another_role_than_secondary_at_the_other_site_is_refused(west: West, role: Any) -> None:
    west.there = [replace(west.there[0], role=role)]
    with pytest.raises(Refused, match=f"role {role}"):
        check(west)


def test_p1_a_vm_that_runs_at_the_other_site_is_refused(west: West) -> None:
    west.source_api.create(VM, west.vm)
    west.source_api.create(VMI, {"metadata": {"name": "db", "namespace": "payroll"}})
    with pytest.raises(Refused, match="VMs were not proven off there"):
        check(west)


def test_p1_a_silent_site_is_refused_until_it_is_declared_lost_and_fenced_or_waived(west: West) -> None:
    west.east_answers = False
    with pytest.raises(Unreachable):
        check(west)
    west.update(declared_lost="east")
    west.there = [replace(west.there[0], role="unknown", reachable=False)]
    with pytest.raises(Refused, match="dr_waive_fencing"):
        check(west)
    west.update(waived_fencing="its power is off")
    assert check(west) == 1


def test_p2_a_volume_that_names_the_other_site_is_refused(west: West) -> None:
    west.place_volume("east")
    with pytest.raises(Conflict, match=r"192\.0\.2\.10' is of the other site"):
        check(west)


def test_p9_check_mode_refuses_as_the_real_start_would_and_opens_no_latch(
    west: West, monkeypatch: pytest.MonkeyPatch
) -> None:
    latch = SimpleNamespace(is_closed=lambda: True)
    monkeypatch.setattr(latch_control, "Session", west)
    monkeypatch.setattr(latch_control, "latch_of", lambda *_given: latch)
    assert latch_control.set_latch(PLAN, "r-1", "west", "open", True)["changed"] is True
    west.here = [replace(west.here[0], role="secondary")]
    with pytest.raises(Refused, match="role secondary"):
        latch_control.set_latch(PLAN, "r-1", "west", "open", True)
