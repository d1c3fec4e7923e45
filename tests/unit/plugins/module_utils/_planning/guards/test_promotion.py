# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from itertools import product
from typing import NamedTuple

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.guards.promotion import (
    UNSEEN,
    PeerClearance,
    check_machines_off,
    check_one_writer,
    check_promotion,
)

ROLES = ("primary", "secondary", "unknown")
REASON = "the building burnt down"


class Case(NamedTuple):
    """What is seen and said of the source. there: its storage has no such group, does not answer, or says a role."""

    there: str
    lost: bool
    fenced: bool
    waived: bool
    vms_off: bool

    @property
    def peer(self) -> PeerClearance:
        return PeerClearance(self.lost, self.fenced, REASON if self.waived else None, self.vms_off)

    def __str__(self) -> str:
        said = [name for name in ("lost", "fenced", "waived", "vms_off") if getattr(self, name)]
        return ", ".join([f"source {self.there}", *said])


YES_NO = (False, True)
EVERY = [Case(*values) for values in product(("absent", "unreachable", *ROLES), *[YES_NO] * 4)]
PROVEN = [case for case in EVERY if case.there == "secondary" and case.vms_off]
DECLARED = [case for case in EVERY if case.lost and (case.fenced or case.waived)]


def status(role: str, site: str = "west", group: str = "db", **changes: object) -> GroupStatus:
    return GroupStatus(group, site, role, "healthy", "none", **changes)


def at_source(state: str, group: str = "db") -> list[GroupStatus]:
    if state == "absent":
        return []
    if state == "unreachable":
        return [status("unknown", "east", group, reachable=False, message="connection timed out")]
    return [status(state, "east", group)]


def one_writer(here: list[GroupStatus], there: list[GroupStatus], peer: PeerClearance) -> None:
    check_one_writer("payroll", "west", "east", here, there, peer)


def refusal_of(here: list[GroupStatus], there: list[GroupStatus], peer: PeerClearance) -> Refused:
    with pytest.raises(Refused) as refusal:
        one_writer(here, there, peer)
    return refusal.value


@pytest.mark.parametrize("case", PROVEN, ids=str)
def test_p1_starts_when_the_source_is_secondary_and_its_vms_are_off(case: Case) -> None:
    one_writer([status("primary")], at_source(case.there), case.peer)


@pytest.mark.parametrize("case", DECLARED, ids=str)
def test_p1_starts_when_the_source_is_declared_lost_and_fenced_or_waived(case: Case) -> None:
    one_writer([status("primary")], at_source(case.there), case.peer)


@pytest.mark.parametrize("case", [case for case in EVERY if case not in PROVEN and case not in DECLARED], ids=str)
def test_p1_refuses_to_start_in_every_other_case(case: Case) -> None:
    refusal_of([status("primary")], at_source(case.there), case.peer)


@pytest.mark.parametrize("role", ["secondary", "unknown"])
@pytest.mark.parametrize("case", EVERY, ids=str)
def test_p1_refuses_to_start_where_the_group_is_not_primary(role: str, case: Case) -> None:
    refusal_of([status(role)], at_source(case.there), case.peer)


def test_p1_refuses_to_start_when_no_group_was_observed() -> None:
    refusal_of([], [], PeerClearance(vms_off=True))


def test_p1_refuses_to_start_when_one_of_several_groups_is_writable_at_the_source() -> None:
    here = [status("primary", group="db"), status("primary", group="app")]
    there = at_source("secondary", "db") + at_source("primary", "app")
    assert refusal_of(here, there, PeerClearance(vms_off=True)).on == "group payroll/app"


def test_p1_a_waiver_without_a_reason_waives_nothing() -> None:
    refusal_of([status("primary")], at_source("unreachable"), PeerClearance(declared_lost=True, waived=""))


@pytest.mark.parametrize(
    ("there", "peer", "seen", "next_step"),
    [
        ("unreachable", PeerClearance(), "no answer, and it was not declared lost", "dr_declare_lost=east"),
        ("unreachable", PeerClearance(declared_lost=True), "no answer", "dr_waive_fencing=<reason>"),
        ("unknown", PeerClearance(vms_off=True), "role unknown", "stop the plan there first"),
        ("primary", PeerClearance(), "role primary", "stop the plan there first"),
        ("secondary", PeerClearance(), "VMs were not proven off there", "stop the plan there first"),
    ],
)
def test_p10_a_refused_start_says_what_is_at_the_source_and_what_to_do(there, peer, seen, next_step) -> None:
    error = refusal_of([status("primary")], at_source(there), peer)
    assert f"at east: {seen}" in error.seen or f", but {seen}" in error.seen
    assert next_step in error.next_step


def test_p10_a_refused_start_names_the_group_the_site_and_the_wanted_role() -> None:
    error = refusal_of([status("secondary", message="demoted")], at_source("secondary"), PeerClearance(vms_off=True))
    assert str(error) == (
        "start VMs on group payroll/db at site west; seen: role secondary: demoted; wanted: primary;"
        " next: promote the group first; nothing was started"
    )


@pytest.mark.parametrize(
    ("peer", "debt"),
    [
        (PeerClearance(vms_off=True), None),
        (PeerClearance(declared_lost=True, fenced=True, vms_off=True), None),
        (PeerClearance(declared_lost=True, fenced=True), "its VMs were not observed to be off"),
        (
            PeerClearance(declared_lost=True, waived="array is dead", vms_off=True),
            "its storage was not fenced (array is dead)",
        ),
        (
            PeerClearance(declared_lost=True, waived="flood"),
            "its VMs were not observed to be off; its storage was not fenced (flood)",
        ),
    ],
)
def test_p1_what_was_not_proven_is_a_fence_debt(peer, debt) -> None:
    assert peer.fence_debt == debt


def promote(here: GroupStatus, there: str, forced: bool, peer: PeerClearance, proven: bool = True) -> None:
    check_promotion("payroll", "west", "east", here, at_source(there)[0], forced, proven, peer)


def promotion_refused(here: GroupStatus, there: str, forced: bool, peer: PeerClearance) -> Refused:
    with pytest.raises(Refused) as refusal:
        promote(here, there, forced, peer)
    return refusal.value


def test_p3_a_planned_promotion_passes_once_the_source_is_secondary() -> None:
    promote(status("secondary"), "secondary", False, PeerClearance())


def test_p3_a_planned_promotion_is_refused_without_a_proof_of_the_final_sync() -> None:
    with pytest.raises(Refused, match="no proof of this run"):
        promote(status("secondary"), "secondary", False, PeerClearance(), proven=False)


def test_a_forced_promotion_needs_no_proof() -> None:
    promote(status("secondary"), "unknown", True, PeerClearance(declared_lost=True), proven=False)


@pytest.mark.parametrize("there", ["unreachable", "unknown", "primary"])
@pytest.mark.parametrize("lost", YES_NO, ids=["not lost", "lost"])
def test_p1_refuses_a_planned_promotion_while_the_source_is_not_secondary(there, lost) -> None:
    promotion_refused(status("secondary"), there, False, PeerClearance(declared_lost=lost))


@pytest.mark.parametrize("there", ["unreachable", *ROLES])
def test_p4_a_forced_promotion_passes_once_the_source_is_declared_lost(there) -> None:
    promote(status("secondary"), there, True, PeerClearance(declared_lost=True))


@pytest.mark.parametrize("there", ["unreachable", *ROLES])
def test_p1_refuses_a_forced_promotion_of_a_source_that_nobody_declared_lost(there) -> None:
    error = promotion_refused(status("secondary"), there, True, PeerClearance(fenced=True, vms_off=True))
    assert error.wanted == "dr_declare_lost=east"


@pytest.mark.parametrize("there", ["unreachable", *ROLES])
@pytest.mark.parametrize("forced", [False, True], ids=["planned", "forced"])
def test_p5_a_group_that_is_primary_already_is_not_promoted_again(there, forced) -> None:
    promote(status("primary"), there, forced, PeerClearance())


@pytest.mark.parametrize("forced", [False, True], ids=["planned", "forced"])
def test_p1_refuses_to_promote_what_the_surviving_storage_does_not_answer_for(forced) -> None:
    here = status("unknown", reachable=False, message="connection refused")
    error = promotion_refused(here, "secondary", forced, PeerClearance(declared_lost=True))
    assert "connection refused" in error.seen


@pytest.mark.parametrize("forced", [False, True], ids=["planned", "forced"])
def test_p3_refuses_to_promote_a_copy_that_has_diverged(forced) -> None:
    here = GroupStatus("db", "west", "secondary", "diverged", "none")
    error = promotion_refused(here, "secondary", forced, PeerClearance(declared_lost=True))
    assert "diverged" in error.seen


VMI, ATTACHED = "VirtualMachineInstance/payroll/db-0", "VolumeAttachment/csi-1"


@pytest.mark.parametrize(
    ("left", "waived"),
    [
        (None, None),  # P4: it gave no answer
        ([], None),
        ([ATTACHED], None),
        ([VMI], "its rack has no power"),
    ],
)
def test_p1_copies_are_used_once_vms_are_off_at_a_cluster_that_outlives_its_storage_or_are_borne_by_name(
    left: list[str] | None, waived: str | None
) -> None:
    check_machines_off("payroll", "west", "east", left, waived)


@pytest.mark.parametrize(
    ("left", "waived"),
    [([VMI, ATTACHED], None), (["Pod/payroll/virt-launcher-db-0-x7k2p"], None), ([VMI], "")],
)
def test_p1_no_copy_is_used_while_a_cluster_that_answers_has_vms_of_the_plan(
    left: list[str], waived: str | None
) -> None:
    with pytest.raises(Refused, match="dr_waive_fencing=<reason>"):
        check_machines_off("payroll", "west", "east", left, waived)


HIDDEN = f"{UNSEEN}: GET /api/v1/namespaces?limit=1 at site east; seen: Unauthorized; HTTP status 401"


@pytest.mark.parametrize("left", [[HIDDEN], [VMI, HIDDEN]])
def test_p10_a_refusal_names_the_site_that_hides_its_vms_with_its_answer_and_the_way_out(left: list[str]) -> None:
    with pytest.raises(Refused) as refused:
        check_machines_off("payroll", "west", "east", left, None)
    said = str(refused.value)
    assert "seen: east answers and does not show what runs there: GET /api/v1/namespaces?limit=1" in said
    for word in ("HTTP status 401", "sites.east", "docs/rbac.md", "docs/fence_debt.md", "dr_waive_fencing=<reason>"):
        assert word in said
    check_machines_off("payroll", "west", "east", left, "its racks have no power")
