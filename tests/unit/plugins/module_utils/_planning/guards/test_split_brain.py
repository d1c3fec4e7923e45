# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""P1 as one table: how far a move comes from everything that may be seen and said of the two sites."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fnmatch import fnmatchcase
from itertools import product
from typing import NamedTuple

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus, silent
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.guards.begin import check_source
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.guards.promotion import (
    UNSEEN,
    PeerClearance,
    check_machines_off,
    check_one_writer,
    check_promotion,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.guards.switch import check_movable

# The first row that fits decides; `*` fits everything.
#   site:  whether the source's API server answers, or refuses us      said: lost, by dr_declare_lost
#   from, to: the group's role at the source and the target; `silent`: its storage does not answer; `absent`: none there
#   fence: proven, waived by name, or none                 vms: off is proven of the source's, or left is what is not
# How far it comes: `begin` is refused at once, `promote` and `start` refused in that step, `starts`.
FAILOVER = """
site         said  from       to         fence   vms   how far
*            -     *          *          *       *     begin
*            lost  *          silent     *       *     promote
refuses      lost  *          *          none    *     promote
refuses      lost  *          *          proven  *     promote
reachable    lost  *          *          none    left  promote
reachable    lost  *          *          proven  left  promote
*            lost  secondary  *          *       off   starts
*            lost  *          *          none    *     start
*            lost  *          *          *       *     starts
"""
RELOCATE = """
site         said  from       to         fence   vms   how far
unreachable  *     *          *          *       *     begin
failed       *     *          *          *       *     begin
refuses      *     *          *          *       *     begin
*            *     primary    primary    *       *     begin
*            *     primary    secondary  *       off   starts
*            *     primary    absent     *       off   starts
*            *     primary    secondary  *       left  promote
*            *     primary    absent     *       left  promote
*            *     *          *          *       *     begin
"""


class Case(NamedTuple):
    site: str
    said: str
    source: str
    target: str
    fence: str
    vms: str


CASES = [
    Case(*values)
    for values in product(
        ("reachable", "unreachable", "failed", "refuses"),
        ("-", "lost"),
        ("primary", "secondary", "unknown", "silent", "absent"),
        ("primary", "secondary", "unknown", "silent", "absent"),
        ("none", "proven", "waived"),
        ("off", "left"),
    )
]


# who refuses us has failed, as a server that is broken
STATES = {"reachable": "reachable", "unreachable": "unreachable", "failed": "failed", "refuses": "failed"}


def wanted(table: str, case: Case) -> str:
    rows = [line.split() for line in table.strip().splitlines()[1:]]
    return next(row[-1] for row in rows if all(map(fnmatchcase, case, row)))


def status(role: str, site: str) -> GroupStatus:
    if role == "silent":
        return silent("db", site, "no answer")
    if role == "absent":
        return GroupStatus("db", site, "unknown", "unknown", "none", present=False)
    return GroupStatus("db", site, role, "healthy", "none")  # type: ignore[arg-type]


def clearance(case: Case) -> PeerClearance:
    waived = "flood" if case.fence == "waived" else None
    return PeerClearance(case.said == "lost", case.fence == "proven", waived, case.vms == "off")


def failover(case: Case) -> str:
    """The source is left as it is; its storage may be anything."""
    here, there, peer = status(case.target, "west"), status(case.source, "east"), clearance(case)
    try:
        check_source("failover", "east", STATES[case.site], "", "east" if case.said == "lost" else None)
    except Refused:
        return "begin"
    left = {
        "reachable": [] if peer.vms_off else ["VirtualMachineInstance/payroll/db-0"],
        "refuses": [f"{UNSEEN}: HTTP status 401"],
    }
    try:
        check_machines_off("payroll", "west", "east", left.get(case.site), peer.waived)
        check_promotion("payroll", "west", "east", here, there, True, False, peer)
    except Refused:
        return "promote"
    return _start(here, there, peer)


def relocate(case: Case) -> str:
    """The source is demoted in between, unless VMs are left there, and its final sync is proven."""
    here, there = status(case.target, "west"), status(case.source, "east")
    peer = replace(clearance(case), declared_lost=False)
    try:
        check_source("relocate", "east", STATES[case.site], "", None)
        check_movable("payroll", "west", "east", [here], [there])
    except Refused:
        return "begin"
    demoted = status("secondary", "east") if peer.vms_off else there
    try:
        check_promotion("payroll", "west", "east", here, demoted, False, peer.vms_off, peer)
    except Refused:
        return "promote"
    return _start(here, demoted, peer)


def _start(here: GroupStatus, there: GroupStatus, peer: PeerClearance) -> str:
    try:
        check_one_writer("payroll", "west", "east", [replace(here, role="primary")], [there], peer)
    except Refused:
        return "start"
    return "starts"


@pytest.mark.parametrize(("move", "table"), [(failover, FAILOVER), (relocate, RELOCATE)])
def test_p1_a_move_comes_as_far_as_the_table_says(move: Callable[[Case], str], table: str) -> None:
    assert {case: move(case) for case in CASES} == {case: wanted(table, case) for case in CASES}


def test_p1_nothing_starts_beside_a_source_that_may_write_unless_it_was_declared_lost_and_fenced_or_waived() -> None:
    started = [case for case in CASES if failover(case) == "starts"]
    unsafe = [case for case in started if (case.source, case.vms) != ("secondary", "off")]
    assert {case.said for case in started} == {"lost"}
    assert {case.fence for case in unsafe} == {"proven", "waived"}
