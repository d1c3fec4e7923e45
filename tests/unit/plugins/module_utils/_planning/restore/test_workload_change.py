# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written of a workload at a target."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.workload import is_stopped, workload_record
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.restore.workload_change import (
    decide_workload,
    stopped_copy,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.workload_manifests import (
    PROTECTED,
    cron_job,
    daemon_set,
    deployment,
    job,
    stateful_set,
)


def captured(item: dict[str, Any]) -> dict[str, Any]:
    item = copy.deepcopy(item)
    item["metadata"] |= {"uid": "9d1b", "resourceVersion": "811", "generation": 3, "managedFields": [{}]}
    item["metadata"]["labels"][PROTECTED] = "true"
    item["metadata"]["annotations"] = {"deployment.kubernetes.io/revision": "7", "dr.ocpvirt.io/priority": "1"}
    item["status"] = {"replicas": 3}
    return item


def there(item: dict[str, Any], run_id: str = "r-0") -> dict[str, Any]:
    """At the target, from an earlier run."""
    found = stopped_copy(captured(item), run_id)
    found["metadata"] |= {"uid": "77aa", "resourceVersion": "12", "finalizers": ["keep"]}
    return found


@pytest.mark.parametrize(
    "item", [deployment(), stateful_set(), daemon_set(), cron_job(), job()], ids=lambda i: i["kind"]
)
def test_p7_a_workload_is_created_stopped_with_what_it_was_on_it(item: dict[str, Any]) -> None:
    before = captured(item)
    body = stopped_copy(before, "r-1")
    assert (is_stopped(body), workload_record(body)) == (True, workload_record(item))
    assert body["metadata"].keys() == {"name", "namespace", "labels", "annotations"}
    assert body["metadata"]["annotations"].keys() == {
        "dr.ocpvirt.io/priority",
        "dr.ocpvirt.io/recorded",
        "dr.ocpvirt.io/created-by-run",
    }
    assert before == captured(item)


def test_a_job_forgets_the_uid_by_which_its_old_cluster_knew_its_pods() -> None:
    spec = stopped_copy(captured(job()), "r-1")["spec"]
    assert ("selector" in spec, spec["template"]["metadata"]["labels"]) == (False, {"app": "import"})


def test_a_job_whose_owner_chose_its_selector_keeps_it() -> None:
    mine = captured(job())
    mine["spec"]["manualSelector"] = True
    assert stopped_copy(mine, "r-1")["spec"]["selector"] == mine["spec"]["selector"]


def test_an_absent_workload_is_created_and_one_of_the_same_run_is_kept() -> None:
    wanted = stopped_copy(captured(deployment()), "r-1")
    assert decide_workload(wanted, None, "r-1", "payroll").verb == "create"
    running = {**there(deployment(), "r-1"), "spec": deployment()["spec"]}
    assert decide_workload(wanted, running, "r-1", "payroll").verb == "keep"


def test_a_workload_of_an_earlier_stay_is_adopted_under_its_own_uid() -> None:
    wanted = stopped_copy(captured(deployment()), "r-1")
    change = decide_workload(wanted, there(deployment()), "r-1", "payroll")
    assert (change.verb, change.why) == ("keep", "Deployment/payroll/front is adopted: it is as captured")
    wanted["metadata"]["annotations"]["dr.ocpvirt.io/priority"] = "2"
    change = decide_workload(wanted, there(deployment()), "r-1", "payroll")
    assert (change.verb, change.why) == ("update", "Deployment/payroll/front is updated to the capture: annotations")
    assert change.body["metadata"]["uid"] == "77aa"
    assert change.body["metadata"]["annotations"]["dr.ocpvirt.io/created-by-run"] == "r-1"


def test_what_changed_since_an_earlier_stay_is_said() -> None:
    wanted = stopped_copy(captured(deployment(replicas=5, paused=True)), "r-1")
    change = decide_workload(wanted, there(deployment()), "r-1", "payroll")
    assert change.why == "Deployment/payroll/front is updated to the capture: spec.paused, 3 replicas to 5 replicas"


def not_ours(item: dict[str, Any]) -> None:
    del item["metadata"]["labels"][PROTECTED]


def not_recorded(item: dict[str, Any]) -> None:
    del item["metadata"]["annotations"]["dr.ocpvirt.io/recorded"]


def scaled_up(item: dict[str, Any]) -> None:
    item["spec"]["replicas"] = 1


@pytest.mark.parametrize("change", [not_ours, not_recorded, scaled_up])
def test_p8_a_workload_that_no_run_of_the_plan_stopped_is_not_touched(change: Any) -> None:
    seen = there(deployment())
    change(seen)
    with pytest.raises(Refused, match="Deployment/payroll/front"):
        decide_workload(stopped_copy(captured(deployment()), "r-1"), seen, "r-1", "payroll")
