# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A product that demotes and promotes in one action, in the steps of a planned move and of a reprotection."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused, Unreachable
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus, SyncProof
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.replication import replication
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.replication.losses import losses_of
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.base import Capabilities
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, MemorySession, plan_of

OTHER = {"east": "west", "west": "east"}


class Product:
    """One group. Its switch takes everything along (proves), unless it fails; it replicates back once it is told to."""

    capabilities = Capabilities(final_sync=True, atomic_switch=True)

    def __init__(self) -> None:
        self.roles = {"east": "primary", "west": "secondary"}
        self.replicates = True
        self.proves = True
        self.asked: list[str] = []

    def observe(self, group: Any, site: str) -> GroupStatus:
        return GroupStatus(group.name, site, self.roles[site], "healthy", "none")  # type: ignore[arg-type]

    def has_switched(self, _group: Any, _source: str, target: str) -> bool:
        return self.roles[target] == "primary"

    def demote(self, _group: Any, site: str) -> bool:
        self.asked.append(f"demote {site}")
        if self.roles[OTHER[site]] == "primary":
            return False
        assert self.replicates, "it has no way to the other site"
        self.roles = {site: "secondary", OTHER[site]: "primary"}
        self.replicates = False
        return True

    def final_sync(self, group: Any, source: str, target: str) -> SyncProof:
        self.asked.append(f"prove {source} {target}")
        return SyncProof(group.name, self.proves, "the action's result", "sent", "received", "2026-03-01T12:00:00Z")

    def promote(self, _group: Any, site: str, forced: bool) -> bool:
        self.asked.append(f"promote {site}")
        if self.roles[site] != "primary":
            raise Unreachable("promote", seen="this product promotes by the demotion of its peer")
        was, self.replicates = self.replicates, True
        return not was

    def resync(self, _group: Any, site: str) -> bool:
        self.asked.append(f"resync {site}")
        self.roles[site] = "secondary"
        return True


class Groups:
    """The plan's one group, and who replicates it."""

    def __init__(self, product: Product) -> None:
        self.product = product
        self.groups = plan_of().groups

    def atomic(self) -> frozenset[str]:
        return frozenset(group.name for group in self.groups)

    def provider(self, _group: Any) -> Product:
        return self.product

    def observe(self, sites: list[str], proofs: bool = True) -> dict[str, list[GroupStatus]]:
        return {site: [self.product.observe(group, site) for group in self.groups] for site in sites}

    def promote(self, groups: list[Any], site: str, forced: bool) -> list[str]:
        return [group.name for group in groups if self.product.promote(group, site, forced)]

    def drain(self, groups: list[Any], source: str) -> None:
        """Its switch takes all along."""

    def demote(self, groups: list[Any], site: str) -> list[str]:
        return [group.name for group in groups if self.product.demote(group, site)]

    def final_sync(self, groups: list[Any], source: str, target: str) -> list[SyncProof]:
        return [self.product.final_sync(group, source, target) for group in groups]


class Run(MemorySession):
    """A planned move from east to west whose VMs are proven off."""

    def __init__(self, product: Product, operation: str = "relocate", source: str = "oadp") -> None:
        super().__init__(MemoryApi(), plan_of(metadata={"source": source}))
        self.groups = Groups(product)
        self.update(operation=operation)
        self.put("quiesce", {"proven_off": True, "site": "east"})

    def observe_groups(self) -> tuple[list[GroupStatus], list[GroupStatus]]:
        seen = self.groups.observe(["west", "east"])
        return seen["west"], seen["east"]

    def switch(self, site: str, state: str, forced: bool = False) -> dict[str, Any]:
        return replication.switch(self.plan, "r-1", site, state, forced, False)

    def sync(self) -> dict[str, Any]:
        return replication.prove_sync(self.plan, "r-1", False)


@pytest.fixture
def product() -> Product:
    return Product()


@pytest.fixture
def run(product: Product, monkeypatch: pytest.MonkeyPatch) -> Run:
    found = Run(product)
    monkeypatch.setattr(replication, "Session", found)
    return found


def test_p3_a_planned_move_proves_the_switch_and_ends_what_it_left_open(run: Run, product: Product) -> None:
    assert run.switch("east", "secondary")["switched"] == 1
    run.sync()
    assert run.switch("west", "primary")["switched"] == 1
    assert product.asked == ["demote east", "prove east west", "promote west"]
    assert (product.roles, product.replicates) == ({"east": "secondary", "west": "primary"}, True)


def test_p3_a_copy_that_the_switch_has_made_primary_is_not_taken_up_without_a_proof(run: Run, product: Product) -> None:
    run.switch("east", "secondary")
    with pytest.raises(Refused, match="no proof of this run"):
        run.switch("west", "primary")
    assert product.asked == ["demote east"]


def test_p1_a_switch_that_left_its_source_primary_is_not_taken_up(run: Run, product: Product) -> None:
    run.switch("east", "secondary")
    run.sync()
    product.roles["east"] = "primary"
    with pytest.raises(Refused, match="at east: role primary"):
        run.switch("west", "primary")


def test_p3_what_a_proven_switch_has_not_lost_is_told(run: Run) -> None:
    run.switch("east", "secondary")
    run.sync()
    assert run.switch("west", "primary")["decisions"][0].startswith("payroll: nothing is lost: west holds all")
    assert [loss["nothing"] for loss in losses_of(run)] == [True]  # type: ignore[arg-type]


def test_p5_a_move_that_was_killed_after_the_switch_is_completed(run: Run, product: Product) -> None:
    run.switch("east", "secondary")
    run.sync()
    run.switch("west", "primary")
    for state in ("secondary", "primary"):
        assert run.switch("east" if state == "secondary" else "west", state)["switched"] == 0
    assert run.sync()["changed"] is False
    assert product.asked == ["demote east", "prove east west", "promote west", "promote west"]


def test_p3_a_switch_that_is_not_proven_is_taken_back_by_a_switch_with_its_own_proof(
    run: Run, product: Product
) -> None:
    run.switch("east", "secondary")
    product.proves = False
    with pytest.raises(Refused, match="nothing was promoted"):
        run.sync()
    product.proves = True
    assert run.switch("east", "primary")["switched"] == 1
    assert product.asked[2:] == ["promote west", "demote west", "prove west east", "promote east"]
    assert (product.roles, product.replicates) == ({"east": "primary", "west": "secondary"}, True)


def test_p3_a_switch_back_without_a_proof_starts_nothing(run: Run, product: Product) -> None:
    run.switch("east", "secondary")
    product.proves = False
    with pytest.raises(Refused, match="promote the source again"):
        run.switch("east", "primary")


def test_p3_a_target_that_the_run_has_taken_up_is_not_switched_back(run: Run, product: Product) -> None:
    run.switch("east", "secondary")
    run.sync()
    run.switch("west", "primary")
    with pytest.raises(Refused, match="it finishes the move"):
        run.switch("east", "primary")
    assert product.roles["west"] == "primary"


@pytest.mark.parametrize(
    ("operation", "source", "asked"),
    [
        ("relocate", "vendor", ["latch", "demote east"]),
        # made by us, after the latch is closed
        ("relocate", "oadp", ["demote east"]),
        # the plan runs at the target
        ("reprotect", "vendor", ["demote east"]),
    ],
)
def test_p1_vms_that_a_planned_switch_brings_find_the_latch_closed(
    product: Product, monkeypatch: pytest.MonkeyPatch, operation: str, source: str, asked: list[str]
) -> None:
    run = Run(product, operation, source)
    monkeypatch.setattr(replication, "Session", run)
    monkeypatch.setattr(replication, "latch_target", lambda _session: product.asked.append("latch"), raising=False)
    if operation == "reprotect":
        product.roles["west"] = "primary"
    run.switch("east", "secondary")
    assert product.asked == asked


def test_p1_a_reprotection_demotes_no_copy_by_a_switch_and_resynchronises_it(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(product, "reprotect")
    monkeypatch.setattr(replication, "Session", run)
    product.roles["west"] = "primary"
    assert run.switch("east", "secondary")["switched"] == 0
    assert product.roles == {"east": "primary", "west": "primary"}
    run.switch("east", "resynced")
    assert product.roles == {"east": "secondary", "west": "primary"}
