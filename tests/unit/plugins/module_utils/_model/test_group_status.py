# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus, SyncProof

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


@pytest.mark.parametrize(("last_sync", "text"), [(NOON, "2026-03-01T12:00:00+00:00"), (None, None)])
def test_a_status_is_plain_data(last_sync, text) -> None:
    assert status(last_sync).as_dict()["last_sync"] == text


@pytest.mark.parametrize(
    ("source", "target", "holds"), [("f00d", "f00d", True), ("f00d", "beef", False), ("", "", False)]
)
def test_p3_a_proof_holds_only_when_both_digests_are_there_and_equal(source, target, holds) -> None:
    assert SyncProof("db", source, target, "sha256 of every file", 2, 10, "12:00").holds is holds
