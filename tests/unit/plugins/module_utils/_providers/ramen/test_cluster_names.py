# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An order names a cluster as Ramen calls it: a plan that calls it otherwise is told so before anything is ordered."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import RAMEN_VOLUME_GROUP
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ramen.objects import DESTINATION
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.ramen.double import CLUSTERS
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.ramen.world import World, world

SWAPPED = {"east": {"cluster": CLUSTERS["west"]}, "west": {"cluster": CLUSTERS["east"]}}


def named_by_ramen(made: World) -> World:
    """As Ramen's hub marks what it makes at each cluster."""
    for site, api in made.apis.items():
        item = made.ramen.group(site)
        item["metadata"]["annotations"] = {DESTINATION: CLUSTERS[site]}
        api.keep(RAMEN_VOLUME_GROUP, item)
    return made


def test_the_names_of_the_plan_are_those_of_ramen() -> None:
    made = named_by_ramen(world())
    assert made.roles() == ("primary", "secondary")
    assert made.provider.demote(made.group, "east") is True


@pytest.mark.parametrize("site", ["east", "west"])
def test_p10_a_site_that_ramen_calls_otherwise_is_named_with_its_option(site: str) -> None:
    made = named_by_ramen(world(sites=SWAPPED))
    seen = made.provider.observe(made.group, site)
    assert seen.role == "unknown"
    assert f"Ramen calls this cluster {CLUSTERS[site]}" in seen.message


def test_p3_nothing_is_ordered_to_a_cluster_that_is_not_the_target() -> None:
    """A relocation to where the application is ends never; a failover to the lost site neither."""
    made = named_by_ramen(world(sites=SWAPPED))
    for verb in (
        lambda: made.provider.demote(made.group, "east"),
        lambda: made.provider.promote(made.group, "west", forced=True),
        lambda: made.provider.check_forceable([made.group], "west"),
    ):
        with pytest.raises(Refused, match=r"Ramen calls this cluster .*correct options\.sites\.(east|west)\.cluster"):
            verb()
    assert made.hub.orders() == []
