# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Workloads of a start, and Jobs of theirs, that somebody deletes or changes before they are asked to start."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import CRON_JOB, DEPLOYMENT, JOB
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Failed
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start import startup
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.inventory.test_workloads import Run
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.workload_manifests import (
    cron_job,
    deployment,
    job,
)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    return Run(monkeypatch)


def when_asked(run: Run, monkeypatch: pytest.MonkeyPatch, happens) -> None:  # type: ignore[no-untyped-def]
    """After the start has listed everything, and before it writes."""

    def guard(*_given: object) -> int:
        _given[2]()  # type: ignore[operator]
        happens()
        return 1

    monkeypatch.setattr(startup, "check_may_start", guard)


def test_p5_a_job_that_is_gone_does_not_keep_its_cron_job_suspended(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    nightly = run.east.add({**cron_job(), "metadata": {**cron_job()["metadata"], "uid": "c-1"}})
    run.east.add(job("nightly-1", owner=nightly))
    run.stop()
    when_asked(run, monkeypatch, lambda: run.east.delete(JOB, "nightly-1", "payroll"))
    result = run.start("east")
    assert (result["ready"], result["failures"], run.east.spec(CRON_JOB, "nightly")["suspend"]) == (1, [], False)


def test_p10_a_workload_that_somebody_deleted_is_said_to_be_gone(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run.east.add(deployment(replicas=3))
    run.stop()
    when_asked(run, monkeypatch, lambda: run.east.delete(DEPLOYMENT, "front", "payroll"))
    (failure,) = run.start("east")["failures"]
    assert failure["reason"].endswith("it is not there")
    assert "None" not in failure["reason"]


def test_p10_of_a_cron_job_that_was_refused_no_replicas_are_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run.east.add(cron_job())
    run.stop()
    patch = run.east.patch

    def refuse(kind, name, namespace, body):  # type: ignore[no-untyped-def]
        if kind is CRON_JOB:
            raise Failed("PATCH", seen="a webhook denied it", status=403)
        return patch(kind, name, namespace, body)

    monkeypatch.setattr(run.east, "patch", refuse)
    (failure,) = run.start("east")["failures"]
    assert "replicas" not in failure["reason"]


def test_p8_what_an_autoscaler_made_of_a_workload_that_starts_is_left_by_a_retry(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.east.add(deployment(replicas=3))
    run.east.broken.add("front")
    run.stop()
    patch = run.east.patch

    def scale(kind, name, namespace, body):  # type: ignore[no-untyped-def]
        """To its minReplicas, as soon as there are any."""
        scaled = patch(kind, name, namespace, body)
        return patch(kind, name, namespace, {"spec": {"replicas": 5}}) if scaled["spec"]["replicas"] else scaled

    monkeypatch.setattr(run.east, "patch", scale)
    plan = plan_of(startup={"readiness": {"timeout": "1m"}, "retries": {"attempts": 1, "backoff": "1s"}})
    monkeypatch.setattr(run.session, "plan", plan)
    before = len(run.east.writes)
    (failure,) = startup.start_vms(plan, "r-1", None, False, "east")["failures"]
    asked = [write for write in run.east.writes[before:] if "Deployment" in write]
    assert failure["workload"] == "Deployment/payroll/front"
    # the start, and what the autoscaler wrote after it
    assert asked == ["patch Deployment/payroll/front"] * 2


def test_p10_a_deployment_whose_rollout_is_paused_says_why_it_gets_no_pods(run: Run) -> None:
    run.east.add({**deployment(replicas=2), "spec": {**deployment(replicas=2)["spec"], "paused": True}})
    run.east.broken.add("front")
    run.stop()
    (failure,) = run.start("east")["failures"]
    assert "its rollout is paused" in failure["reason"]
