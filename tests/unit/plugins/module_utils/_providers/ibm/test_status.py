# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of volumes of IBM's driver, and which groups are its own."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import (
    Refused,
    Unsupported,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.csi_addons.provider import CsiAddonsProvider
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ibm.provider import IbmProvider
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.ibm.world import IbmWorld, enabled, world


@pytest.fixture(params=("mirror", "policy"))
def replicating(request: pytest.FixtureRequest) -> IbmWorld:
    return enabled(world(request.param))


@pytest.fixture
def mirrored() -> IbmWorld:
    return enabled(world("mirror"))


@pytest.mark.parametrize(("mode", "times"), [("mirror", "now"), ("mirror", "none"), ("policy", "never")])
def test_a_time_that_the_driver_makes_up_is_no_sync(mode: str, times: str) -> None:
    made = world(mode)
    made.apis["east"].times = times
    enabled(made)
    assert made.provider.observe(made.group, "east").last_sync is None


def test_a_policy_tells_its_sync() -> None:
    made = enabled(world("policy"))
    status = made.provider.observe(made.group, "east")
    assert status.last_sync is not None
    assert (status.role, status.health) == ("primary", "healthy")


def test_a_mirror_says_that_it_tells_nothing(mirrored: IbmWorld) -> None:
    status = mirrored.provider.observe(mirrored.group, "east")
    assert (status.role, status.health, status.direction) == ("primary", "unknown", "outgoing")
    assert "only the storage system tells" in status.message


def test_a_class_that_is_gone_is_a_status_and_a_refusal(replicating: IbmWorld) -> None:
    del replicating.apis["west"].objects["VolumeReplicationClass", None, "flash"]
    replicating.wait(6)
    seen = replicating.again().observe(replicating.group, "west")
    assert (seen.role, seen.health) == ("unknown", "error")
    assert "flash is absent" in seen.message
    with pytest.raises(Refused, match="flash is absent"):
        replicating.provider.promote(replicating.group, "west", forced=True)


def test_a_site_without_csi_addons_is_said(replicating: IbmWorld) -> None:
    replicating.apis["west"].absent = {"VolumeReplication"}
    assert "does not serve" in replicating.again().observe(replicating.group, "west").message
    with pytest.raises(Unsupported, match="install csi-addons"):
        replicating.provider.promote(replicating.group, "west", forced=True)


@pytest.mark.parametrize("verb", ["fence", "unfence"])
def test_it_does_not_fence(verb: str) -> None:
    made = world()
    with pytest.raises(Unsupported, match="provider ibm cannot do this"):
        getattr(made.provider, verb)(made.group, "west", "east")


def test_ibms_driver_is_detected_as_ibm_and_not_as_csi_addons() -> None:
    made = world()
    site = made.provider.sites["east"]
    assert IbmProvider.detect(made.group, site) == "VolumeReplicationClass flash of block.csi.ibm.com"
    assert CsiAddonsProvider.detect(made.group, site) == ""


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"per": "group"}, "unknown: per"),
        ({"auto_resync": True}, "unknown: auto_resync"),
        ({"fence": {"cidrs": ["192.0.2.0/24"]}}, "unknown: fence"),
        ({"peer_handle": 7}, "peer_handle: 7"),
        ({"class": ""}, "no class"),
        ({"timeout": "soon"}, "timeout: soon"),
    ],
)
def test_wrong_options_are_refused_by_name(options: dict[str, Any], said: str) -> None:
    made = world("mirror", **options)
    with pytest.raises(Refused, match=said):
        made.provider.demote(made.group, "east")


def test_another_drivers_class_is_refused() -> None:
    made = world("mirror", driver="other.csi")
    with pytest.raises(Refused, match="provider csi_addons for other drivers"):
        made.provider.enable(made.group, "east", "west")
