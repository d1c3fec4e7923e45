# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Workloads that go by themselves while a plan is stopped."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import CRON_JOB, JOB
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.stop.shutdown_world import Stop
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.workload_manifests import cron_job, job


@pytest.fixture
def stop(monkeypatch: pytest.MonkeyPatch) -> Stop:
    return Stop(monkeypatch)


def test_p3_a_job_that_ends_and_is_removed_meanwhile_does_not_leave_databases_up(stop: Stop) -> None:
    nightly = cron_job()
    nightly["metadata"]["uid"] = "c-1"
    stop.east.create(CRON_JOB, nightly)
    stop.east.create(JOB, job("nightly-1", owner=nightly))
    stop.east.meddlers.append(lambda: stop.east.delete(JOB, "nightly-1", "payroll"))
    result = stop.run()
    assert (stop.east.halted, result["proven_off"]) == (["app", "db"], True)
    assert stop.east.get(CRON_JOB, "nightly", "payroll")["spec"]["suspend"] is True
