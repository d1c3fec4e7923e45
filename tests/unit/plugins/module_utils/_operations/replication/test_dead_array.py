# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A forced failover whose products are asked for what they never do; all have ten minutes for each wait."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.replication import fencing
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.replication import (
    test_partly_switched as partly_switched,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.csi_addons.test_fence import (
    FENCED,
    OPTIONS,
    answer,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.csi_addons.world import (
    World,
    enabled,
    world,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, MemorySession

TEN_MINUTES: dict[str, Any] = {**OPTIONS, "timeout": "10m"}
UNABLE = {"result": "Failed", "message": "rpc error: code = Unimplemented"}


def lost(monkeypatch: pytest.MonkeyPatch, made: World, **run: str) -> MemorySession:
    session: Any = MemorySession(MemoryApi(), made.plan)
    session.groups = partly_switched.Groups(made)
    session.update(declared_lost="east", source_state="reachable", **run)
    monkeypatch.setattr(fencing, "Session", session)
    monkeypatch.setattr(fencing, "expect_captured", lambda _session: None)
    return session


@pytest.mark.parametrize("per", ["volume", "group"])
def test_p4_an_array_of_the_lost_site_that_is_dead_delays_no_failover(
    monkeypatch: pytest.MonkeyPatch, per: str
) -> None:
    """Its API server answers, and its objects still call themselves primary."""
    made = enabled(world(per=per, **TEN_MINUTES))
    answer(made, FENCED)
    lost(monkeypatch, made)
    made.storage.broken = "demote"
    began = made.time.seconds
    proofs = fencing.fence_source(made.plan, "r-1", False)["proofs"]
    assert "east's storage answers and was not demoted" in proofs[1]
    assert made.time.seconds - began < 60
    assert set(made.asked("east").values()) == {"secondary"}


def test_p4_a_fence_that_never_succeeds_delays_no_failover_that_has_waived_it(monkeypatch: pytest.MonkeyPatch) -> None:
    made = enabled(world(**TEN_MINUTES))
    answer(made, UNABLE)
    session = lost(monkeypatch, made, waived_fencing="its racks have no power")
    session.source_storage_is_dead = True
    began = made.time.seconds
    assert fencing.fence_source(made.plan, "r-1", False)["fenced"] is False
    assert made.time.seconds - began < 60


def test_p1_a_fence_that_nobody_has_waived_has_all_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    made = enabled(world(**TEN_MINUTES))
    answer(made, FENCED, after=300)
    session = lost(monkeypatch, made)
    session.source_storage_is_dead = True
    assert fencing.fence_source(made.plan, "r-1", False)["fenced"] is True


def test_p10_a_fence_that_is_refused_says_how_long_it_was_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    made = enabled(world(**TEN_MINUTES))
    answer(made, UNABLE)
    lost(monkeypatch, made)
    with pytest.raises(Refused, match=r"Unimplemented.*waited 600 s"):
        fencing.fence_source(made.plan, "r-1", False)
