# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the facts of one image amount to. The facts are as two Ceph 16.2.15 clusters gave them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ceph_rbd.images import Image
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ceph_rbd.status import volume_status

IMAGE = Image("data", "", "csi-vol-1")
SYNCED = (
    'replaying, {"bytes_per_second":3276.8,"bytes_per_snapshot":65536.0,"last_snapshot_bytes":65536,'
    '"last_snapshot_sync_seconds":0,"local_snapshot_timestamp":1795342420,"remote_snapshot_timestamp":1795342420,'
    '"replay_state":"idle"}'
)
# before the first copy, and again right after a switch of roles
UNSYNCED = (
    'replaying, {"bytes_per_second":0.0,"bytes_per_snapshot":0.0,"last_snapshot_bytes":0,'
    '"last_snapshot_sync_seconds":0,"remote_snapshot_timestamp":1795342420,"replay_state":"idle"}'
)
JOURNAL = (
    'replaying, {"bytes_per_second":17.5,"entries_behind_primary":0,"entries_per_second":0.2,'
    '"non_primary_position":{"entry_tid":3,"object_number":3,"tag_tid":1},'
    '"primary_position":{"entry_tid":3,"object_number":3,"tag_tid":1}}'
)
# a newer release names the moment of the last whole snapshot beside it
SYNCING = (
    'replaying, {"bytes_per_second":0.0,"local_snapshot_timestamp":1795342420,"remote_snapshot_timestamp":1795342480,'
    '"replay_state":"syncing","syncing_percent":42,"syncing_snapshot_timestamp":1795342480}'
)
AT = "2026-11-22T10:30:20"
MOMENT = datetime(2026, 11, 22, 10, 13, 40, tzinfo=UTC)


WHOLE, HALF = {"id": 4, "complete": True}, {"id": 6, "complete": False}


def report(state: str, description: str, up: bool = True, of: str = "", at: str = AT) -> dict[str, Any]:
    return {"state": state, "up": up, "description": description, "at": at, "mirror_uuid": of}


def primary(**changes: Any) -> dict[str, Any]:
    return {
        "id": "102fa7eb61de",
        "mirror": {"mode": "snapshot", "state": "enabled", "primary": True, "global_id": "5041f09a"},
        "status": report("stopped", "local image is primary"),
        "peers": [report("replaying", SYNCED, of="b1e2d761")],
        **changes,
    }


def secondary(**changes: Any) -> dict[str, Any]:
    return {
        "id": "102fcd85874",
        "mirror": {"mode": "snapshot", "state": "enabled", "primary": False, "global_id": "5041f09a"},
        "status": report("replaying", SYNCED),
        "peers": [report("stopped", "local image is primary", of="19d3ab03")],
        **changes,
    }


def test_a_healthy_pair_says_the_same_moment_at_both_sites() -> None:
    here, there = volume_status(IMAGE, primary()), volume_status(IMAGE, secondary())
    assert (here.role, here.health, here.direction) == ("primary", "healthy", "outgoing")
    assert (there.role, there.health, there.direction) == ("secondary", "healthy", "incoming")
    assert here.last_sync == there.last_sync == MOMENT
    assert here.message == there.message == ""


@pytest.mark.parametrize(
    ("facts", "role", "health", "direction", "text"),
    [
        (None, "unknown", "error", "none", "no such image"),
        ({"id": "1", "features": 61}, "unknown", "error", "none", "mirroring of the image is disabled"),
        (secondary(mirror={**secondary()["mirror"], "state": "disabling"}), "unknown", "error", "none", "disabling"),
        # the secondary goes on to say replaying when its peer is dead
        (
            secondary(peers=[report("stopped", "local image is primary", up=False)]),
            "secondary",
            "degraded",
            "incoming",
            f"does not report since {AT}Z",
        ),
        (
            secondary(status=report("replaying", UNSYNCED), peers=[report("unknown", "status not found", up=False)]),
            "secondary",
            "degraded",
            "incoming",
            "synchronised yet; the peer's rbd-mirror does not report",
        ),
        (secondary(peers=[]), "secondary", "degraded", "incoming", "does not report: nothing new"),
        (secondary(status=report("replaying", UNSYNCED)), "secondary", "degraded", "incoming", "synchronised yet"),
        (secondary(status=report("syncing", "bootstrapping, 42%")), "secondary", "degraded", "incoming", "42%"),
        (secondary(status=report("starting_replay", "starting")), "secondary", "degraded", "none", "starting"),
        (secondary(status=report("unknown", "remote image is not primary")), "secondary", "degraded", "none", "remote"),
        (secondary(status=report("error", "split-brain")), "secondary", "diverged", "none", "resync it from the"),
        (secondary(status=report("error", "failed to commit")), "secondary", "error", "none", "failed to commit"),
        (
            secondary(status=report("unknown", "status not found", up=False)),
            "secondary",
            "degraded",
            "none",
            "this site's rbd-mirror does not report",
        ),
        (
            secondary(status=report("stopping_replay", "orphan (force promoting)")),
            "secondary",
            "degraded",
            "none",
            "orphan (force promoting)",
        ),
        (primary(peers=[]), "primary", "degraded", "outgoing", "no peer has reported"),
        (primary(peers=[report("replaying", UNSYNCED)]), "primary", "degraded", "outgoing", "at the peer: no snapshot"),
        (
            primary(peers=[report("replaying", SYNCED, up=False)]),
            "primary",
            "degraded",
            "outgoing",
            "rbd-mirror does not run, or does not reach this site",
        ),
        (primary(peers=[report("error", "split-brain")]), "primary", "diverged", "none", "split-brain at the peer"),
        (primary(peers=[report("error", "failed")]), "primary", "error", "outgoing", "at the peer: failed"),
        (
            primary(peers=[report("stopped", "local image is primary")]),
            "primary",
            "degraded",
            "none",
            "says that it is primary too",
        ),
    ],
)
def test_what_facts_amount_to(facts: Any, role: str, health: str, direction: str, text: str) -> None:
    status = volume_status(IMAGE, facts)
    assert (status.role, status.health, status.direction) == (role, health, direction)
    assert text in status.message


def journal_report(replayed: str, written: str) -> dict[str, Any]:
    """After a switch of roles it says replaying before it has taken anything up."""
    numbers = f'{{"entries_behind_primary":1,"non_primary_position":{replayed},"primary_position":{written}}}'
    return report("replaying", f"replaying, {numbers}")


@pytest.mark.parametrize(
    ("replayed", "written", "health"),
    [
        ("{}", '{"entry_tid":0,"tag_tid":4}', "degraded"),
        ('{"entry_tid":0,"tag_tid":7}', '{"entry_tid":0,"tag_tid":10}', "degraded"),
        ('{"entry_tid":0,"tag_tid":10}', '{"entry_tid":5,"tag_tid":10}', "healthy"),
        # nothing was ever written
        ("{}", "{}", "healthy"),
    ],
)
def test_p3_a_journal_is_followed_once_something_of_its_newest_part_has_been_replayed(
    replayed: str, written: str, health: str
) -> None:
    """Demoted before that, it is not replayed any more."""
    reported = journal_report(replayed, written)
    mirror = {**secondary()["mirror"], "mode": "journal"}
    there = volume_status(IMAGE, secondary(status=reported, mirror=mirror))
    here = volume_status(IMAGE, primary(peers=[reported], mirror={**mirror, "primary": True}))
    assert (there.role, there.health, there.direction) == ("secondary", health, "incoming")
    assert (here.role, here.health, here.direction) == ("primary", health, "outgoing")


def test_the_moment_is_that_of_the_newest_data_and_never_a_stand_in() -> None:
    dead = secondary(peers=[report("stopped", "local image is primary", up=False)])
    assert volume_status(IMAGE, dead).last_sync == MOMENT
    assert volume_status(IMAGE, secondary(status=report("replaying", UNSYNCED))).last_sync is None
    journal = secondary(status=report("replaying", JOURNAL), mirror={**secondary()["mirror"], "mode": "journal"})
    assert volume_status(IMAGE, journal).last_sync is None
    assert volume_status(IMAGE, journal).health == "healthy"


@pytest.mark.parametrize(
    ("facts", "in_doubt"),
    [
        (secondary(), False),
        # the link was cut in the middle of a sync
        (secondary(status=report("replaying", UNSYNCED)), True),
        (secondary(status=report("replaying", SYNCING)), True),
        # rbd-mirror was started anew, and nobody knows whether a sync was under way before
        (secondary(status=report("unknown", "status not found", up=False)), True),
        # unless the image itself shows it
        (secondary(status=report("unknown", "status not found", up=False), snapshots=[WHOLE]), False),
        (secondary(status=report("replaying", UNSYNCED), snapshots=[WHOLE, HALF]), True),
        # the last report is of before that sync
        (secondary(snapshots=[WHOLE, HALF]), True),
        (secondary(status=report("replaying", JOURNAL), mirror={**secondary()["mirror"], "mode": "journal"}), False),
        (primary(), False),
        (primary(peers=[report("replaying", UNSYNCED)]), False),
        (None, False),
    ],
)
def test_a_copy_that_may_hold_half_a_sync_says_that_it_may_go_back_further(facts: Any, in_doubt: bool) -> None:
    assert bool(volume_status(IMAGE, facts).goes_back) is in_doubt
