# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A start that ends at a closed gate, and goes on when a person opened it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run_asked import RunAsked
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.start_asked import Asked
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.vm import PowerRecord
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.run.begin import begin_run
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start.startup import start_vms
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.start.startup_world import Start
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of

PLAN = plan_of(
    startup={
        "waves": [
            {"name": "databases", "selector": {"matchLabels": {"tier": "db"}}},
            {"name": "apps", "selector": {"matchLabels": {"tier": "app"}}, "gate": True},
            {"name": "rest", "gate": True},
        ]
    }
)


class GatedStart(Start):
    def open(self, gates: Sequence[str] = (), check_mode: bool = False, site: str | None = None) -> dict[str, Any]:
        return start_vms(PLAN, "r-1", None, check_mode, site, Asked(open_gates=tuple(gates)))


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> GatedStart:
    start = GatedStart(monkeypatch)
    for tier in ("db", "app", "web"):
        start.api.add(tier, PowerRecord("Always", True), tier=tier)
    return start


def test_a_closed_gate_ends_the_start_with_the_command_that_goes_on(start: GatedStart) -> None:
    result = start.open()
    assert (start.api.running(), result["done"], result["waiting_gate"]) == ({"db"}, True, "apps")
    assert result["msg"].endswith("is closed: the same command with -e dr_open_gates=apps goes on")


def test_p10_at_a_closed_gate_nothing_is_named_to_be_tried_again(start: GatedStart) -> None:
    """Without the gate's name that command would end at the same gate."""
    assert start.open()["retry"] is None


def test_p7_what_a_closed_gate_holds_back_keeps_its_record(start: GatedStart) -> None:
    start.open()
    assert [start.api.recorded(name) for name in ("db", "app", "web")] == [False, True, True]


def test_an_opened_gate_lets_its_wave_begin_and_no_other(start: GatedStart) -> None:
    start.open()
    assert start.open(["apps"])["waiting_gate"] == "rest"
    assert start.api.running() == {"db", "app"}


def test_p5_a_gate_that_was_opened_stays_open_for_the_run(start: GatedStart) -> None:
    start.open(["apps"])
    result = start.open(["rest"])
    assert (start.api.running(), result["waiting_gate"]) == ({"db", "app", "web"}, "")


def test_a_gate_that_is_not_there_is_refused_before_anything_starts(start: GatedStart) -> None:
    with pytest.raises(Refused, match="app is no wave of the plan, did you mean apps"):
        start.open(["app"])
    assert start.api.running() == set()


def test_a_gate_that_is_not_there_is_refused_when_the_run_begins_before_any_site_is_asked() -> None:
    with pytest.raises(Refused, match="app is no wave of the plan, did you mean apps"):
        begin_run(PLAN, RunAsked("failover", "west", open_gates=("app",)), False)


def test_a_refused_gate_is_not_remembered(start: GatedStart) -> None:
    with pytest.raises(Refused):
        start.open(["app"])
    assert start.open()["waiting_gate"] == "apps"


def test_p9_check_mode_names_the_first_closed_gate(start: GatedStart) -> None:
    assert start.open(["apps"], check_mode=True)["waiting_gate"] == "rest"


def test_p3_what_is_given_back_to_the_source_waits_at_no_gate(start: GatedStart) -> None:
    start.session.target, start.session.source = "east", "west"
    start.session.source_api = start.api
    result = start.open(site="west")
    assert (start.api.running(), result["waiting_gate"]) == ({"db", "app", "web"}, "")
