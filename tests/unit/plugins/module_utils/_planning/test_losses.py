# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import UTC, datetime

from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.losses import (
    forced_loss,
    forced_losses,
    planned_loss,
)

SYNC = "2026-03-01T12:00:00+00:00"


def test_a_source_that_was_seen_alive_bounds_the_loss() -> None:
    loss = forced_loss("db", "east", SYNC, "2026-03-01T12:00:05+00:00", "2026-03-01T14:00:00+00:00")
    assert (loss.nothing, loss.seconds) == (False, 5.0)
    assert loss.message == f"db: what east wrote after {SYNC} is lost (5 s before east was last seen alive)"


def test_of_a_silent_source_only_the_beginning_of_the_run_is_known() -> None:
    loss = forced_loss("db", "east", SYNC, None, "2026-03-01T12:01:00+00:00")
    assert loss.seconds == 60.0
    assert "when east stopped writing is not known" in loss.message


def test_a_product_without_a_last_sync_gives_no_figure() -> None:
    loss = forced_loss("db", "east", None, None, SYNC)
    assert (loss.last_sync, loss.seconds) == (None, None)
    assert "how much is unknown" in loss.message


def test_a_copy_that_is_primary_already_loses_nothing_more() -> None:
    arrived = datetime(2026, 3, 1, 12, tzinfo=UTC)
    found = [
        GroupStatus("db", "west", "secondary", "healthy", "incoming", arrived),
        GroupStatus("app", "west", "primary", "healthy", "none"),
    ]
    assert [loss.group for loss in forced_losses(found, "east", None, SYNC)] == ["db"]


def test_p3_a_planned_move_names_its_proof() -> None:
    proof = {"group": "db", "at": SYNC, "compared": "sha256 of every file", "volumes": 3}
    loss = planned_loss(proof, "east", "west")
    assert (loss.nothing, loss.seconds) == (True, 0.0)
    assert "west holds all that east held" in loss.message
    assert "sha256 of every file, 3 files or volumes" in loss.message
