# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import timedelta

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.guards.roles import role_findings
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import NOON, plan_of

PLAN = plan_of(replication={"max_lag": "1m"})


@pytest.mark.parametrize(
    ("east", "west", "lives_at", "found"),
    [
        ("primary healthy", "secondary healthy 30", "east", []),
        ("primary healthy", "secondary healthy 120", "east", ["blocker LagTooLong"]),
        ("primary healthy", "secondary healthy", "east", ["warning LagUnknown"]),
        ("primary healthy", "secondary degraded 30", "east", ["warning Replication west"]),
        (
            "primary healthy",
            "unknown error",
            "east",
            ["blocker RoleUnclear", "warning Replication west", "warning LagUnknown"],
        ),
        ("secondary healthy", "secondary healthy", None, ["blocker RoleUnclear"]),
        # two primaries, whether anybody knows which of them is the wanted one
        ("primary healthy", "primary healthy", None, ["blocker BothPrimary"]),
        ("primary healthy", "primary healthy", "west", ["blocker BothPrimary"]),
        ("primary diverged", "primary healthy", "west", ["blocker BothPrimary", "warning Replication east"]),
    ],
)
def test_each_group_is_primary_at_one_site_and_a_well_and_fresh_secondary_at_the_other(
    east: str, west: str, lives_at: str | None, found: list[str]
) -> None:
    groups = {site: [status(site, text)] for site, text in (("east", east), ("west", west))}
    seen = list(role_findings(PLAN, groups, lives_at, NOON))
    assert [" ".join(filter(None, (item.severity, item.code, item.site))) for item in seen] == found
    assert {item.on for item in seen} <= {"group payroll"}


def status(site: str, text: str) -> GroupStatus:
    """Role, health, and how many seconds ago the newest data was synchronised."""
    role, health, *ago = text.split()
    last = NOON - timedelta(seconds=int(ago[0])) if ago else None
    return GroupStatus("payroll", site, role, health, "none", last)  # type: ignore[arg-type]


def test_p10_what_is_unclear_is_shown_with_what_the_product_says() -> None:
    silent = GroupStatus("payroll", "west", "unknown", "unknown", "none", message="timed out")
    groups = {"east": [status("east", "primary healthy")], "west": [silent]}
    assert [item.message for item in role_findings(PLAN, groups, None, NOON)] == [
        "east primary, west unknown timed out"
    ]
