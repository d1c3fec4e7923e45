# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Workloads that a restore makes again after they were ready: stopped by the run, not by somebody else (P5, P8)."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import DEPLOYMENT
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.capture import Capture
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.restore.workload_restore import (
    decide_workloads,
    write_workloads,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start.memory import ready_before
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.start.startup_world import Start
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.workload_manifests import PROTECTED, deployment

FRONT, BACK = "Deployment/payroll/front", "Deployment/payroll/back"


def captured() -> Capture:
    items = [deployment(name, replicas=2) for name in ("front", "back")]
    for item in items:
        item["metadata"]["labels"][PROTECTED] = "true"
    return Capture("payroll-east-1", {DEPLOYMENT.resource: items})


def restore(start: Start) -> None:
    restored = decide_workloads(start.session.plan, start.api, captured(), "r-1")  # type: ignore[arg-type]
    write_workloads(start.session, restored.todo)  # type: ignore[arg-type]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Start:
    """Both were ready in the round before, whose wave goes on; then somebody has removed one of them."""
    start = Start(monkeypatch)
    restore(start)
    start.session.put("startup", {"attempt": 1, "only": [], "recorded": [FRONT, BACK]})
    start.api.delete(DEPLOYMENT, "front", "payroll")
    return start


def test_p5_a_workload_that_was_ready_and_had_to_be_made_again_is_started_again(start: Start) -> None:
    restore(start)
    result = start.run(round_timeout=5)
    assert start.api.get(DEPLOYMENT, "front", "payroll")["spec"]["replicas"] == 2
    assert FRONT not in [told["workload"] for told in result["off_again"]]


def test_p8_a_workload_that_the_restore_left_as_it_was_is_still_known_to_have_been_ready(start: Start) -> None:
    restore(start)
    assert ready_before(start.session, "west").recorded == {BACK}  # type: ignore[arg-type]
