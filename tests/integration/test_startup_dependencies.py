# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A start with thousands of dependencies, told by a witness."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.names import DEPENDS_ON
from ansible_collections.ocpvirt.dr.tests.integration.shared_budget import Sharing
from ansible_collections.ocpvirt.dr.tests.integration.world import must, refused
from demo.lab import Lab
from ocpvirt_lab.site_client import MERGE_PATCH

PLAN = "dependent"
# each of the others depends on each of the first: 5,000 dependencies
FIRST, OTHERS = 50, 100


@pytest.fixture(scope="module")
def dependent(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sharing]:
    sharing = Sharing(lab, tmp_path_factory.mktemp("dependencies"), budget=60)
    try:
        sharing.add(PLAN, FIRST + OTHERS, (1.0, 2.0))
        fleet = sharing.fleets[PLAN]
        fleet.client.each(lambda name: _depend(sharing, name, fleet.names[:FIRST]), fleet.names[FIRST:])
        yield sharing
    finally:
        sharing.remove()


def _depend(sharing: Sharing, name: str, needs: list[str]) -> None:
    fleet = sharing.fleets[PLAN]
    body = {"metadata": {"annotations": {DEPENDS_ON: ", ".join(needs)}}}
    fleet.client.call("PATCH", f"{fleet.path}/{name}", body, MERGE_PATCH)


def test_a_circle_among_five_thousand_dependencies_is_refused_with_its_path(dependent: Sharing) -> None:
    fleet = dependent.fleets[PLAN]
    first, last = fleet.names[0], fleet.names[-1]
    _depend(dependent, first, [last])
    refused(dependent.start(PLAN), f"{PLAN}/{first} -> {PLAN}/{last} -> {PLAN}/{first}")
    fleet.client.call("PATCH", f"{fleet.path}/{first}", {"metadata": {"annotations": {DEPENDS_ON: None}}}, MERGE_PATCH)


def test_with_five_thousand_dependencies_nothing_begins_before_what_it_needs_is_ready(dependent: Sharing) -> None:
    keys = [f"{PLAN}/{name}" for name in dependent.fleets[PLAN].names]
    with dependent.watched() as watch:
        must(dependent.start(PLAN))
    history = watch.history(agent=True)
    assert (history.ready_at.keys(), history.gaps, history.doubles) == (set(keys), [], {})
    assert history.before(keys[:FIRST], keys[FIRST:])
