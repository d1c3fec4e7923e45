# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An API server that restarts under a POST to Stork's objects: repeated, that is told that the object exists."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.api_faults import (
    create_before_us,
    repeat_creations,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.portworx.world import switch, world


@pytest.mark.parametrize("site", ["east", "west"])
def test_p5_an_object_that_a_request_made_whose_answer_was_lost_is_taken_for_it(site: str) -> None:
    """East's schedule, the Action at west, and west's schedule for the way back."""
    made = world(enabled=False)
    repeat_creations(made.apis[site])
    assert made.provider.enable(made.group, "east", "west") is True
    made.wait()
    made.data.write("east", "last words")
    switch(made, "east", "west")
    assert (made.roles(), made.data.read("west")) == (("secondary", "primary"), ["last words"])


def test_p5_a_forced_promotion_whose_answer_was_lost_is_asked_for_once() -> None:
    made = world()
    repeat_creations(made.apis["west"])
    made.forced()
    assert (made.roles()[1], len(made.actions("west"))) == ("primary", 1)


def test_p8_a_schedule_that_somebody_makes_meanwhile_is_not_taken_for_ours() -> None:
    made = world(enabled=False)
    create_before_us(made.apis["east"])
    with pytest.raises(Conflict):
        made.provider.enable(made.group, "east", "west")
