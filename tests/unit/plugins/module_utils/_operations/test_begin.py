# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.run_store import RunStore
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run import Run
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations import begin
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.sites import Reach
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, plan_of

PLAN = plan_of()
MOVED = Run("r-1", "payroll", "failover", "east", "west", "f00d", "2026-03-01T12:00:00+00:00", state="done")


@pytest.fixture
def both_primary(monkeypatch: pytest.MonkeyPatch) -> None:
    """East was lost, the plan was moved to west with a fence debt, and east came back as it was."""
    apis = {name: MemoryApi(name) for name in PLAN.sites}
    indebted = replace(MOVED, fence_debt="its VMs were not observed to be off")
    for api in apis.values():
        RunStore(api, PLAN.store_namespace).put_head(MOVED.id, PLAN.name, indebted.as_dict())

    class BothPrimary:
        def __init__(self, _plan: Plan) -> None:
            pass

        def observe(self, sites: tuple[str, ...]) -> dict[str, list[GroupStatus]]:
            return {site: [GroupStatus("payroll", site, "primary", "healthy", "none")] for site in sites}

    monkeypatch.setattr(begin, "reach", lambda _plan, name: Reach(name, "reachable", api=apis[name]))
    monkeypatch.setattr(begin, "Groups", BothPrimary)


@pytest.mark.usefixtures("both_primary")
def test_p1_a_returned_primary_with_a_fence_debt_is_refused_as_a_target() -> None:
    with pytest.raises(Refused, match="fence debt"):
        begin.begin_run(PLAN, "failover", "east", None, None, False)


@pytest.mark.usefixtures("both_primary")
def test_the_site_that_the_plan_was_moved_to_stays_a_no_op() -> None:
    assert begin.begin_run(PLAN, "failover", "west", None, None, False)["needed"] is False
