# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stops each kind of workload, and that a start makes it exactly what it was."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.selector import LabelSelector
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.workload import (
    WorkloadRecord,
    claims_of,
    is_stopped,
    is_up,
    moves_along,
    pods_of,
    protected_workload,
    start_spec,
    stop_spec,
    stopped_spec,
    workload_record,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import merged
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.workload_manifests import (
    PLAN,
    RECORDED,
    cron_job,
    daemon_set,
    deployment,
    job,
    owned_by,
    pod,
    stateful_set,
)


def stopped(item: dict[str, Any]) -> dict[str, Any]:
    """As quiesce leaves it."""
    annotations = {RECORDED: workload_record(item).as_annotation()}
    return merged(item, {"spec": stop_spec(item), "metadata": {"annotations": annotations}})


@pytest.mark.parametrize(
    "item",
    [
        deployment(),
        deployment(replicas=0),
        stateful_set(),
        stateful_set(scaled="Delete"),
        stateful_set(replicas=0, scaled="Delete"),
        daemon_set(),
        daemon_set(disk="ssd"),
        cron_job(),
        cron_job(suspend=True),
        job(),
        job(suspend=True),
    ],
    ids=lambda item: f"{item['kind']}-{workload_record(item).shown}",
)
def test_p7_a_stopped_workload_asks_for_no_pod_and_a_start_makes_it_what_it_was(item: dict[str, Any]) -> None:
    before, was_running = copy.deepcopy(item["spec"]), workload_record(item).running
    there = stopped(item)
    assert (is_stopped(there), stopped_spec(item)) == (True, there["spec"])
    assert workload_record(there) == workload_record(item)
    after = merged(there, {"spec": start_spec(item["kind"], workload_record(there))})["spec"]
    if item["kind"] == "DaemonSet" and "nodeSelector" not in before["template"]["spec"]:
        # the API server does not keep an empty one
        assert after["template"]["spec"].pop("nodeSelector") == {}
    assert (after, was_running) == (before, not is_stopped(item))


def test_the_claims_of_a_stateful_set_stay_when_it_is_scaled_to_zero() -> None:
    patch = stop_spec(stateful_set(scaled="Delete"))
    assert patch == {"replicas": 0, "persistentVolumeClaimRetentionPolicy": {"whenScaled": "Retain"}}


def test_what_its_owner_wrote_since_counts_more_than_the_record() -> None:
    there = stopped(deployment(replicas=3))
    there["spec"]["replicas"] = 5
    assert workload_record(there) == WorkloadRecord(True, 5)


@pytest.mark.parametrize(
    "text",
    [
        "3",
        "{",
        '{"replicas": 3}',
        '{"running": "yes"}',
        '{"running": true, "replicas": "3"}',
        '{"running": true, "replicas": -1}',
        '{"running": true, "replicas": 0}',
        '{"running": true}',
        '{"running": true, "when_scaled": "{{ x }}"}',
        '{"run_strategy": "Always", "running": true}',
    ],
)
def test_a_record_that_no_run_wrote_is_refused_by_name(text: str) -> None:
    there = stopped(deployment())
    there["metadata"]["annotations"][RECORDED] = text
    with pytest.raises(Refused, match="Deployment/payroll/front"):
        workload_record(there)


def test_a_workload_without_a_number_of_replicas_has_one() -> None:
    item = deployment()
    del item["spec"]["replicas"]
    assert workload_record(item) == WorkloadRecord(True, 1)


@pytest.mark.parametrize("condition", ["Complete", "Failed"])
def test_a_job_whose_work_is_done_is_left_where_it_is(condition: str) -> None:
    selector = LabelSelector(PLAN)
    assert (moves_along(job(), selector), moves_along(job(done=condition), selector)) == (True, False)


def test_p8_what_a_controller_decides_over_or_the_plan_does_not_select_is_not_moved() -> None:
    selector = LabelSelector(PLAN)
    other = deployment()
    other["metadata"]["labels"] = {}
    assert not moves_along(owned_by(deployment(), "Kafka", "events"), selector)
    assert not moves_along(other, selector)


@pytest.mark.parametrize(
    ("item", "status", "up"),
    [
        (deployment(), {"observedGeneration": 4, "availableReplicas": 3}, True),
        (deployment(), {"observedGeneration": 4, "availableReplicas": 2}, False),
        (deployment(), {"observedGeneration": 3, "availableReplicas": 3}, False),
        (deployment(replicas=0), {"observedGeneration": 4}, False),
        (deployment(), {}, False),
        (stateful_set(), {"observedGeneration": 4, "availableReplicas": 2}, True),
        (stateful_set(), {"observedGeneration": 4, "readyReplicas": 2, "availableReplicas": 1}, False),
        (daemon_set(), {"observedGeneration": 4, "desiredNumberScheduled": 2, "numberAvailable": 2}, True),
        (daemon_set(), {"observedGeneration": 4, "desiredNumberScheduled": 2, "numberAvailable": 1}, False),
        (stopped(daemon_set()), {"observedGeneration": 4, "desiredNumberScheduled": 0}, False),
        (cron_job(), {}, True),
        (cron_job(suspend=True), {}, False),
        (job(), {}, True),
        (job(suspend=True), {}, False),
    ],
)
def test_when_a_workload_counts_as_up(item: dict[str, Any], status: dict[str, Any], up: bool) -> None:
    there = merged(item, {"metadata": {"generation": 4}})
    there["status"] = status
    assert is_up(there) is up


def test_a_finished_job_counts_as_up_and_as_stopped() -> None:
    assert (is_up(job(done="Complete")), is_stopped(job(done="Complete"))) == (True, True)


def test_claims_are_those_of_the_replicas_that_it_had() -> None:
    item = stateful_set(replicas=2, ordinals={"start": 5})
    wanted = ["payroll/data-store-5", "payroll/data-store-6"]
    assert (claims_of(item), claims_of(stopped(item))) == (wanted, wanted)
    assert claims_of(deployment(claim="files")) == ["payroll/files"]


def test_a_bad_priority_names_the_workload_and_the_annotation() -> None:
    item = deployment()
    item["metadata"]["annotations"]["dr.ocpvirt.io/priority"] = "high"
    with pytest.raises(ValueError, match=r"Deployment/payroll/front: dr\.ocpvirt\.io/priority is 'high'"):
        protected_workload(item)


def test_pods_are_known_by_the_selector_of_their_workload_in_its_namespace_as_long_as_they_may_write() -> None:
    by_expression = deployment("back", selector={"matchExpressions": [{"key": "app", "operator": "Exists"}]})
    elsewhere = pod("front-9", "front")
    elsewhere["metadata"]["namespace"] = "other"
    pods = [pod("front-0", "front"), pod("front-1", "front", phase="Succeeded"), pod("db-0", "db"), elsewhere]
    assert [item["metadata"]["name"] for item in pods_of([deployment("front"), cron_job()], pods)] == ["front-0"]
    assert [item["metadata"]["name"] for item in pods_of([by_expression], pods)] == ["front-0", "db-0"]
