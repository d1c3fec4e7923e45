# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What protect says of replication in check mode is what it does then: with claims that it has still to label."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import NAMESPACE, VM
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan import groups as of_groups
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.protect import protection
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.csi_addons.world import World, world
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.workload_manifests import PLAN

ENABLED = "group payroll: replication enabled"


class NoSource:
    def schedule(self, _api: object, _check_mode: bool) -> str:
        return ""


@pytest.fixture(params=["volume", "group"])
def made(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> World:
    """A VM at east with two disks, which nobody has protected yet."""
    made = world(at=("east",), per=request.param)
    api = made.apis["east"]
    disks = [f"disk-{number}" for number in range(2)]
    volumes = [{"name": disk, "persistentVolumeClaim": {"claimName": disk}} for disk in disks]
    spec = {"runStrategy": "Always", "template": {"spec": {"volumes": volumes}}}
    MemoryApi.create(api, NAMESPACE, {"metadata": {"name": "payroll"}})
    MemoryApi.create(api, VM, {"metadata": {"name": "db", "namespace": "payroll", "labels": PLAN}, "spec": spec})
    for disk in disks:
        api.objects["PersistentVolumeClaim", "payroll", disk]["metadata"]["labels"] = {}
        api.objects["PersistentVolume", None, f"pv-payroll-{disk}"]["spec"]["persistentVolumeReclaimPolicy"] = "Retain"
    monkeypatch.setattr(of_groups, "open_site", lambda _plan, site: made.apis[site])
    monkeypatch.setattr(protection, "open_site", lambda _plan, site: made.apis[site])
    monkeypatch.setattr(protection, "source_of", lambda _plan: NoSource())
    return made


def protect(made: World, check: bool) -> Any:
    result = protection.protect(made.plan, "east", check)
    return result["changed"], result["decisions"]


def test_p9_check_mode_says_that_replication_would_be_enabled(made: World) -> None:
    writes = {site: list(api.writes) for site, api in made.apis.items()}
    told = protect(made, check=True)
    assert ENABLED in told[1]
    assert {site: api.writes for site, api in made.apis.items()} == writes
    assert protect(made, check=False) == told


def test_p9_check_mode_says_nothing_of_what_is_enabled_already(made: World) -> None:
    protect(made, check=False)
    made.wait()
    assert protect(made, check=True) == (False, []) == protect(made, check=False)


def test_p9_check_mode_is_refused_what_the_run_is_refused(made: World) -> None:
    del made.apis["east"].objects["VolumeReplicationClass", None, "mirrored"]
    refusals = []
    for check in (True, False):
        with pytest.raises(Refused) as refusal:
            protect(made, check)
        refusals.append(str(refusal.value))
    assert refusals[0] == refusals[1]
