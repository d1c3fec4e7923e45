# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run import Run
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.guards.home import (
    known_site,
    living_site,
    primary_sites,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of

PLAN = plan_of()
MOVED = Run("r-1", "payroll", "failover", "east", "west", "f00d", "2026-03-01T12:00:00+00:00", state="done")
BACK = replace(MOVED, id="r-2", operation="relocate", target="east")


def groups(east: str, west: str) -> dict[str, list[GroupStatus]]:
    """Roles of the groups at each site, one letter for each."""
    roles = {"p": "primary", "s": "secondary", "u": "unknown"}
    return {
        site: [GroupStatus(f"g{number}", site, roles[role], "healthy", "none") for number, role in enumerate(found)]  # type: ignore[arg-type]
        for site, found in (("east", east), ("west", west))
    }


@pytest.mark.parametrize(
    ("east", "west", "runs", "primary", "site"),
    [
        ("p", "s", [], ["east"], "east"),
        ("u", "p", [], ["west"], "west"),
        ("pp", "ss", [], ["east"], "east"),
        # east came back from being lost
        ("p", "p", [MOVED], ["east", "west"], "west"),
        ("p", "p", [MOVED, BACK], ["east", "west"], "east"),
        # somebody switched it by hand
        ("p", "s", [MOVED], ["east"], "east"),
        # P1: without a sign of where it lives a person has to say it
        ("p", "p", [], ["east", "west"], None),
        ("p", "p", [replace(MOVED, state="failed")], ["east", "west"], None),
        ("s", "s", [MOVED], [], None),
        ("ps", "sp", [], [], None),
        ("", "", [], [], None),
        # the site that it was moved to gives no answer, or only a part of one: east is what it was before
        ("p", "u", [MOVED], ["east"], None),
        ("pp", "pu", [MOVED], ["east"], None),
    ],
)
def test_p1_a_plan_lives_at_its_only_primary_or_where_it_was_moved_last(
    east: str, west: str, runs: list[Run], primary: list[str], site: str | None
) -> None:
    found = groups(east, west)
    assert primary_sites(PLAN, found) == primary
    assert known_site(PLAN, found, runs) == site
    if site is None:
        with pytest.raises(Refused, match="dr_target=<site>"):
            living_site(PLAN, found, runs)
    else:
        assert living_site(PLAN, found, runs) == site
