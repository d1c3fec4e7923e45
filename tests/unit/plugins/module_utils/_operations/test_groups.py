# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations import groups
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Sites whose storage was asked."""
    sites: list[str] = []

    class Product:
        def observe(self, group: object, site: str) -> GroupStatus:
            sites.append(site)
            return GroupStatus("payroll", site, "primary", "healthy", "none")

    monkeypatch.setattr(groups, "provider_for", lambda _plan, _group: Product())
    return sites


def session(dead: bool) -> SimpleNamespace:
    return SimpleNamespace(plan=plan_of(), target="west", source="east", source_is_dead=dead)


def test_p4_a_source_that_is_dead_for_this_run_is_not_asked_again(asked: list[str]) -> None:
    here, there = groups.observe_both(session(dead=True))
    assert asked == ["west"]
    assert [(status.role, status.reachable) for status in there] == [("unknown", False)]
    assert here[0].role == "primary"


def test_p1_a_source_that_may_be_alive_is_asked_freshly(asked: list[str]) -> None:
    groups.observe_both(session(dead=False))
    assert sorted(asked) == ["east", "west"]
