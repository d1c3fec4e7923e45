# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which boundaries kills met, and which they did not."""

from __future__ import annotations

from ansible_collections.ocpvirt.dr.tests.faults.boundaries import Boundaries
from ansible_collections.ocpvirt.dr.tests.faults.kills import Place

BEGIN, SYNC = Place(1, "begin"), Place(1, "sync")


def seen() -> Boundaries:
    found = Boundaries()
    found.expect("relocate", [BEGIN, SYNC])
    found.met("relocate", SYNC)
    return found


def test_a_boundary_that_no_kill_met_is_named() -> None:
    assert seen().missed("relocate") == ["begin of play 1"]
    assert seen().told("relocate") == "1 of 2 of relocate, not begin of play 1"
    assert seen().problems("relocate") == ["no kill met relocate at the boundary of begin of play 1"]


def test_an_operation_without_any_is_a_problem() -> None:
    assert seen().problems("failover") == ["no boundary of failover was met by a kill"]


def test_to_expect_again_what_was_met_already_forgets_nothing() -> None:
    found = seen()
    found.expect("relocate", [BEGIN, SYNC])
    assert found.missed("relocate") == ["begin of play 1"]


def test_what_one_lane_missed_another_one_may_meet() -> None:
    found, other = seen(), Boundaries()
    other.expect("relocate", [BEGIN, SYNC])
    other.met("relocate", BEGIN)
    other.met("failover", BEGIN)
    found.add(other)
    assert found == {
        "relocate": {"begin of play 1": 1, "sync of play 1": 1},
        "failover": {"begin of play 1": 1},
    }
    assert found.problems("relocate") == []
