# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import (
    GroupStatus,
    Role,
    VolumeStatus,
    combine,
    silent,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.guards.phase import PHASES, phase_check, phase_of

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
# (role, health, direction) at home and away; None: no answer. Then the phase that this is, or none.
CASES = [
    (("primary", "healthy", "outgoing"), ("secondary", "healthy", "incoming"), "normal"),
    (("secondary", "healthy", "incoming"), ("primary", "healthy", "outgoing"), "failback_prep"),
    (None, ("primary", "degraded", "outgoing"), "failed_over"),
    (("secondary", "degraded", "none"), ("primary", "degraded", "outgoing"), "failed_over"),
    (("primary", "degraded", "outgoing"), ("secondary", "degraded", "none"), "failing_back"),
    (("primary", "healthy", "outgoing"), ("primary", "healthy", "outgoing"), None),
    (("secondary", "healthy", "none"), ("secondary", "healthy", "none"), None),
    (("unknown", "unknown", "none"), ("unknown", "unknown", "none"), None),
]


def status(site: str, seen: tuple[str, str, str] | None) -> GroupStatus:
    if seen is None:
        return GroupStatus("db", site, "unknown", "unknown", "none", reachable=False)
    return GroupStatus("db", site, *seen, last_sync=NOON)


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize(("at_home", "at_away", "is_phase"), CASES)
def test_a_group_is_as_exactly_one_phase_wants_it(at_home, at_away, is_phase, phase) -> None:
    check = phase_check(phase, "east", "west", status("east", at_home), status("west", at_away))
    assert check.as_expected is (phase == is_phase)
    assert bool(check.message) is not check.as_expected


def test_the_direction_is_said() -> None:
    at_home, at_away, _phase = CASES[1]
    check = phase_check("normal", "east", "west", status("east", at_home), status("west", at_away))
    assert (check.replicates, check.direction) == (True, "west -> east")
    assert check.message == "primary at west, wanted at east; west -> east replicates, wanted east -> west"


def test_both_primary_are_named() -> None:
    at_home, at_away, _phase = CASES[5]
    check = phase_check("normal", "east", "west", status("east", at_home), status("west", at_away))
    assert "primary at east and west" in check.message


def test_a_diverged_copy_is_not_a_normal_phase() -> None:
    at_away = status("west", ("secondary", "diverged", "incoming"))
    check = phase_check("normal", "east", "west", status("east", CASES[0][0]), at_away)
    assert check.message == "diverged at west: "


@pytest.mark.parametrize(("at_home", "at_away", "is_phase"), CASES)
def test_the_phase_is_the_one_that_the_check_expects(at_home, at_away, is_phase) -> None:
    assert phase_of("east", "west", [status("east", at_home)], [status("west", at_away)]) == is_phase


@pytest.mark.parametrize(
    "copy",
    [("secondary", "diverged", "none"), ("secondary", "degraded", "none"), ("unknown", "error", "none")],
    ids=["diverged", "idle", "error"],
)
def test_a_copy_that_follows_nothing_is_no_normal_phase(copy) -> None:
    at_home = [status("east", ("primary", "degraded", "outgoing"))]
    assert phase_of("east", "west", at_home, [status("west", copy)]) != "normal"


def test_groups_of_different_phases_have_none() -> None:
    at_home = [status("east", CASES[0][0]), status("east", CASES[4][0])]
    at_away = [status("west", CASES[0][1]), status("west", CASES[4][1])]
    assert phase_of("east", "west", at_home, at_away) is None


def partly(site: str, *roles: Role) -> GroupStatus:
    volumes = [VolumeStatus(f"disk-{number}", role, "healthy", "none") for number, role in enumerate(roles)]
    return combine("db", site, volumes)


@pytest.mark.parametrize(("phase", "whole"), [("failed_over", "west"), ("failing_back", "east")])
def test_p1_a_group_of_which_a_part_is_primary_at_both_sites_is_as_no_phase_wants_it(phase, whole) -> None:
    seen = {site: partly(site, "primary", "secondary") for site in ("east", "west")}
    seen[whole] = status(whole, ("primary", "degraded", "none"))
    check = phase_check(phase, "east", "west", seen["east"], seen["west"])
    other = "east" if whole == "west" else "west"
    assert check.as_expected is False
    assert check.message == f"at {other}: partly switched: 1 primary (disk-0), 1 secondary (disk-1)"


def test_p10_a_site_that_does_not_answer_is_not_said_to_be_no_primary() -> None:
    at_away = status("west", ("secondary", "healthy", "incoming"))
    check = phase_check("normal", "east", "west", silent("db", "east", "connection refused"), at_away)
    assert (check.as_expected, check.direction) == (False, "east -> west")
    assert check.message == "no primary was seen, wanted at east; no answer from east: connection refused"


def test_p10_why_nothing_replicates_is_said_by_the_site_that_knows_it() -> None:
    at_home = replace(status("east", ("primary", "healthy", "none")), message="no sync since it became primary")
    check = phase_check("normal", "east", "west", at_home, status("west", ("secondary", "healthy", "incoming")))
    assert check.message == ("nothing replicates, wanted east -> west; at east: no sync since it became primary")


def test_what_is_broken_is_said_once() -> None:
    at_away = replace(status("west", ("secondary", "error", "none")), message="disk full")
    check = phase_check("normal", "east", "west", status("east", CASES[0][0]), at_away)
    assert check.message == "nothing replicates, wanted east -> west; error at west: disk full"
