# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When rbd-mirror is at work on an image, by its mirror snapshots as Ceph lists them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.tests.integration.rigs.ceph_rbd import is_under_way


def snapshot(state: str, complete: bool, *peers: str) -> dict[str, Any]:
    return {"namespace": {"type": "mirror", "state": state, "complete": complete, "mirror_peer_uuids": [*peers]}}


OLD, NEWEST = snapshot("primary", True), snapshot("primary", True, "west")
TRASH = {"namespace": {"type": "trash"}}


@pytest.mark.parametrize(
    ("snapshots", "under_way"),
    [
        ([], False),
        ([OLD, NEWEST], False),
        ([TRASH, snapshot("non-primary", True)], False),
        # it is copied, or was and the one before is still to be let go
        ([snapshot("primary", True, "west"), NEWEST], True),
        ([snapshot("non-primary", True), snapshot("non-primary", False)], True),
    ],
)
def test_a_snapshot_is_under_way_until_only_the_newest_is_needed(snapshots: Any, under_way: bool) -> None:
    assert is_under_way(snapshots) is under_way
