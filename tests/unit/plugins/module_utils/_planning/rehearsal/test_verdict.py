# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.rehearsal.verdict import (
    disturbed,
    seen_of,
    start_times,
    verdict,
    went_on,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def seen(**changes: Any) -> list[dict[str, Any]]:
    status = {"role": "secondary", "health": "healthy", "direction": "incoming", "last_sync": NOON, **changes}
    return seen_of([GroupStatus("payroll", "west", **status)])


def test_a_copy_that_became_newer_is_what_replication_is_for() -> None:
    later = seen(last_sync=NOON + timedelta(seconds=5))
    assert disturbed(seen(), later) == []
    assert went_on(seen(), later) == ["payroll"]


def test_a_copy_between_two_transfers_was_not_disturbed_and_did_not_go_on() -> None:
    assert (disturbed(seen(), seen()), went_on(seen(), seen())) == ([], [])


@pytest.mark.parametrize(
    "changes",
    [
        {"role": "primary"},
        {"direction": "none"},
        {"health": "diverged"},
        {"last_sync": NOON - timedelta(seconds=1)},
        {"last_sync": None},
    ],
)
def test_whatever_else_changed_in_the_replication_is_said(changes: dict[str, Any]) -> None:
    assert len(disturbed(seen(), seen(**changes))) == 1


def test_a_product_without_sync_times_is_judged_by_the_rest() -> None:
    assert disturbed(seen(last_sync=None), seen(last_sync=None)) == []


def test_a_rehearsal_passes_when_all_started_and_nothing_was_disturbed() -> None:
    found = verdict({"a/db": 3.0, "a/web": 9.5}, {}, [], ("c-1", {}), ["payroll"])
    assert (found["verdict"], found["started"], found["longest_start"]) == ("passed", 2, 9.5)


@pytest.mark.parametrize(("failed", "wrong"), [({"a/db": "timed out"}, []), ({}, ["group payroll: role was x"])])
def test_a_rehearsal_fails_with_its_reasons(failed: dict[str, str], wrong: list[str]) -> None:
    found = verdict({}, failed, wrong, ("c-1", {}), [])
    assert (found["verdict"], len(found["reasons"]), found["longest_start"]) == ("failed", 1, None)


def test_start_times_are_those_that_the_start_measured() -> None:
    assert start_times({"started": {"a/db": [1000.0, 4.2]}}) == {"a/db": 4.2}
    assert start_times(None) == {}
