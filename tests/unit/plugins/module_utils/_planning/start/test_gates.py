# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Wave
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.gates import check_gates, gates_of, go_on

WAVES = (Wave("databases"), Wave("apps", gate=True), Wave("rest"))


@pytest.mark.parametrize(
    ("given", "seen"),
    [
        ("rest", "rest has no gate"),
        ("app", "app is no wave of the plan, did you mean apps?"),
    ],
)
def test_a_gate_that_is_not_there_cannot_be_opened(given, seen) -> None:
    with pytest.raises(Refused) as refusal:
        check_gates(WAVES, ["apps", given])
    assert (refusal.value.seen, refusal.value.wanted) == (seen, "apps")


def test_a_plan_without_gates_says_so() -> None:
    with pytest.raises(Refused) as refusal:
        check_gates([Wave("rest")], ["apps"])
    assert refusal.value.wanted == "no name, as the plan has no gates"


def test_the_gates_of_a_plan_are_named_after_their_waves() -> None:
    assert gates_of(WAVES) == ["apps"]


def test_a_start_without_a_closed_gate_needs_no_command() -> None:
    assert go_on(None) == ""
