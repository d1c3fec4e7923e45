# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.replication import fencing
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.base import Capabilities, FenceProof
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, MemorySession, plan_of


class Storage:
    """The storage of both sites: what was asked of it. can_fence: whether the survivor's is able to."""

    def __init__(self, role_at_east: str, can_fence: bool = True, atomic: bool = False) -> None:
        self.capabilities = Capabilities(fencing=can_fence, atomic_switch=atomic)
        self.name = "storage"
        self.asked: list[tuple[str, str]] = []
        self._role = role_at_east

    def provider(self, group: object) -> Storage:
        return self

    def atomic(self) -> frozenset[str]:
        return frozenset({"payroll"} if self.capabilities.atomic_switch else ())

    def wait_at_most(self, site: str, seconds: float) -> None:
        pass

    def observe(self, sites: list[str], proofs: bool = True) -> dict[str, list[GroupStatus]]:
        return {site: [GroupStatus("payroll", site, self._role, "healthy", "none")] for site in sites}

    def fence(self, group: object, survivor: str, lost: str) -> FenceProof:
        self.asked.append(("fence", survivor))
        return FenceProof("payroll", f"{survivor} takes nothing in")

    def demote(self, group: object, site: str) -> bool:
        self.asked.append(("demote", site))
        return True


def fence(
    monkeypatch: pytest.MonkeyPatch,
    storage: Storage,
    check_mode: bool = False,
    silent: bool = False,
    plan: Plan | None = None,
) -> dict[str, object]:
    session = MemorySession(MemoryApi())
    session.source_storage_is_dead = silent
    session.groups = storage
    session.update(declared_lost="east")
    monkeypatch.setattr(fencing, "Session", session)
    return fencing.fence_source(plan or plan_of(), "r-1", check_mode)


def test_p4_the_storage_of_a_site_without_volumes_yet_is_fenced_by_those_of_the_capture(monkeypatch) -> None:
    """The volumes are made after the fence, and some products know a group by its volumes only."""
    storage = Storage("secondary")
    monkeypatch.setattr(fencing, "expect_captured", lambda _session: storage.asked.append(("expect", "west")))
    fence(monkeypatch, storage)
    assert storage.asked == [("expect", "west"), ("fence", "west")]


def test_p1_a_storage_that_outlives_its_lost_cluster_is_demoted_after_the_fence(monkeypatch) -> None:
    storage = Storage("primary")
    assert "payroll: east's storage answers, and is read-only now" in fence(monkeypatch, storage)["proofs"]
    assert storage.asked == [("fence", "west"), ("demote", "east")]


def test_p4_a_storage_that_was_silent_when_the_run_began_is_not_asked_again(monkeypatch) -> None:
    storage = Storage("primary")
    fence(monkeypatch, storage, silent=True)
    assert storage.asked == [("fence", "west")]


def test_p4_a_lost_site_whose_demotion_would_be_a_planned_switch_is_not_asked_for_one(monkeypatch) -> None:
    storage = Storage("primary", atomic=True)
    fence(monkeypatch, storage)
    assert storage.asked == [("fence", "west")]


@pytest.mark.parametrize("role", ["secondary", "unknown"])
def test_what_is_no_primary_at_the_lost_site_is_left_alone(monkeypatch, role) -> None:
    storage = Storage(role)
    fence(monkeypatch, storage)
    assert storage.asked == [("fence", "west")]


def test_a_refused_fence_changes_nothing_at_the_lost_site(monkeypatch) -> None:
    storage = Storage("primary", can_fence=False)
    with pytest.raises(Refused, match="dr_waive_fencing"):
        fence(monkeypatch, storage)
    assert storage.asked == []


class PartlyFencing(Storage):
    """The survivor's refuses one group."""

    def fence(self, group: object, survivor: str, lost: str) -> FenceProof:
        if group.name == "app":
            raise Refused("fence the group", site=survivor, seen="its server is off")
        return super().fence(group, survivor, lost)


TWO_GROUPS = {
    "provider": "csi_addons",
    "groups": [{"name": name, "selector": {"matchLabels": {"tier": name}}} for name in ("db", "app")],
}


def test_p10_a_refused_fence_says_what_stays_fenced_and_how_that_ends(monkeypatch) -> None:
    with pytest.raises(Refused, match="its server is off") as refused:
        fence(monkeypatch, PartlyFencing("primary"), plan=plan_of(replication=TWO_GROUPS))
    assert "fenced, and left so: db" in refused.value.seen
    assert "`reprotect` lets east in again" in refused.value.next_step


def test_p10_a_fence_that_was_refused_for_all_leaves_nothing_to_take_back(monkeypatch) -> None:
    with pytest.raises(Refused) as refused:
        fence(monkeypatch, Storage("primary", can_fence=False))
    assert "left so" not in refused.value.seen
    assert "reprotect" not in refused.value.next_step


def test_p9_a_refusal_in_check_mode_calls_nothing_fenced(monkeypatch) -> None:
    storage = Storage("primary")
    storage.provider = lambda group: storage if group.name == "db" else Storage("primary", can_fence=False)
    with pytest.raises(Refused) as refused:
        fence(monkeypatch, storage, check_mode=True, plan=plan_of(replication=TWO_GROUPS))
    assert "left so" not in refused.value.seen


def test_p9_check_mode_fences_and_demotes_nothing(monkeypatch) -> None:
    storage = Storage("primary")
    assert fence(monkeypatch, storage, check_mode=True)["proofs"] == [
        "payroll: would fence east",
        "payroll: would be demoted at east, where its storage answers",
    ]
    assert storage.asked == []
