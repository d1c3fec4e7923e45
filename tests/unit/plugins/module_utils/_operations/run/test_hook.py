# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
import yaml
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run import HookRecord
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.run import hook
from ansible_collections.ocpvirt.dr.plugins.modules import hook as documented
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import (
    MemoryApi,
    MemorySession,
    SimulatedTime,
    plan_of,
)

PLAN = plan_of(hooks={"before_quiesce": [{"tasks": "hooks/drain.yml", "timeout": "10m"}]})
KEY = "before_quiesce hooks/drain.yml"
BEGUN, ENDED = "2026-03-01T12:00:00.000+00:00", "2026-03-01T12:00:04.000+00:00"


class Hooked:
    """A run, and its calls of the module hook."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.time = SimulatedTime()
        self.session = MemorySession(MemoryApi("west", self.time.clock()), PLAN)
        monkeypatch.setattr(hook, "Session", self.session)

    def record(self, state: str, reason: str = "", tasks: str = "hooks/drain.yml", check_mode: bool = False) -> str:
        found = hook.record_hook(PLAN, "r-1", "before_quiesce", tasks, state, reason, check_mode)
        assert found["changed"] is not check_mode
        return str(found["msg"])

    @property
    def recorded(self) -> HookRecord:
        return self.session.run.hooks[KEY]


@pytest.fixture
def hooked(monkeypatch: pytest.MonkeyPatch) -> Hooked:
    return Hooked(monkeypatch)


def test_p6_the_lock_is_kept_for_the_timeout_of_the_hook_and_a_minute(hooked: Hooked) -> None:
    hooked.record("running")
    assert hooked.session.lock_seconds == 660
    assert hooked.recorded == HookRecord("running", 1, BEGUN)


def test_a_hook_that_passed_is_recorded_with_its_times(hooked: Hooked) -> None:
    hooked.record("running")
    hooked.time.sleep(4)
    assert hooked.record("passed") == yaml.safe_load(documented.RETURN)["msg"]["sample"]
    assert hooked.recorded == HookRecord("passed", 1, BEGUN, ENDED)


def test_p10_a_hook_that_failed_is_recorded_with_why(hooked: Hooked) -> None:
    hooked.record("running")
    hooked.time.sleep(4)
    told = hooked.record("failed", "Drain: the pool is unknown")
    assert told == "hook hooks/drain.yml, before_quiesce, failed after 4.0 s: Drain: the pool is unknown"
    assert hooked.recorded.error == "Drain: the pool is unknown"


def test_a_hook_that_ran_before_begins_anew(hooked: Hooked) -> None:
    hooked.record("running")
    hooked.record("failed", "no route")
    hooked.record("running")
    assert hooked.recorded == HookRecord("running", 1, BEGUN)


def test_p10_a_hook_that_the_plan_has_no_more_is_refused(hooked: Hooked) -> None:
    with pytest.raises(Refused, match=r"hooks\.before_quiesce of the plan.*no hooks/other\.yml"):
        hooked.record("running", tasks="hooks/other.yml")
