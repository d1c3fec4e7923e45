# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus, VolumeStatus, combine

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def status(last_sync: datetime | None) -> GroupStatus:
    return GroupStatus("db", "west", "secondary", "healthy", "incoming", last_sync)


@pytest.mark.parametrize(
    ("last_sync", "lag"),
    [
        (NOON - timedelta(seconds=40), timedelta(seconds=40)),
        (NOON, timedelta()),
        (NOON + timedelta(seconds=5), timedelta()),
        (None, None),
    ],
    ids=["behind", "equal", "clocks differ", "unknown"],
)
def test_the_lag_is_measured_against_the_given_moment(last_sync, lag) -> None:
    assert status(last_sync).lag(NOON) == lag


@pytest.mark.parametrize(("moment", "text"), [(NOON, "2026-03-01T12:00:00+00:00"), (None, None)])
def test_a_status_is_plain_data(moment, text) -> None:
    assert status(moment).as_dict()["last_sync"] == text
    assert replace(status(None), arrived=moment).as_dict()["arrived"] == text


def volume(name: str, **changes) -> VolumeStatus:
    known = {
        "role": "secondary",
        "health": "healthy",
        "direction": "incoming",
        "last_sync": NOON,
        "arrived": NOON,
        "sync_proof": "equal",
    }
    return VolumeStatus(name, **{**known, **changes})


def test_volumes_that_agree_are_their_group() -> None:
    whole = combine("db", "west", [volume("a"), volume("b")], "snapshot")
    assert (whole.role, whole.health, whole.direction) == ("secondary", "healthy", "incoming")
    assert (whole.last_sync, whole.last_sync_source) == (NOON, "snapshot")
    assert whole.sync_proof == "2 volumes, each: equal"


def test_p1_a_group_that_is_partly_switched_has_no_role_and_names_its_volumes() -> None:
    mixed = combine("db", "west", [volume("a"), volume("b", role="primary"), volume("c", role="primary")])
    assert (mixed.role, mixed.health) == ("unknown", "degraded")
    assert mixed.partly_switched
    assert mixed.message == "partly switched: 2 primary (b, …), 1 secondary (a)"


def test_the_oldest_volume_is_the_recovery_point_of_the_group() -> None:
    older = NOON - timedelta(minutes=3)
    assert combine("db", "west", [volume("a"), volume("b", last_sync=older)]).last_sync == older


def test_what_came_last_to_the_volume_that_waits_longest_came_last_to_the_group() -> None:
    older = NOON - timedelta(minutes=3)
    assert combine("db", "west", [volume("a", arrived=NOON), volume("b", arrived=older)]).arrived == older


@pytest.mark.parametrize("unknown", [{"last_sync": None}, {"sync_proof": ""}, {"arrived": None}])
def test_p3_what_one_volume_does_not_know_its_group_does_not_know(unknown) -> None:
    whole = combine("db", "west", [volume("a"), volume("b", **unknown)], "snapshot")
    name, value = next(iter(unknown.items()))
    assert getattr(whole, name) == value


def test_the_worst_volume_is_the_health_of_the_group() -> None:
    found = [volume(name, health=name) for name in ("degraded", "diverged", "error", "healthy")]
    assert combine("db", "west", found).health == "diverged"


def test_p1_a_group_without_volumes_has_no_role() -> None:
    assert combine("db", "west", []).role == "unknown"
