# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.readiness import Readiness
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.readiness import (
    Holding,
    deadlines,
    readiness_by_key,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of

DATABASES = {"name": "databases", "selector": {"matchLabels": {"tier": "db"}}}


@dataclass
class Vm:
    key: str = "payroll/db-0"
    labels: Mapping[str, str] = field(default_factory=lambda: {"tier": "db"})
    readiness: Mapping[str, Any] = field(default_factory=dict)


def judged(vm: Vm, readiness: Mapping[str, Any], **wave: Any) -> Readiness:
    startup = plan_of(startup={"readiness": readiness, "waves": [{**DATABASES, "readiness": wave}]}).startup
    return readiness_by_key([vm], startup)[vm.key]


def test_a_vm_is_judged_as_the_plan_says_where_nobody_says_otherwise() -> None:
    own = judged(Vm(), {"agent": False, "delay": "10s"})
    assert (own.agent, own.delay, own.timeout) == (False, timedelta(seconds=10), timedelta(minutes=5))


def test_a_wave_overrides_the_plan_key_by_key() -> None:
    own = judged(Vm(), {"agent": False, "timeout": "1m"}, timeout="2m")
    assert (own.agent, own.timeout) == (False, timedelta(minutes=2))


def test_a_vm_overrides_its_wave() -> None:
    assert judged(Vm(readiness={"timeout": "3m"}), {"timeout": "1m"}, timeout="2m").timeout == timedelta(minutes=3)


def test_a_probe_of_the_plan_is_taken_off_by_false() -> None:
    assert judged(Vm(), {"tcp": {"port": 5432}}, tcp=False).probes == ()


def test_both_probes_are_asked_where_both_are_given() -> None:
    own = judged(Vm(), {"tcp": {"port": 5432}}, http={"port": 8443, "scheme": "https", "path": "/healthz"})
    assert [probe.shown for probe in own.probes] == ["TCP port 5432", "HTTPS port 8443 /healthz"]


def test_what_another_wave_says_does_not_hold() -> None:
    assert judged(Vm(labels={"tier": "web"}), {"timeout": "1m"}, timeout="2m").timeout == timedelta(minutes=1)


def test_a_delay_does_not_use_up_the_timeout() -> None:
    assert deadlines({"payroll/a": judged(Vm(), {"timeout": "1m", "delay": "10m"})}) == {"payroll/a": 660.0}


@pytest.mark.parametrize(("now", "lasts"), [(0.0, False), (9.9, False), (10.0, True)])
def test_what_is_ready_counts_when_its_delay_is_over(now: float, lasts: bool) -> None:
    holding = Holding({"payroll/a": 10.0})
    holding.lasts("payroll/a", 0.0)
    assert holding.lasts("payroll/a", now) is lasts


def test_a_delay_begins_anew_when_readiness_breaks() -> None:
    holding = Holding({"payroll/a": 10.0})
    holding.lasts("payroll/a", 0.0)
    holding.broke("payroll/a")
    assert [holding.lasts("payroll/a", now) for now in (9.0, 18.9, 19.0)] == [False, False, True]


def test_another_process_goes_on_with_a_delay() -> None:
    first, second = Holding({"payroll/a": 10.0}), Holding({"payroll/a": 10.0})
    first.lasts("payroll/a", 100.0)
    second.resume(first.as_of(["payroll/a"], now=106.0, wall=5_000.0), now=1.0, wall=5_001.0)
    assert [second.lasts("payroll/a", now) for now in (1.0, 3.9, 4.0)] == [False, False, True]
