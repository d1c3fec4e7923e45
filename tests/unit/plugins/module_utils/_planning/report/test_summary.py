# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run import HookRecord, Run, StepRecord
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.report.summary import history_line, summary
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._planning.report.runs import at, failover


def test_the_summary_lists_the_steps_in_their_order_with_their_seconds() -> None:
    run = Run("r-1", "payroll", "failover", "east", "west", "f00d", "2026-03-01T12:00:00+00:00", fence_debt="flood")
    run = run.with_step("start", StepRecord("running", 2, "2026-03-01T12:03:00+00:00"))
    run = run.with_step(
        "begin", StepRecord("done", 1, "2026-03-01T12:00:00+00:00", "2026-03-01T12:00:02.345+00:00", {"groups": 1})
    )
    found = summary(run)
    assert found["fence_debt"] == "flood"
    assert [(step["name"], step["state"], step["seconds"], step["summary"]) for step in found["steps"]] == [
        ("begin", "done", 2.3, {"groups": 1}),
        ("start", "running", None, {}),
    ]


def test_a_line_of_the_history_has_what_the_end_measured() -> None:
    run = failover().with_step("end", StepRecord("done", 1, at(89), at(90), {"lost_seconds": 5.0, "rto_seconds": 40.0}))
    line = history_line(run)
    assert (line["seconds"], line["lost_seconds"], line["rto_seconds"]) == (90.0, 5.0, 40.0)
    assert "steps" not in line


def test_a_run_that_has_not_ended_has_a_line_without_measures() -> None:
    line = history_line(failover(state="running", ended=None, steps={"begin": StepRecord("done", 1, at(0), at(1))}))
    assert (line["state"], line["seconds"], line["lost_seconds"], line["rto_seconds"]) == ("running", None, None, None)


def test_the_summary_lists_the_hooks_as_they_ran() -> None:
    hooks = {
        "after_start a.yml": HookRecord("failed", 1, "2026-03-01T12:03:00+00:00", "2026-03-01T12:03:01+00:00", "no"),
        "before_start b.yml": HookRecord("running", 1, "2026-03-01T12:02:00+00:00"),
    }
    run = Run("r-1", "payroll", "failover", "east", "west", "f00d", "2026-03-01T12:00:00+00:00", hooks=hooks)
    assert [(hook["name"], hook["state"], hook["seconds"], hook["error"]) for hook in summary(run)["hooks"]] == [
        ("before_start b.yml", "running", None, ""),
        ("after_start a.yml", "failed", 1.0, "no"),
    ]
