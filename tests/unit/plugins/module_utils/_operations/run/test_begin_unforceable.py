# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A failover whose product has nothing to promote by is refused before anything is stopped, and says what there is."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Unsupported
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run_asked import RunAsked
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan import asking
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan.sites import Reach
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.run.begin import begin_run
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, plan_of


@pytest.mark.parametrize("check_mode", [True, False])
def test_p10_a_failover_of_volumes_that_nothing_in_kubernetes_switches_is_refused_when_it_begins(
    monkeypatch: pytest.MonkeyPatch, check_mode: bool
) -> None:
    west = MemoryApi("west")
    reached = {"west": Reach("west", "reachable", api=west), "east": Reach("east", "unreachable", "timed out")}
    monkeypatch.setattr(asking, "reach", lambda _plan, site, *_patience, **_more: reached[site])
    plan = plan_of(replication={"provider": "hpe"})
    with pytest.raises(Unsupported, match="promote west by force on group payroll") as refusal:
        begin_run(plan, RunAsked("failover", "west", declare_lost="east", waive_fencing="the power is off"), check_mode)
    assert "docs/providers/hpe.md" in (refusal.value.next_step or "")
    assert west.writes == []
