# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import DrError, Failed, Refused, Unreachable
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.inventory.remains import seen_left
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan.sites import Reach
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, plan_of


@pytest.mark.parametrize(
    ("error", "answered"),
    [
        (Unreachable("GET", site="east"), False),
        (Failed("GET", site="east", status=500), False),
        (Failed("GET", site="east", status=503), False),
        (Failed("GET", site="east", status=401), True),
        (Refused("GET", site="east", status=403), True),
    ],
)
def test_p1_a_source_that_could_not_be_looked_at_is_never_seen_to_be_off(
    monkeypatch: pytest.MonkeyPatch, error: DrError, answered: bool
) -> None:
    east = MemoryApi("east")
    there = Reach("east", "reachable", api=east)  # type: ignore[arg-type]
    assert seen_left(plan_of(), there) == []

    def look(*_given: object, **_more: object) -> None:
        raise error

    monkeypatch.setattr(east, "list", look)
    left = seen_left(plan_of(), there)
    assert left == ([f"what nobody could look for: {error}"] if answered else None)


@pytest.mark.parametrize(
    ("there", "left"),
    [
        (Reach("east", "unreachable", "timed out"), None),
        (Reach("east", "failed", "HTTP status 503"), None),
        (Reach("east", "failed", "HTTP status 401", refuses=True), ["what nobody could look for: HTTP status 401"]),
    ],
)
def test_p1_a_source_that_refuses_its_first_request_already_is_no_silent_one(
    there: Reach, left: list[str] | None
) -> None:
    assert seen_left(plan_of(), there) == left
