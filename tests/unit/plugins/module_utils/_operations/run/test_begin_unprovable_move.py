# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A planned move whose product could not prove its end is refused before anything is stopped."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run_asked import RunAsked
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan import asking
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan.sites import Reach
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.run.begin import begin_run
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.volsync.world import (
    World,
    enabled,
    world,
)


def served(monkeypatch: pytest.MonkeyPatch, made: World) -> World:
    monkeypatch.setattr(
        asking,
        "reach",
        lambda _plan, site, *_patience, **_more: Reach(site, "reachable", api=made.apis[site]),  # type: ignore[arg-type]
    )
    return made


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize("staged", [("east",), ("east", "west")], ids=["no claims at the target", "a paused source"])
def test_p3_a_move_without_a_final_sync_is_refused_when_it_begins(
    monkeypatch: pytest.MonkeyPatch, staged: tuple[str, ...], check_mode: bool
) -> None:
    made = served(monkeypatch, enabled(world(at=staged)))
    if len(staged) > 1:
        made.provider.pause(made.group, "east")
    for api in made.apis.values():
        api.writes.clear()
    with pytest.raises(Refused, match=r"begin a planned move of the group.*nothing was stopped"):
        begin_run(made.plan, RunAsked("relocate", "west"), check_mode)
    assert [made.apis[site].writes for site in made.apis] == [[], []]


def test_a_move_that_can_be_proven_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    made = served(monkeypatch, enabled(world()))
    assert begin_run(made.plan, RunAsked("relocate", "west"), False)["needed"] is True
