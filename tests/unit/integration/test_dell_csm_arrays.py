# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's arrays for Dell finish a switch that failed half-way once it is tried again, as the sidecar does."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.tests.integration.products import dell_csm_arrays
from ansible_collections.ocpvirt.dr.tests.integration.products.dell_csm_arrays import Arrays, Internal

VOLUMES = ["db-0", "db-1"]


class Storage(Arrays):
    """Exports that answer as the lab's do. fails: refusals to come, by site, volume and verb."""

    def __init__(self):
        super().__init__({"east": {}, "west": {}}, VOLUMES)
        began = (("east", "primary"), ("west", "secondary"))
        self.roles = {(site, name): role for site, role in began for name in VOLUMES}
        self.fails = []
        self.transfers = 0

    def _status(self, site, volume):
        if self.roles[site, volume] == "primary":
            self.transfers += 1
        return {"role": self.roles[site, volume], "last_sync": self.transfers}

    def _post(self, site, volume, verb, body=None):
        if (site, volume, verb) in self.fails:
            self.fails.remove((site, volume, verb))
            raise Internal("busy")
        if verb == "sync" and self.roles["west", volume] == "primary":
            raise Internal("it receives here")
        roles = {"demote": "secondary", "promote": "primary"}
        self.roles[site, volume] = roles.get(verb, self.roles[site, volume])


@pytest.mark.parametrize(
    ("site", "verb"), [("east", "demote"), ("east", "sync"), ("west", "promote"), ("west", "pause")]
)
def test_a_planned_switch_that_failed_half_way_is_finished_by_the_next_attempt(monkeypatch, site, verb):
    monkeypatch.setattr(dell_csm_arrays, "TRANSFERRED_WITHIN", 0)
    storage = Storage()
    storage.fails = [(site, "db-1", verb)]
    with pytest.raises(Internal, match="busy"):
        storage.execute("east", "FAILOVER_REMOTE")
    storage.execute("east", "FAILOVER_REMOTE")
    assert {storage.roles["west", name] for name in VOLUMES} == {"primary"}
    assert storage.link("west") == ("FAILEDOVER", True)
