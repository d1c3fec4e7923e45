# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of a volume whose protection is taken back while others work on it: its data stays."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import PV, PVC
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.protect.unprotection_world import (
    OWN,
    Cluster,
    World,
)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def claim_vanishes(east: Cluster) -> None:
    east.objects.pop(("PersistentVolumeClaim", "payroll", "db"), None)


def volume_vanishes(east: Cluster) -> None:
    east.objects.pop(("PersistentVolume", None, "pv-db"), None)


def volume_is_released(east: Cluster) -> None:
    east.objects["PersistentVolume", None, "pv-db"]["status"] = {"phase": "Released"}


@pytest.mark.parametrize("happens", [claim_vanishes, volume_is_released])
def test_p8_a_volume_is_decided_by_what_is_there_when_it_is_written(
    world: World, monkeypatch: pytest.MonkeyPatch, happens: Callable[[Cluster], None]
) -> None:
    """With Delete its data would go at once."""
    east, wrote = world.sites["east"], world.wrote

    def meanwhile(what: str) -> None:
        happens(east)
        wrote(what)

    monkeypatch.setattr(world, "wrote", meanwhile)
    assert "becomes Delete again" in str(world.unprotect()["decisions"])
    assert east.get(PV, "pv-db")["spec"]["persistentVolumeReclaimPolicy"] == "Retain"


def test_a_volume_that_its_owner_deletes_meanwhile_holds_nothing_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    east, wrote = world.sites["east"], world.wrote

    def meanwhile(what: str) -> None:
        volume_vanishes(east)
        wrote(what)

    monkeypatch.setattr(world, "wrote", meanwhile)
    world.unprotect()
    assert world.labels(PVC, "db") == OWN


def test_p8_a_volume_that_changed_in_the_moment_of_its_write_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    east, wrote = world.sites["east"], world.wrote

    def meanwhile(what: str) -> None:
        if "PersistentVolume pv-db" in what:
            east.objects["PersistentVolume", None, "pv-db"]["metadata"]["resourceVersion"] = "999"
        wrote(what)

    monkeypatch.setattr(world, "wrote", meanwhile)
    with pytest.raises(Conflict, match="start again"):
        world.unprotect()
    assert east.get(PV, "pv-db")["spec"]["persistentVolumeReclaimPolicy"] == "Retain"
