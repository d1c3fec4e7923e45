# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a planned move begins: what it takes, needs and says."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.lease import PlanLock
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run import Run
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.two_sites import (
    MOVED,
    PLAN,
    TwoSites,
    vmi_at_west,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of


@pytest.fixture
def sites(monkeypatch: pytest.MonkeyPatch) -> TwoSites:
    return TwoSites(monkeypatch)


def test_a_planned_move_takes_both_locks_and_loses_nothing(sites: TwoSites) -> None:
    begun = sites.begin("relocate", "west")
    assert (begun["source"], begun["target"], begun["losses"], begun["phase_after"]) == (
        "east",
        "west",
        [],
        "failback_prep",
    )
    for api in sites.apis.values():
        holder = PlanLock(api, PLAN.store_namespace, PLAN.name).holder()  # type: ignore[arg-type]
        assert holder is not None
        assert holder.run_id == begun["run_id"]


def test_a_run_says_whether_something_syncs_the_plan_from_git(sites: TwoSites) -> None:
    assert sites.begin("relocate", "east")["gitops"] is False
    metadata = {"source": "gitops", "gitops": {"applications": {"east": [], "west": ["argocd/payroll"]}}}
    assert sites.begin("relocate", "west", plan=plan_of(metadata=metadata))["gitops"] is True


FROM_GIT = {"source": "gitops", "gitops": {"applications": {"east": [], "west": ["argocd/payroll"]}}}
WAS_THERE = replace(MOVED, operation="relocate")
STAGED = replace(MOVED, operation="prestage")


@pytest.mark.parametrize(
    ("metadata", "before", "said"),
    [
        ({"source": "oadp"}, WAS_THERE, "; of objects that west has already, what east's capture says wins"),
        ({"source": "oadp"}, STAGED, "; of objects that west has already, what east's capture says wins"),
        ({"source": "vendor"}, WAS_THERE, ""),
        # its first move: west has nothing of it
        ({"source": "oadp"}, None, ""),
        ({"source": "oadp"}, replace(MOVED, operation="test_failover"), ""),
        ({"source": "oadp"}, replace(MOVED, operation="start"), ""),
        # what Git brings may be there before
        (FROM_GIT, None, "; of objects that west has already, what Git says wins"),
    ],
)
def test_p9_a_planned_move_says_whose_spec_wins_where_the_target_may_have_objects(
    sites: TwoSites, metadata: dict[str, object], before: Run | None, said: str
) -> None:
    if before:
        sites.record(before)
    begun = sites.begin("relocate", "west", plan=plan_of(metadata=metadata))
    assert begun["msg"] == f"run {begun['run_id']}, attempt 1: east (reachable) to west{said}"


def test_p9_a_way_home_says_whose_spec_wins_whoever_moved_the_plan_away(sites: TwoSites) -> None:
    sites.states = {"east": ("secondary", "incoming"), "west": ("primary", "outgoing")}
    assert sites.begin("failback")["msg"].endswith("; of objects that east has already, what west's capture says wins")


def test_a_failback_is_a_move_home(sites: TwoSites) -> None:
    sites.states = {"east": ("secondary", "incoming"), "west": ("primary", "outgoing")}
    begun = sites.begin("failback")
    assert (begun["operation"], begun["target"], begun["phase_after"]) == ("relocate", "east", "normal")


def test_p1_a_planned_move_is_refused_while_a_vm_of_the_plan_is_up_at_its_target(sites: TwoSites) -> None:
    vmi_at_west(sites)
    with pytest.raises(
        Refused, match="seen: VirtualMachineInstance/payroll/db; wanted: nothing of the plan up at west"
    ):
        sites.begin("relocate", "west")


@pytest.mark.parametrize(("operation", "target"), [("relocate", "west"), ("reprotect", None), ("failback", None)])
def test_p3_who_needs_both_sites_hurries_neither(sites: TwoSites, operation: str, target: str | None) -> None:
    sites.begin(operation, target)
    assert sites.hurried == {}
