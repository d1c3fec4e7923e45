# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the records of both sites say counts when a run begins, and a record that cannot be read is not none."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.run_store import RunStore
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused, Unreachable
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run_asked import RunAsked
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan import asking
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan.sites import Reach
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.run import begin
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.two_sites import MOVED, PLAN, TwoSites
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi


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

        def hear(self, _site: str, _answer: object) -> None:
            pass

        def observe(self, sites: tuple[str, ...]) -> dict[str, list[GroupStatus]]:
            return {site: [GroupStatus("payroll", site, "primary", "healthy", "none")] for site in sites}

    monkeypatch.setattr(
        asking, "reach", lambda _plan, name, *_patience, **_more: Reach(name, "reachable", api=apis[name])
    )
    monkeypatch.setattr(asking, "Groups", BothPrimary)


@pytest.mark.usefixtures("both_primary")
def test_p1_a_returned_primary_with_a_fence_debt_is_refused_as_a_target() -> None:
    with pytest.raises(Refused, match="fence debt"):
        begin.begin_run(PLAN, RunAsked("failover", "east"), False)


@pytest.mark.usefixtures("both_primary")
def test_the_site_that_the_plan_was_moved_to_stays_a_no_op() -> None:
    assert begin.begin_run(PLAN, RunAsked("failover", "west"), False)["needed"] is False


@pytest.fixture
def sites(monkeypatch: pytest.MonkeyPatch) -> TwoSites:
    return TwoSites(monkeypatch)


def test_p1_a_debt_that_the_other_site_recorded_counts(sites: TwoSites) -> None:
    sites.record(replace(MOVED, fence_debt="its VMs were not observed to be off"))
    sites.states = {"east": ("secondary", "none"), "west": ("primary", "none")}
    with pytest.raises(Refused, match="fence debt"):
        sites.begin("relocate", "east")


@pytest.mark.parametrize(("operation", "target"), [("reprotect", None), ("reprotect", "east"), ("relocate", "east")])
def test_p1_a_record_that_cannot_be_read_is_not_taken_for_none(
    sites: TwoSites, monkeypatch: pytest.MonkeyPatch, operation: str, target: str | None
) -> None:
    """It would say that the plan was moved to west, and that east has a debt."""
    sites.states = {"east": ("primary", "none"), "west": ("unknown", "none")}

    def slow(*_arguments: object, **_named: object) -> None:
        raise Unreachable("list ConfigMaps", site="west", seen="no answer")

    monkeypatch.setattr(sites.apis["west"], "list", slow)
    with pytest.raises(Unreachable, match="list ConfigMaps"):
        sites.begin(operation, target)


def test_p4_a_record_at_a_lost_site_is_not_needed(sites: TwoSites, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_arguments: object, **_named: object) -> None:
        raise Unreachable("list ConfigMaps", site="east", seen="no answer")

    monkeypatch.setattr(sites.apis["east"], "list", slow)
    assert sites.begin("failover", "west", "east")["needed"] is True
