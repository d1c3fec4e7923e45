# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy that ends before clones were whole has a part of them, or nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus, silent
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.clones.arrived import (
    WantedClones,
    check_arrived,
    unproven_clones,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATE = NOON - timedelta(seconds=1)
TAKEN = "2026-03-01T11:50:00Z"
WANTED = WantedClones("payroll", "new", {"db": TAKEN, "app": ""}, "2026-03-01T12:00:00Z", ["older", "oldest"])
COPY = GroupStatus("db", "west", "secondary", "healthy", "incoming", NOON)
UNTOLD = replace(COPY, last_sync=None)
SOURCE = GroupStatus("db", "east", "primary", "healthy", "outgoing")
SILENT = silent("db", "east", "timed out")


def test_p10_a_copy_that_ends_before_the_clones_were_whole_is_refused_with_all_moments_and_a_way_out() -> None:
    with pytest.raises(Refused) as error:
        check_arrived(WANTED, [replace(COPY, last_sync=LATE)])
    assert str(error.value) == (
        "start from recovery point new on group payroll/db at site west; seen: its copy ends at"
        " 2026-03-01T11:59:59+00:00, before its clones were whole: they were taken at 2026-03-01T11:50:00Z, and"
        " captured at 2026-03-01T12:00:00Z; wanted: a copy that holds them whole: dr_accept_loss does not stand for a"
        " clone that is not there; next: nothing was changed: choose an older recovery point (older, oldest); or wait"
        " while the source still replicates, and run it again"
    )


def test_a_copy_of_that_very_moment_has_them() -> None:
    check_arrived(WANTED, [COPY])


def test_of_several_the_one_that_ends_first_is_named() -> None:
    behind = replace(COPY, last_sync=LATE)
    with pytest.raises(Refused, match="; likewise db; wanted") as error:
        check_arrived(WANTED, [behind, replace(behind, group="app", last_sync=LATE - timedelta(hours=1))])
    assert error.value.on == "group payroll/app"
    assert "taken at an unknown moment" in str(error.value.seen)


@pytest.mark.parametrize(
    "copy",
    [
        pytest.param(replace(COPY, group="files", last_sync=LATE), id="without clones"),
        pytest.param(UNTOLD, id="tells no moment"),
        pytest.param(replace(COPY, role="primary", last_sync=LATE), id="follows nobody"),
    ],
)
def test_one_that_cannot_say_so_is_not_refused(copy: GroupStatus) -> None:
    check_arrived(WANTED, [copy])


def unproven(copy: GroupStatus, source: GroupStatus, recorded: dict[str, Any]) -> list[str]:
    return [finding.message for finding in unproven_clones(WANTED, [copy], [source], recorded)]


@pytest.mark.parametrize("copy", [UNTOLD, replace(COPY, role="primary")])
def test_where_nobody_tells_a_moment_that_is_said(copy: GroupStatus) -> None:
    (message,) = unproven(replace(copy, message="it has no volume here"), SILENT, {})
    assert message == (
        "whether its clones of recovery point new, captured at 2026-03-01T12:00:00Z, have arrived whole, nobody knows:"
        " its copy tells no last sync: it has no volume here"
    )


@pytest.mark.parametrize("copy", [COPY, UNTOLD])
def test_a_copy_that_may_go_back_further_than_was_told_proves_nothing(copy: GroupStatus) -> None:
    (message,) = unproven(replace(copy, goes_back="a sync was cut off"), replace(SOURCE, last_sync=NOON), {})
    assert message.endswith("have arrived whole, nobody knows: a sync was cut off")


def test_a_source_that_told_a_moment_of_before_proves_nothing() -> None:
    (message,) = unproven(UNTOLD, replace(SOURCE, last_sync=LATE), {})
    assert message.startswith("all had until 2026-03-01T11:59:59+00:00 (east says so); whether its clones")


def test_one_that_told_a_late_enough_moment_proves_them() -> None:
    assert unproven(UNTOLD, replace(SOURCE, last_sync=NOON), {}) == []
    sync = {"primary": "east", "last_sync": NOON.isoformat(), "seen_at": NOON.isoformat()}
    assert unproven(UNTOLD, SILENT, {"db": sync}) == []


def test_a_copy_that_tells_its_moment_and_a_group_without_clones_need_nobody_s_word() -> None:
    assert unproven(COPY, SILENT, {}) == []
    assert unproven(replace(UNTOLD, group="files"), SILENT, {}) == []
