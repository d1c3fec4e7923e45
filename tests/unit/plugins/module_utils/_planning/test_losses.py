# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus, silent
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.losses import (
    KnownSync,
    forced_loss,
    forced_losses,
    known_sync,
    planned_loss,
)

SYNC = "2026-03-01T12:00:00+00:00"


def test_a_source_that_was_seen_alive_bounds_the_loss() -> None:
    loss = forced_loss("db", "east", KnownSync(SYNC), "2026-03-01T12:00:05+00:00", "2026-03-01T14:00:00+00:00")
    assert (loss.nothing, loss.seconds) == (False, 5.0)
    assert loss.message == f"db: what east wrote after {SYNC} is lost (5 s before east was last seen alive)"


def test_of_a_silent_source_only_the_beginning_of_the_run_is_known() -> None:
    loss = forced_loss("db", "east", KnownSync(SYNC), None, "2026-03-01T12:01:00+00:00")
    assert loss.seconds == 60.0
    assert "when east stopped writing is not known" in loss.message


def test_a_silent_source_whose_storage_was_replicated_during_the_run_gives_no_figure() -> None:
    """Its guests wrote on then, and until when is not known: 0 s would be a promise."""
    loss = forced_loss("db", "east", KnownSync(SYNC, "rsync of west says so"), None, "2026-03-01T11:59:00+00:00")
    assert (loss.last_sync, loss.seconds) == (SYNC, None)
    assert loss.message.endswith("(60 s after the run began; when east stopped writing is not known)")


def test_a_product_without_a_last_sync_gives_no_figure() -> None:
    loss = forced_loss("db", "east", KnownSync(None), None, SYNC)
    assert (loss.last_sync, loss.seconds) == (None, None)
    assert "how much is unknown" in loss.message


def test_what_is_older_than_its_arrival_gives_no_figure_and_says_when_it_came() -> None:
    loss = forced_loss("db", "east", KnownSync(None, arrived=SYNC), None, SYNC)
    assert (loss.last_sync, loss.seconds, loss.exact) == (None, None, False)
    assert loss.message == (
        "db: no last sync is known: what east wrote since then is lost, and how much is unknown;"
        f" the newest data came at {SYNC}, and is older than that"
    )


def test_a_copy_that_is_primary_already_loses_nothing_more() -> None:
    arrived = datetime(2026, 3, 1, 12, tzinfo=UTC)
    found = [
        GroupStatus("db", "west", "secondary", "healthy", "incoming", arrived),
        GroupStatus("app", "west", "primary", "healthy", "none"),
    ]
    gone = [silent(status.group, "east", "timed out") for status in found]
    assert [loss.group for loss in forced_losses(found, gone, {}, None, SYNC)] == ["db"]


T1, T2 = datetime(2026, 3, 1, 12, 1, tzinfo=UTC), datetime(2026, 3, 1, 12, 2, tzinfo=UTC)
EARLIER = {"primary": "east", "last_sync": T1.isoformat(), "seen_at": "later"}


def at(site: str, role: str, last_sync: datetime | None = None) -> GroupStatus:
    return GroupStatus("db", site, role, "healthy", "none", last_sync)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("copy", "source", "recorded", "known"),
    [
        # the copy itself shows what it has, whatever others said
        (at("west", "secondary", T1), at("east", "primary", T2), EARLIER, KnownSync(T1.isoformat())),
        # what tells of the copy's moment late may not know of the newest yet
        (
            replace(at("west", "secondary", T1), last_sync_by="the daemon"),
            at("east", "primary", T2),
            EARLIER,
            KnownSync(T1.isoformat(), "the daemon of west says so, and may be late"),
        ),
        (at("west", "secondary"), at("east", "primary", T2), EARLIER, KnownSync(T2.isoformat(), "east says so")),
        (
            at("west", "secondary"),
            silent("db", "east", "gone"),
            EARLIER,
            KnownSync(T1.isoformat(), "east said so at later"),
        ),
        # of a stay at the other site
        (at("west", "secondary"), silent("db", "east", "gone"), {**EARLIER, "primary": "west"}, KnownSync(None)),
        # a demoted source's time may be that of what it took in
        (at("west", "secondary"), at("east", "secondary", T2), None, KnownSync(None)),
        (at("west", "secondary"), silent("db", "east", "gone"), None, KnownSync(None)),
        # when it came is not of when it is
        (
            replace(at("west", "secondary"), arrived=T2),
            silent("db", "east", "gone"),
            None,
            KnownSync(None, arrived=T2.isoformat()),
        ),
        (
            replace(at("west", "secondary"), arrived=T2),
            silent("db", "east", "gone"),
            EARLIER,
            KnownSync(T1.isoformat(), "east said so at later"),
        ),
    ],
)
def test_what_is_known_of_a_copy_that_is_promoted_by_force(
    copy: GroupStatus, source: GroupStatus, recorded: dict[str, str] | None, known: KnownSync
) -> None:
    assert known_sync(copy, source, recorded) == known


HALF = replace(at("west", "secondary"), goes_back="a sync was cut off")


@pytest.mark.parametrize(
    ("copy", "source", "recorded", "told"),
    [
        (
            HALF,
            silent("db", "east", "gone"),
            EARLIER,
            f"a sync was cut off, so it may end before {T1.isoformat()}, until which all had arrived"
            " (east said so at later)",
        ),
        (
            HALF,
            at("east", "primary", T2),
            None,
            f"a sync was cut off, so it may end before {T2.isoformat()}, until which all had arrived (east says so)",
        ),
        (
            replace(HALF, last_sync=T1, last_sync_by="the daemon"),
            silent("db", "east", "gone"),
            None,
            f"a sync was cut off, so it may end before {T1.isoformat()}, until which all had arrived"
            " (the daemon of west says so, and may be late)",
        ),
        (HALF, silent("db", "east", "gone"), None, "a sync was cut off"),
    ],
)
def test_of_a_copy_that_may_go_back_further_than_was_told_no_moment_is_promised(
    copy: GroupStatus, source: GroupStatus, recorded: dict[str, str] | None, told: str
) -> None:
    assert known_sync(copy, source, recorded) == KnownSync(None, told)


def test_a_loss_without_a_certain_moment_gives_no_figure_and_says_why() -> None:
    loss = forced_loss("db", "east", KnownSync(None, "a sync was cut off"), SYNC, SYNC)
    assert (loss.last_sync, loss.seconds, loss.exact) == (None, None, False)
    assert loss.message == (
        "db: no last sync is certain: what east wrote since then is lost, and how much is unknown: a sync was cut off"
    )


def test_a_loss_by_the_word_of_the_source_is_a_bound_and_says_whose_word_it_is() -> None:
    loss = forced_loss("db", "east", KnownSync(SYNC, "east said so at noon"), None, "2026-03-01T12:01:00+00:00")
    assert (loss.exact, loss.seconds, loss.last_sync) == (False, 60.0, SYNC)
    assert f"after {SYNC} is lost where it had not arrived; until then all has: east said so at noon" in loss.message


def test_p3_a_planned_move_names_its_proof() -> None:
    proof = {"group": "db", "at": SYNC, "compared": "sha256 of every file", "volumes": 3}
    loss = planned_loss(proof, "east", "west")
    assert (loss.nothing, loss.seconds) == (True, 0.0)
    assert "west holds all that east held" in loss.message
    assert "sha256 of every file, 3 files or volumes" in loss.message
