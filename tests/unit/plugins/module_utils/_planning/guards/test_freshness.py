# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import timedelta

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.guards.freshness import (
    accepted_loss,
    check_freshness,
    lag_findings,
    seen_lag,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.losses import Loss
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import NOON, plan_of

LAST_SEEN = NOON.isoformat()
MINUTE = timedelta(minutes=1)


def loss(behind: timedelta | None, group: str = "payroll") -> Loss:
    """A copy that ends so long before the source's last sign of life; None: nobody knows when."""
    return Loss(group, False, None if behind is None else (NOON - behind).isoformat(), None, False, "")


@pytest.mark.parametrize(
    ("max_lag", "accepted", "behind", "passes"),
    [
        (None, None, 90 * MINUTE, True),
        (None, None, None, True),
        ("15m", None, 14 * MINUTE, True),
        ("15m", None, 15 * MINUTE, True),
        ("15m", None, 16 * MINUTE, False),
        ("15m", None, -MINUTE, True),  # of a clock that is ahead
        ("15m", None, None, False),
        ("15m", "30m", 16 * MINUTE, True),
        ("15m", "30m", 31 * MINUTE, False),
        ("15m", "30m", None, False),
        ("15m", "5m", 14 * MINUTE, False),
        (None, "5m", 14 * MINUTE, False),
        ("15m", "any", 900 * MINUTE, True),
        ("15m", "any", None, True),
    ],
)
def test_a_failover_is_refused_for_a_copy_that_is_older_than_the_plan_or_a_person_allows(
    max_lag: str | None, accepted: str | None, behind: timedelta | None, passes: bool
) -> None:
    plan = plan_of(replication={"max_lag": max_lag} if max_lag else {})
    try:
        check_freshness(plan, "west", [loss(behind)], LAST_SEEN, accepted_loss(accepted))
    except Refused:
        assert not passes
    else:
        assert passes


@pytest.mark.parametrize(
    ("behind", "seen", "next_step"),
    [
        ({"db": 20 * MINUTE, "app": 61.5 * MINUTE}, "its copy ends 1h1m30s before the last sign of life", "=1h2m"),
        ({"db": 20 * MINUTE, "app": None}, "how old its copy is, nobody knows", "=any"),
    ],
)
def test_p10_a_refused_failover_says_what_one_would_have_to_accept_for_all_groups(
    behind: dict[str, timedelta | None], seen: str, next_step: str
) -> None:
    groups = [{"name": name, "selector": {"matchLabels": {"tier": name}}} for name in behind]
    plan = plan_of(replication={"max_lag": "15m", "groups": groups})
    losses = [loss(late, group) for group, late in behind.items()]
    with pytest.raises(Refused) as refusal:
        check_freshness(plan, "west", losses, LAST_SEEN, None)
    error = refusal.value
    assert (error.on, error.wanted) == ("group payroll/app", "15m at most (dr_accept_loss, else the group's max_lag)")
    assert seen in str(error.seen)
    assert str(error.next_step).endswith(f"dr_accept_loss{next_step}")


def test_p10_a_copy_of_unknown_age_is_refused_with_what_is_known_of_it() -> None:
    unknown = Loss("payroll", False, None, None, False, "payroll: the newest data came at noon, and is older than that")
    with pytest.raises(Refused, match="nobody knows: the newest data came at noon, and is older than that"):
        check_freshness(plan_of(replication={"max_lag": "15m"}), "west", [unknown], LAST_SEEN, None)


@pytest.mark.parametrize(
    ("copy", "primary", "lag"),
    [(20, 10, 20), (None, 10, 10), (None, None, None)],
    ids=["the copy shows it", "only its primary tells", "nobody does"],
)
def test_while_both_sites_answer_the_primary_tells_what_the_copy_cannot(
    copy: int | None, primary: int | None, lag: int | None
) -> None:
    here, there = (
        GroupStatus("payroll", site, role, "healthy", "none", None if ago is None else NOON - ago * MINUTE)  # type: ignore[arg-type]
        for site, role, ago in (("west", "secondary", copy), ("east", "primary", primary))
    )
    assert seen_lag(here, there, NOON) == (None if lag is None else lag * MINUTE)


@pytest.mark.parametrize("text", ["30", "soon", "-5m"])
def test_p10_what_is_no_duration_is_no_acceptance(text: str) -> None:
    with pytest.raises(Refused, match="read dr_accept_loss"):
        accepted_loss(text)


@pytest.mark.parametrize(
    ("max_lag", "lag", "code"),
    [
        (None, None, []),
        (15 * MINUTE, 15 * MINUTE, []),
        (15 * MINUTE, 16 * MINUTE, ["blocker LagTooLong"]),
        (15 * MINUTE, None, ["warning LagUnknown"]),
    ],
)
def test_check_tells_beforehand_of_a_copy_that_a_failover_would_refuse(
    max_lag: timedelta | None, lag: timedelta | None, code: list[str]
) -> None:
    assert [f"{item.severity} {item.code}" for item in lag_findings("db", max_lag, lag)] == code
