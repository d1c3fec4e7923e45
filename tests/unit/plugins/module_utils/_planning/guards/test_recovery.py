# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run import Run
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.guards.recovery import (
    check_point_taken_up,
    check_recovery_asked,
    check_same_point,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of

RUN = Run("r-1", "payroll", "failover", "east", "west", "f00d", "2026-03-01T12:00:00+00:00", state="done")
REHEARSED = replace(RUN, operation="test_failover", recovery_point="old")


def verdict(words: str | None) -> AbstractContextManager[Any]:
    """Refused with these words, or allowed."""
    return nullcontext() if words is None else pytest.raises(Refused, match=words)


@pytest.mark.parametrize(
    ("operation", "point", "restores", "words"),
    [
        ("failover", "", True, None),
        ("failover", "", False, None),
        ("failover", "old", True, None),
        ("failover", "old", False, "knows no older manifests"),
        ("test_failover", "old", True, None),
        ("test_failover", "old", False, "knows no older manifests"),
        *(
            (name, "old", True, "by nothing else")
            for name in ("relocate", "reprotect", "prestage", "test_cleanup", "start", "stop")
        ),
        ("relocate", "", True, None),
    ],
)
def test_only_a_failover_and_its_rehearsal_start_from_an_older_state(
    operation: str, point: str, restores: bool, words: str | None
) -> None:
    with verdict(words):
        check_recovery_asked(plan_of(), operation, point, restores)


@pytest.mark.parametrize(
    ("unfinished", "point", "chosen", "words"),
    [
        (None, "old", False, None),
        (replace(RUN, recovery_point="old"), "old", True, None),
        (RUN, "", True, None),
        # a misspelt one chose nothing: the right one goes on with the run
        (replace(RUN, recovery_point="typo"), "old", False, None),
        (replace(RUN, recovery_point="old"), "new", True, "with dr_recovery_point=old"),
        (replace(RUN, recovery_point="old"), "", True, "with dr_recovery_point=old"),
        (RUN, "old", True, "without dr_recovery_point"),
        (REHEARSED, "old", True, None),
        (REHEARSED, "new", True, "with dr_recovery_point=old, or take it away by test_cleanup"),
    ],
)
def test_p5_a_run_that_chose_its_capture_goes_on_from_the_same_state(
    unfinished: Run | None, point: str, chosen: bool, words: str | None
) -> None:
    with verdict(words):
        check_same_point(unfinished, point, chosen)


@pytest.mark.parametrize(
    ("runs", "point", "words"),
    [
        ([], "", None),
        ([RUN], "", None),
        ([replace(RUN, recovery_point="old")], "old", None),
        ([replace(RUN, recovery_point="old")], "new", "by run r-1"),
        ([RUN], "old", "by run r-1"),
        ([], "old", "primary there already"),
        ([replace(RUN, recovery_point="old"), replace(RUN, id="r-2", target="east")], "old", "by run r-2"),
    ],
)
def test_a_plan_that_lives_at_the_target_has_taken_up_that_state_or_is_refused(
    runs: list[Run], point: str, words: str | None
) -> None:
    with verdict(words):
        check_point_taken_up(plan_of(), "west", point, runs)
