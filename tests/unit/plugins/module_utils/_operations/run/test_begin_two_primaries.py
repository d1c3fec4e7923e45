# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy that somebody promoted by hand is no target that a plan lives at already."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run_asked import RunAsked
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan import asking
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan.sites import Reach
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.run.begin import begin_run
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.csi_addons.world import (
    World,
    enabled,
    world,
)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> World:
    """A plan that lives at east and was never moved; both sites answer."""
    found = enabled(world())
    monkeypatch.setattr(
        asking,
        "reach",
        lambda _plan, site, *_patience, **_more: Reach(site, "reachable", api=found.apis[site]),  # type: ignore[arg-type]
    )
    return found


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize("target", ["east", "west"])
def test_p1_a_move_to_one_of_two_primaries_is_no_move_that_was_made_already(
    made: World, target: str, check_mode: bool
) -> None:
    made.provider.promote(made.group, "west", forced=True)
    for site in made.apis:
        made.apis[site].writes.clear()
    with pytest.raises(Refused, match=f"primary at both sites, and no run has moved it.*dr_target={target}"):
        begin_run(made.plan, RunAsked("relocate", target), check_mode)
    assert [made.written(site) for site in made.apis] == [[], []]


@pytest.mark.parametrize("kept", ["east", "west"])
def test_p10_the_remedy_of_the_refusal_begins(made: World, kept: str) -> None:
    made.provider.promote(made.group, "west", forced=True)
    began = begin_run(made.plan, RunAsked("reprotect", kept), False)
    assert (began["needed"], began["target"]) == (True, kept)


def test_a_move_to_where_the_plan_lives_is_nothing_to_do(made: World) -> None:
    assert begin_run(made.plan, RunAsked("relocate", "east"), False)["needed"] is False
