# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may write, by what a Replication says of itself."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.hitachi.ends import mismatch
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.hitachi.status import (
    Leg,
    describe,
    end,
    role,
    volume_status,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.hitachi.double import handle, shown_pair

KEY = ("payroll", "disk-0")


def leg(p: str, status: str, site: str = "east", **changes: Any) -> Leg:
    """p: the site of the P-VOL."""
    pair = {**shown_pair(site, "disk-0", p), "volumeStatus": status, **changes.pop("pair", {})}
    spec = {"replicationType": "UR", "desiredPairState": "pair", **changes.pop("spec", {})}
    meta = {"name": "disk-0", "namespace": "payroll", **changes.pop("metadata", {})}
    item = {"metadata": meta, "spec": spec, "status": {"replicationPair": pair, "currentOperation": changes}}
    return Leg(KEY, item, None, handle(site, "disk-0"))


@pytest.mark.parametrize(
    ("p", "status", "wanted"),
    [
        ("east", "PAIR", ("primary", "healthy", "outgoing")),
        ("west", "PAIR", ("secondary", "healthy", "incoming")),
        ("east", "COPY", ("primary", "degraded", "outgoing")),
        ("west", "COPY", ("secondary", "degraded", "incoming")),
        # a P-VOL is never locked
        ("east", "PSUS", ("primary", "degraded", "none")),
        ("east", "PSUE", ("primary", "degraded", "none")),
        ("west", "PSUE", ("secondary", "degraded", "none")),
        # whether a copy that was split off may be written nothing shows
        ("west", "PSUS", ("unknown", "degraded", "none")),
        ("west", "SSUS", ("unknown", "degraded", "none")),
        ("west", "SSWS", ("primary", "degraded", "none")),
        ("east", "SSWS", ("primary", "diverged", "none")),
        ("east", "SMPL", ("unknown", "error", "none")),
        ("west", "SMPL", ("unknown", "error", "none")),
        ("west", "NEW!", ("unknown", "error", "none")),
        ("west", "", ("unknown", "error", "none")),
    ],
)
def test_a_status_is_read_with_the_end_of_the_pair(p: str, status: str, wanted: tuple[str, str, str]) -> None:
    seen = volume_status(leg(p, status))
    assert (seen.role, seen.health, seen.direction) == wanted
    assert seen.last_sync is None


def test_p1_the_array_says_which_volume_is_sent_from_whatever_the_object_was_made_as() -> None:
    stale = {"replicationAttribute": "primary"}
    assert end(leg("west", "PAIR", spec=stale)) == "S"


def test_volumes_of_one_number_and_name_are_told_apart_by_what_the_object_says() -> None:
    same = {"primaryVolumeId": 7, "secondaryVolumeId": 7, "primaryVolumeNickname": "x", "secondaryVolumeNickname": "x"}
    assert end(leg("east", "PAIR", pair=same, spec={"replicationAttribute": "secondary"})) == "S"
    assert end(leg("east", "PAIR", pair=same)) == ""


def test_p1_a_pair_of_other_volumes_is_nobodys_role() -> None:
    """The claim was bound anew, to a volume that nothing replicates."""
    strange = {"primaryVolumeId": 98, "secondaryVolumeId": 99}
    seen = volume_status(leg("east", "PAIR", pair=strange, spec={"replicationAttribute": "primary"}))
    assert (seen.role, seen.health) == ("unknown", "error")
    assert "neither P-VOL nor S-VOL" in seen.message


@pytest.mark.parametrize("kind", ["GAD", "", None])
def test_p1_of_a_pair_whose_volumes_can_both_be_written_no_role_is_known(kind: str | None) -> None:
    assert role(leg("west", "PAIR", spec={"replicationType": kind})) == "unknown"


@pytest.mark.parametrize("word", ["failover", "failback", "swap-resync"])
def test_p1_who_may_write_is_unknown_while_a_switch_is_under_way(word: str) -> None:
    seen = volume_status(leg("east", "PAIR", spec={"desiredPairState": word}, running=True, operation=word))
    assert (seen.role, seen.health) == ("unknown", "degraded")
    assert f"operation {word} running" in seen.message


@pytest.mark.parametrize("word", ["failover", "failback", "swap-resync"])
@pytest.mark.parametrize("status", ["PAIR", "COPY", "PSUE"])
def test_p1_a_copy_whose_takeover_was_asked_for_is_no_secondary_any_more(word: str, status: str) -> None:
    """Its operator may do it at any time: of a run that was killed, once it is back."""
    seen = volume_status(leg("west", status, spec={"desiredPairState": word}))
    assert (seen.role, seen.health) == ("unknown", "degraded")
    assert f"asked for {word}" in seen.message


def test_the_word_that_made_a_volume_primary_changes_nothing_afterwards() -> None:
    assert role(leg("west", "SSWS", spec={"desiredPairState": "failover"})) == "primary"
    assert role(leg("east", "PAIR", spec={"desiredPairState": "swap-resync"})) == "primary"


def test_what_switches_nothing_changes_no_role() -> None:
    assert role(leg("east", "PAIR", spec={"desiredPairState": "split"}, running=True)) == "primary"


def test_an_object_that_is_being_deleted_says_nothing() -> None:
    assert role(leg("east", "PAIR", metadata={"deletionTimestamp": "2026-03-01T12:00:00Z"})) == "unknown"


def test_an_object_without_a_status_says_nothing() -> None:
    seen = volume_status(Leg(KEY, {"metadata": {"name": "disk-0"}, "spec": {}}, None, ""))
    assert (seen.role, seen.health) == ("unknown", "error")
    assert volume_status(Leg(KEY, None)).message == "it has no Replication here"


def test_an_error_of_the_last_operation_is_told() -> None:
    assert "last error: the path is blocked" in describe(leg("east", "PSUE", lastErrorMessage="the path is blocked"))


def test_two_ends_of_one_pair_match_whichever_is_the_source() -> None:
    here, there = leg("east", "PAIR").item or {}, leg("east", "PAIR", "west").item or {}
    assert mismatch(here, there) == []
    assert mismatch(here, leg("west", "PAIR", "west").item or {}) == []
    other = leg("east", "PAIR", "west", pair={"copyPairName": "another", "remoteSerialNumber": 1}).item or {}
    assert len(mismatch(here, other)) == 2
    assert mismatch(here, {"spec": {}, "status": {}}) == []
