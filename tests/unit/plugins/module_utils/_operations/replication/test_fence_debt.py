# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import (
    ADMISSION_BINDING,
    NAMESPACE,
    VM,
    VMI,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.run_store import RunStore
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Failed, Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run import Run
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.replication import fence_debt
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.foretelling import WouldChange
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.csi_addons.world import enabled, world
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, MemorySession, plan_of

PLAN = plan_of()
DEBT = "its VMs were not observed to be off"
LOST = Run("r-0", "payroll", "failover", "east", "west", "f00d", "2026-03-01T11:00:00+00:00", state="done")


class Provider:
    """Of one group, fenced until it is let in."""

    def __init__(self) -> None:
        self.capabilities = SimpleNamespace(fencing=True)
        self.fenced = True
        self.shares_fences = False
        self.foretells = False

    def unfence(self, _group: object, survivor: str, lost: str) -> bool:
        assert (survivor, lost) == ("west", "east")
        if self.foretells and self.fenced:
            raise WouldChange
        was, self.fenced = self.fenced, False
        return was


class Returned:
    """East is back: latch closed, VMs off, its copies follow west; the debt of the failover stands."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.session: Any = MemorySession(MemoryApi())
        self.east: MemoryApi = self.session.source_api
        self.provider = Provider()
        self.atomic: frozenset[str] = frozenset()
        self.session.groups = SimpleNamespace(provider=lambda _group: self.provider, atomic=lambda: self.atomic)
        self.session.store = RunStore(self.session.api, PLAN.store_namespace)
        self.session.store.put_head("r-0", "payroll", replace(LOST, fence_debt=DEBT).as_dict())
        self.session.store.put_head("r-9", "payroll", replace(LOST, id="r-9", source="west", fence_debt=DEBT).as_dict())
        self.session.here = [GroupStatus("payroll", "west", "primary", "healthy", "outgoing")]
        self.follow("secondary", "incoming")
        self.east.create(NAMESPACE, {"metadata": {"name": "payroll"}})
        self.east.create(ADMISSION_BINDING, {"metadata": {"name": "dr-latch-payroll"}})
        labels = {"dr.ocpvirt.io/plan": "payroll"}
        self.vm = {"metadata": {"name": "db", "namespace": "payroll", "labels": labels}}
        self.east.create(VM, {**self.vm, "spec": {"runStrategy": "Halted", "template": {"spec": {}}}})
        monkeypatch.setattr(fence_debt, "Session", self.session)

    def follow(self, role: str, direction: str) -> None:
        self.session.there = [GroupStatus("payroll", "east", role, "healthy", direction)]  # type: ignore[arg-type]

    def debts(self) -> dict[str, str | None]:
        return {head["id"]: head["fence_debt"] for head in self.session.store.heads("payroll")}


@pytest.fixture
def returned(monkeypatch: pytest.MonkeyPatch) -> Returned:
    return Returned(monkeypatch)


def test_a_debt_is_cleared_by_observation_and_only_that_of_the_returned_site(returned: Returned) -> None:
    result = fence_debt.clear_debts(PLAN, "r-1", False)
    assert result["cleared"] == [f"r-0: {DEBT}"]
    assert returned.debts() == {"r-0": None, "r-9": DEBT}
    assert fence_debt.clear_debts(PLAN, "r-1", False)["changed"] is False


def of_invoices(returned: Returned, **fields: Any) -> None:
    """Another plan that was lost with east."""
    run = replace(LOST, id=f"i-{len(fields)}", plan="invoices", declared_lost="east")
    returned.session.store.put_head(run.id, "invoices", replace(run, **fields).as_dict())


def test_p10_who_lets_a_site_in_for_another_plan_is_told(returned: Returned) -> None:
    returned.provider.shares_fences = True
    of_invoices(returned)
    assert "let in for plan invoices, not reprotected yet" in fence_debt.unfence(PLAN, "r-1", False)["msg"]


def test_records_of_other_plans_that_cannot_be_read_stop_no_way_back(
    returned: Returned, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise Failed("read the run", site="west", seen="its parts do not fit")

    returned.provider.shares_fences = True
    monkeypatch.setattr(returned.session.store, "heads_of_all", refuse)
    assert "its parts do not fit" in fence_debt.unfence(PLAN, "r-1", False)["msg"]


@pytest.mark.parametrize(
    ("shares", "fields"), [(False, {}), (True, {"declared_lost": None}), (True, {"declared_lost": "west"})]
)
def test_a_site_is_let_in_for_no_other_plan_that_it_is_not_fenced_for(
    returned: Returned, shares: bool, fields: dict[str, Any]
) -> None:
    returned.provider.shares_fences = shares
    of_invoices(returned, **fields)
    assert fence_debt.unfence(PLAN, "r-1", False)["msg"] == "1 groups let east in again"


@pytest.mark.parametrize("per", ["volume", "group"])
def test_a_returned_site_is_let_in_where_the_plan_names_no_fence(returned: Returned, per: str) -> None:
    made = enabled(world(per=per))
    returned.session.groups.provider = lambda _group: made.provider
    assert fence_debt.unfence(made.plan, "r-1", False)["changed"] is False


def test_a_returned_site_is_let_in_once(returned: Returned) -> None:
    assert fence_debt.unfence(PLAN, "r-1", False)["changed"] is True
    assert fence_debt.unfence(PLAN, "r-1", False)["changed"] is False


def open_latch(returned: Returned) -> None:
    returned.east.delete(ADMISSION_BINDING, "dr-latch-payroll")


def start_vm(returned: Returned) -> None:
    returned.east.create(VMI, {"metadata": {"name": "db", "namespace": "payroll"}})


def promote(returned: Returned) -> None:
    returned.follow("primary", "none")


@pytest.mark.parametrize("verb", ["unfence", "clear_debts"])
@pytest.mark.parametrize(
    ("spoil", "seen"),
    [
        (open_latch, "the latch is open"),
        (start_vm, "VirtualMachineInstance/payroll/db"),
        (promote, "group payroll is primary"),
    ],
)
def test_p1_a_site_that_could_write_is_not_let_in(returned: Returned, spoil: Any, seen: str, verb: str) -> None:
    spoil(returned)
    with pytest.raises(Refused, match=seen):
        getattr(fence_debt, verb)(PLAN, "r-1", False)
    assert (returned.debts()["r-0"], returned.provider.fenced) == (DEBT, True)


def test_a_copy_that_only_its_resync_demotes_is_let_in_and_keeps_the_debt(returned: Returned) -> None:
    promote(returned)
    returned.atomic = frozenset({"payroll"})
    assert fence_debt.unfence(PLAN, "r-1", False)["changed"] is True
    with pytest.raises(Refused, match="wanted: secondary, following west"):
        fence_debt.clear_debts(PLAN, "r-1", False)


def test_a_copy_that_does_not_follow_yet_keeps_the_debt(returned: Returned) -> None:
    returned.follow("secondary", "none")
    with pytest.raises(Refused, match="wanted: secondary, following west"):
        fence_debt.clear_debts(PLAN, "r-1", False)
    assert returned.debts()["r-0"] == DEBT


@pytest.mark.parametrize("verb", ["unfence", "clear_debts"])
def test_p9_check_mode_changes_nothing(returned: Returned, verb: str) -> None:
    returned.provider.foretells = True
    getattr(fence_debt, verb)(PLAN, "r-1", True)
    assert (returned.debts()["r-0"], returned.provider.fenced) == (DEBT, True)


@pytest.mark.parametrize("fenced", [True, False])
def test_p9_check_mode_tells_whether_a_fence_would_be_lifted(returned: Returned, fenced: bool) -> None:
    returned.provider.foretells, returned.provider.fenced = True, fenced
    assert fence_debt.unfence(PLAN, "r-1", True)["changed"] is fenced
