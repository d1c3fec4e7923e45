# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Startup
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.hooks import until_hook, waits_for_hook
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.order import StartWave
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of

ORDER = (
    StartWave("db, priority 1", ("db-0",), of="db"),
    StartWave("db, priority 3", ("db-1",), of="db"),
    StartWave("app, priority 3", ("app-0",), of="app"),
    StartWave("rest, priority 3", ("web-0",), of="rest"),
)


def startup(*hooked: str, **more: Any) -> Startup:
    waves = [
        {"name": name, "selector": {"matchLabels": {"tier": name}}}
        | ({"readiness": {"hook": f"{name}.yml"}} if name in hooked else {})
        for name in ("db", "app")
    ]
    return plan_of(startup={"waves": waves, **more}).startup


def names(waves: tuple[StartWave, ...]) -> list[str]:
    return [wave.name for wave in waves]


def test_without_hooks_all_waves_may_begin() -> None:
    until = until_hook(ORDER, startup(), {})
    assert (until.waves, until.hook, until.after) == (ORDER, None, ())


def test_no_wave_begins_behind_one_whose_hook_has_not_judged() -> None:
    until = until_hook(ORDER, startup("db"), {})
    assert (names(until.waves), until.keys, until.after) == (
        ["db, priority 1", "db, priority 3"],
        ("db-0", "db-1"),
        ("app-0", "web-0"),
    )


def test_behind_a_hook_that_passed_the_start_goes_on_to_the_next_one() -> None:
    until = until_hook(ORDER, startup("db", "app"), {"db": True})
    assert (until.wave, until.hook.tasks if until.hook else None) == ("app", "app.yml")


def test_a_hook_that_failed_lets_the_start_go_on_where_the_plan_continues() -> None:
    assert until_hook(ORDER, startup("db"), {"db": False}).waves == ORDER


def test_a_hook_that_failed_ends_the_start_where_the_plan_stops() -> None:
    until = until_hook(ORDER, startup("db", on_failure="stop"), {"db": False})
    assert (until.stopped, until.hook, until.after) == (True, None, ("app-0", "web-0"))


def test_a_hook_of_the_plan_judges_each_wave_that_does_not_take_it_off() -> None:
    waves = [{"name": "db", "selector": {"matchLabels": {"tier": "db"}}, "readiness": {"hook": False}}]
    plan = plan_of(startup={"readiness": {"hook": "any.yml"}, "waves": waves}).startup
    assert until_hook(ORDER, plan, {}).wave == "rest"


def test_a_hook_of_a_wave_that_starts_nothing_is_not_waited_for() -> None:
    assert until_hook(ORDER[2:], startup("db"), {}).hook is None


def test_a_hook_judges_a_wave_with_failures_where_the_plan_continues() -> None:
    assert waits_for_hook(until_hook(ORDER, startup("db"), {}), startup("db"), {"db-0"})


def test_a_hook_does_not_judge_a_wave_with_failures_where_the_plan_stops() -> None:
    plan = startup("db", on_failure="stop")
    assert not waits_for_hook(until_hook(ORDER, plan, {}), plan, {"db-0"})
