# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When rbd-mirror is at work on an image, by its snapshots at both sites as `rbd snap ls --all` lists them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.tests.integration.rigs.ceph_rbd import is_copied

Snapshot = dict[str, Any]


def primary(number: int, *peers: str, complete: bool = True) -> Snapshot:
    role = {"type": "mirror", "state": "primary", "mirror_peer_uuids": [*peers], "complete": complete}
    return {"id": number, "namespace": role}


def copy(number: int, of: int, complete: bool = True) -> Snapshot:
    role = {"type": "mirror", "state": "non-primary", "mirror_peer_uuids": [], "complete": complete}
    return {"id": number, "namespace": {**role, "primary_snap_id": of}}


def earlier(number: int, state: str) -> Snapshot:
    return {"id": number, "namespace": {**primary(number, "west")["namespace"], "state": state}}


TRASH: Snapshot = {"id": 1, "namespace": {"type": "trash", "original_name": "gone"}}


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ([], []),
        ([primary(5, "west")], []),
        ([TRASH, primary(5, "west")], [copy(8, of=5)]),
        # of a role before the last demotion
        ([primary(2, "west"), earlier(3, "demoted"), primary(5, "west")], [copy(8, of=5)]),
        # after a forced promotion nothing is copied
        ([primary(5, "west")], [primary(8, "east")]),
    ],
)
def test_between_two_syncs_the_copy_has_the_newest_snapshot_alone(here: list[Snapshot], there: list[Snapshot]) -> None:
    assert not is_copied(here, there)
    assert not is_copied(there, here)


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ([primary(4), primary(5, "west", complete=False)], [copy(8, of=4)]),
        ([primary(4, "west"), primary(5, "west")], [copy(8, of=4)]),
        ([primary(4, "west"), primary(5, "west")], [copy(8, of=4), copy(9, of=5, complete=False)]),
        # copied, and the one before still to be let go
        ([primary(4, "west"), primary(5, "west")], [copy(9, of=5)]),
    ],
)
def test_a_sync_ends_with_the_end_of_the_snapshot_before(here: list[Snapshot], there: list[Snapshot]) -> None:
    assert is_copied(here, there)
    assert is_copied(there, here)
