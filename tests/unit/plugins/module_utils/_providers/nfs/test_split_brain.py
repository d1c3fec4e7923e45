# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A planned promotion where the export is primary already: of one primary it is done, of two it is none."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import DrError, NotFound, TerminalState, Unreachable
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.selector import LabelSelector
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.nfs.provider import NfsProvider
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.site_handle import SiteHandle
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, plan_of

GROUP = Group("payroll", LabelSelector(), options={"sites": {"east": {}, "west": {}}})


class Export:
    """One site's, with its role; or what its server answers instead."""

    def __init__(self, role: str | DrError, paused: bool = False) -> None:
        self.role = role
        self.paused = paused
        self.asked: list[str] = []

    def status(self) -> dict[str, Any]:
        if isinstance(self.role, DrError):
            raise self.role
        return {"role": self.role, "health": "healthy", "direction": "outgoing", "paused": self.paused}

    def look(self) -> dict[str, Any]:
        self.asked.append("look")
        return self.status()

    def set_paused(self, paused: bool) -> None:
        self.paused = paused
        self.asked.append(f"paused {paused}")


def provider(monkeypatch: pytest.MonkeyPatch, **exports: Export) -> NfsProvider:
    monkeypatch.setattr(NfsProvider, "_control", lambda _self, _group, site: exports[site])
    return NfsProvider({site: SiteHandle(site, plan_of(), MemoryApi) for site in exports})


@pytest.fixture(params=["promote", "promote_all"])
def promote(request: pytest.FixtureRequest) -> Any:
    def at_west(nfs: NfsProvider, forced: bool = False) -> bool:
        if request.param == "promote":
            return nfs.promote(GROUP, "west", forced)
        return nfs.promote_all([GROUP], "west", forced)[0]

    return at_west


def test_p1_two_primaries_are_named_and_not_taken_for_a_promotion(monkeypatch, promote: Any) -> None:
    west = Export("primary", paused=True)
    nfs = provider(monkeypatch, east=Export("primary"), west=west)
    with pytest.raises(TerminalState, match=r"split-brain: primary at east and at west.*reprotect"):
        promote(nfs)
    # what fences it stays
    assert west.paused


@pytest.mark.parametrize(
    "east", ["secondary", Unreachable("GET", site="east"), NotFound("GET", site="east", status=404)]
)
def test_p5_a_promotion_that_is_done_stays_done(monkeypatch, promote: Any, east: Any) -> None:
    assert not promote(provider(monkeypatch, east=Export(east), west=Export("primary")))


def test_p4_a_forced_promotion_asks_nobody(monkeypatch, promote: Any) -> None:
    east = Export("primary")
    assert not promote(provider(monkeypatch, east=east, west=Export("primary")), forced=True)
    assert east.asked == []
