# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A resync waits for the product's report as long as the class makes that take."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Timeout
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.csi_addons.schedule import latest_report
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.csi_addons.world import World, roles

MINUTE, HOUR = 60, 3600


@pytest.mark.parametrize(
    ("interval", "seconds"),
    [
        ("1m", 2 * MINUTE),
        ("90s", 3 * MINUTE),
        ("2m", 3 * MINUTE),
        ("20m", 30 * MINUTE),
        ("1h", 90 * MINUTE),
        ("1h30m", 135 * MINUTE),
        # the manager cannot read these, and looks once an hour
        ("1d", 25 * HOUR),
        ("often", HOUR),
        ("", HOUR),
        (None, HOUR),
    ],
)
def test_a_sync_is_told_of_after_it_was_due_and_was_looked_for(interval: str | None, seconds: float) -> None:
    assert latest_report({"schedulingInterval": interval} if interval is not None else {}) == seconds  # type: ignore[dict-item]


def failed_over(made: World, interval: str, looks_every: float) -> World:
    """West was promoted by force, and looks that seldom for a sync."""
    for api in made.apis.values():
        api.objects["VolumeReplicationClass", None, "mirrored"]["spec"]["parameters"] = {"schedulingInterval": interval}
        api.looks_every = looks_every
    made.storage.linked = False
    made.provider.promote(made.group, "west", forced=True)
    made.provider.demote(made.group, "east")
    # a look that was due before the promotion is over
    made.wait()
    return made


def test_a_resync_outlasts_a_product_that_looks_every_half_hour(replicating: World) -> None:
    made = failed_over(replicating, "1h", 30 * MINUTE)
    made.storage.linked = True
    assert made.provider.resync(made.group, "east")
    assert roles(made) == ("secondary", "primary")


def test_a_resync_that_nothing_arrives_by_ends_when_the_report_is_overdue(replicating: World) -> None:
    made = failed_over(replicating, "20m", 10 * MINUTE)
    began = made.time.seconds
    with pytest.raises(Timeout, match="primary with a sync after the promotion"):
        made.provider.resync(made.group, "east")
    # its timeout of 5 min, for what the sync itself takes, on top
    assert 35 * MINUTE <= made.time.seconds - began <= 40 * MINUTE
