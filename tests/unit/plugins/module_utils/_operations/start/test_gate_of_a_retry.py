# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A closed gate holds a start of some, too."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import VM
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.start_asked import Asked
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.vm import PowerRecord
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start.startup import start_vms
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.start.startup_world import Start
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of

ON = PowerRecord("Always", True)
WAVES = [
    {"name": "db", "selector": {"matchLabels": {"tier": "db"}}},
    {"name": "apps", "selector": {"matchLabels": {"tier": "app"}}, "gate": True},
    {"name": "rest"},
]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Start:
    start = Start(monkeypatch)
    start.api.add("db", ON, tier="db")
    for name, priority in (("app-1", "1"), ("app-3", "3")):
        start.api.add(name, ON, tier="app")
        vm = start.api.get(VM, name, "payroll")
        vm["metadata"]["annotations"]["dr.ocpvirt.io/priority"] = priority
        start.api.replace(VM, vm)
    start.api.add("web", ON)
    return start


def run(start: Start, asked: Asked) -> dict[str, Any]:
    startup = {"readiness": {"agent": True, "timeout": "1m"}, "waves": WAVES, "retries": {"attempts": 0}}
    plan = plan_of(sites=start.sites, startup=startup, volumes={"rules": []})
    return start_vms(plan, "r-1", None, False, asked=asked)


@pytest.mark.parametrize("key", ["payroll/app-3", "payroll/web"])
def test_a_closed_gate_holds_what_a_start_of_some_names(start: Start, key: str) -> None:
    result = run(start, Asked(only=(key,)))
    assert (start.api.running(), result["waiting_gate"]) == (set(), "apps")


def test_an_open_gate_lets_a_start_of_some_pass(start: Start) -> None:
    run(start, Asked(only=("payroll/app-3",), open_gates=("apps",)))
    assert start.api.running() == {"app-3"}


def test_the_command_that_a_start_names_for_what_failed_does_not_pass_its_gate(start: Start) -> None:
    start.api.broken.add("db")
    start.api.patch(VM, "app-1", "payroll", {"spec": {"runStrategy": "Always"}})
    words = shlex.split(run(start, Asked(plan_file="p.yml"))["retry"])
    named = next(json.loads(word)["dr_only"] for word in words if word.startswith('{"dr_only"'))
    assert named == ["payroll/db"]
    start.session.run = replace(start.session.run, attempt=2)
    run(start, Asked(only=tuple(named)))
    assert start.api.running() == {"db", "app-1"}
