# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One wait for many objects: an API server that restarts is waited for, an end without success is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import VOLUME_REPLICATION
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import (
    DrError,
    Failed,
    TerminalState,
    Timeout,
    Unreachable,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.object_wait import (
    Awaited,
    LookUp,
    await_absent,
    settle,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.verdict import Verdict
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi

KEY = ("payroll", "db-disk")
OBJECT: dict[str, Any] = {"state": "on its way"}
SWITCHED: dict[str, Any] = {"state": "switched"}
RESTARTS = [
    Unreachable("list", site="west", seen="connection refused"),
    Failed("list", site="west", status=503),
    Failed("list", site="west", status=429),
]


def judge(item: Any, _generation: int) -> Verdict:
    state = item["state"]
    return Verdict(state == "switched", state, "it broke" if state == "broken" else "")


AWAITED = Awaited("switched", judge, "look there")


def answers(*given: Any) -> LookUp:
    """One after the other, the last one for ever."""
    left = [*given]

    def look_up() -> Any:
        found = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(found, DrError):
            raise found
        return found

    return look_up


def wait(look_up: LookUp, unless: Callable[[], bool] = lambda: False) -> MemoryApi:
    api = MemoryApi("west")
    settle(api, VOLUME_REPLICATION, {KEY: 1}, AWAITED, look_up, 60, "wait until it is switched", unless)
    return api


@pytest.mark.parametrize("error", RESTARTS)
def test_an_api_server_that_restarts_is_waited_for(error: DrError) -> None:
    api = wait(answers({KEY: OBJECT}, error, error, {KEY: SWITCHED}))
    assert 0 < api.clock.monotonic() < 60


@pytest.mark.parametrize("error", RESTARTS)
def test_a_deletion_is_waited_for_while_the_api_server_restarts(error: DrError) -> None:
    api = MemoryApi("west")
    await_absent(api, VOLUME_REPLICATION, [KEY], answers({KEY: OBJECT}, error, {}), 60, "end it", "look there")
    assert 0 < api.clock.monotonic() < 60


def test_what_the_api_server_refuses_ends_the_wait_at_once() -> None:
    with pytest.raises(Failed):
        wait(answers(Failed("list", site="west", status=403)))


def test_a_terminal_state_ends_the_wait_at_once_and_is_named() -> None:
    with pytest.raises(TerminalState, match=r"payroll/db-disk.*it broke \(broken\); wanted: switched"):
        wait(answers({KEY: {"state": "broken"}}))


def test_an_object_that_is_deleted_meanwhile_ends_the_wait() -> None:
    with pytest.raises(TerminalState, match="it was deleted"):
        wait(answers({KEY: OBJECT}, {}))


def test_the_deadline_shows_the_last_state_and_where_to_look() -> None:
    with pytest.raises(Timeout, match=r"0 of 1 are switched; payroll/db-disk: on its way.*next: look there"):
        wait(answers({KEY: OBJECT}))


def test_the_deadline_shows_the_last_error_where_there_was_no_answer() -> None:
    with pytest.raises(Timeout, match="connection refused"):
        wait(answers(Unreachable("list", site="west", seen="connection refused")))


def test_a_reason_not_to_wait_ends_the_wait_without_an_error() -> None:
    assert wait(answers({KEY: OBJECT}), unless=lambda: True).clock.monotonic() == 0
