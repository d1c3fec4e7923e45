# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a look at a site calls ready is what a start would: of the plan, of its wave, of the VM."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import NAMESPACE, VM, VMI
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.inventory.vm_info import look, unready
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.standing import VmStanding
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, plan_of

NO_AGENT = '{"agent": false}'
READINESS = "dr.ocpvirt.io/readiness"


@pytest.fixture
def east() -> MemoryApi:
    api = MemoryApi("east")
    api.create(NAMESPACE, {"metadata": {"name": "payroll"}})
    return api


def add(east: MemoryApi, name: str = "db", **annotations: str) -> None:
    """A VM that runs, without a guest agent."""
    labels = {"dr.ocpvirt.io/plan": "payroll", "tier": name}
    meta = {"name": name, "namespace": "payroll", "labels": labels, "annotations": annotations}
    east.create(VM, {"metadata": meta, "spec": {"runStrategy": "Always", "template": {"spec": {}}}})
    status = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    east.create(VMI, {"metadata": {"name": name, "namespace": "payroll"}, "status": status})


def standing(east: MemoryApi, plan: bool, wave: bool | None = None) -> dict[str, VmStanding]:
    """plan, wave: whether they want the agent."""
    of_wave = {} if wave is None else {"readiness": {"agent": wave}}
    waves: list[dict[str, Any]] = [{"name": "databases", "selector": {"matchLabels": {"tier": "db"}}, **of_wave}]
    startup = {"waves": waves, "readiness": {"agent": plan, "timeout": "1m"}}
    return {item.vm: item for item in look(plan_of(startup=startup), east).standing}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("plan", "wave", "annotation", "ready"),
    [
        (True, None, "", False),
        (False, None, "", True),
        (False, True, "", False),
        (True, False, "", True),
        (True, True, NO_AGENT, True),
        (False, False, '{"agent": true}', False),
    ],
    ids=["plan", "plan without", "wave", "wave without", "vm without", "vm"],
)
def test_the_nearest_says_whether_a_vm_needs_its_agent(
    east: MemoryApi, plan: bool, wave: bool | None, annotation: str, ready: bool
) -> None:
    add(east, **({READINESS: annotation} if annotation else {}))
    seen = standing(east, plan, wave)
    assert seen["payroll/db"].ready is ready
    assert unready(seen.values()) is not ready


def test_p10_a_vm_that_only_lacks_its_agent_says_so(east: MemoryApi) -> None:
    add(east)
    assert standing(east, plan=True)["payroll/db"].why_not == "its guest agent is not connected"


def test_where_no_order_can_be_had_each_vm_is_judged_by_its_own_readiness(east: MemoryApi) -> None:
    add(east, "a", **{READINESS: NO_AGENT, "dr.ocpvirt.io/depends-on": "a"})
    assert standing(east, plan=True)["payroll/a"].ready is True


def test_a_vm_whose_annotations_cannot_be_read_is_judged_by_the_plan_and_others_by_theirs(east: MemoryApi) -> None:
    add(east, "a", **{READINESS: NO_AGENT})
    add(east, "b", **{READINESS: "no"})
    seen = standing(east, plan=True)
    assert (seen["payroll/a"].ready, seen["payroll/b"].ready) == (True, False)
