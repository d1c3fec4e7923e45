# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is listed for a forecast, what it says of a plan, and what a start records for the next one."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import yaml
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import (
    CLUSTER_INSTANCETYPE,
    CSI_NODE,
    KUBEVIRT,
    MACHINE_AUTOSCALER,
    NODE,
    POD,
    PV,
    PVC,
    RESOURCE_QUOTA,
    VM,
    Kind,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.run_store import RunStore
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Failed
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run import Run, StepRecord
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.checks.volume_findings import VolumeView
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.inventory.protected import (
    list_protected,
    start_records,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start.forecast import (
    StartForecast,
    recorded_runs,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.forecast.result import Forecast
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.order import order_start
from ansible_collections.ocpvirt.dr.plugins.modules import readiness_info
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, plan_of

Object = dict[str, Any]

DRIVER = "rbd.csi.ceph.com"
BOOTS = {"count": 118, "median": 42.0, "p90": 75.5}


class Site(MemoryApi):
    """Counts its lists; a kind may be forbidden."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.lists: Counter[str] = Counter()
        self.forbidden: tuple[Kind, ...] = ()

    def list(self, kind: Kind, namespace: str | None = None, labels: Any = None, fields: Any = None) -> list[Object]:
        self.lists[kind.kind] += 1
        if kind in self.forbidden:
            raise Failed("GET", site=self.site, on=kind.kind, status=403, next_step="grant the right")
        return super().list(kind, namespace, labels)


def add_vm(api: MemoryApi, number: int, memory: str = "4Gi", **spec: Any) -> None:
    name = f"vm-{number}"
    template = {"domain": {"devices": {}, "memory": {"guest": memory}}}
    template["volumes"] = [{"name": "root", "persistentVolumeClaim": {"claimName": name}}]
    labels = {"dr.ocpvirt.io/plan": "payroll"}
    meta = {"name": name, "namespace": "payroll", "labels": labels}
    api.create(VM, {"metadata": meta, "spec": {"runStrategy": "Always", "template": {"spec": template}, **spec}})
    api.create(PVC, {"metadata": {"name": name, "namespace": "payroll"}, "spec": {"volumeName": f"pv-{name}"}})
    api.create(PV, {"metadata": {"name": f"pv-{name}"}, "spec": {"csi": {"driver": DRIVER}}})


def node(name: str, memory: str = "512Gi") -> Object:
    allocatable = {"cpu": "64", "memory": memory, "pods": "250", "devices.kubevirt.io/kvm": "1k"}
    status = {"allocatable": allocatable, "conditions": [{"type": "Ready", "status": "True"}]}
    return {"metadata": {"name": name, "labels": {"kubevirt.io/schedulable": "true"}}, "spec": {}, "status": status}


@pytest.fixture
def east() -> Site:
    site = Site("east")
    for number in range(120):
        add_vm(site, number)
    return site


@pytest.fixture
def west() -> Site:
    """Three nodes that take all of it."""
    site = Site("west")
    for number in range(3):
        site.create(NODE, node(f"node-{number}"))
    return site


def foresee(east: Site, west: Site, plan: Plan | None = None, volumes: VolumeView | None = None) -> Forecast:
    plan = plan or plan_of()
    found = list_protected(plan, east)  # type: ignore[arg-type]
    order = order_start(start_records(found.vms), plan.startup.waves)
    apis = [east, west]
    look = StartForecast(plan, west, found, volumes or VolumeView())  # type: ignore[arg-type]
    return look.look(order, recorded_runs(plan, apis))  # type: ignore[arg-type]


def told(seen: Forecast) -> list[str]:
    assert all(finding.site == "west" and finding.remedy for finding in seen.findings)
    return [f"{finding.severity} {finding.code} {finding.on}" for finding in seen.findings]


def record_run(west: Site) -> None:
    name = "payroll-failover-west-20260301120000-1a2b"
    step = StepRecord("done", 1, "2026-03-01T12:00:00", "2026-03-01T12:05:00", {"boots": BOOTS})
    run = Run(name, "payroll", "failover", "east", "west", "f00d", "2026-03-01T12:00:00", steps={"start": step})
    RunStore(west, plan_of().store_namespace).put_head(name, "payroll", run.as_dict())  # type: ignore[arg-type]


def test_the_documented_sample_is_a_forecast(east: Site, west: Site) -> None:
    record_run(west)
    documented = yaml.safe_load(readiness_info.RETURN)["start_forecast"]["contains"]
    boot = {name: item["sample"] for name, item in documented.pop("boot")["contains"].items()}
    expected = {name: item["sample"] for name, item in documented.items()} | {"boot": boot}
    assert dict(foresee(east, west).summary) == expected


def test_a_plan_that_the_target_takes_is_no_finding(east: Site, west: Site) -> None:
    assert told(foresee(east, west)) == []


def test_boot_times_that_nobody_measured_are_said_to_be_assumed(east: Site, west: Site) -> None:
    summary = foresee(east, west).summary
    assert "assumed" in summary["boot"]["source"]
    assert "assumed" in summary["msg"]


@pytest.mark.parametrize(("known", "longer"), [(False, 300), (True, 0)], ids=["assumed", "measured"])
def test_a_delay_counts_once_beside_assumed_boot_times_and_within_measured_ones(
    east: Site, west: Site, known: bool, longer: int
) -> None:
    if known:
        record_run(west)
    delayed = plan_of(startup={"max_starting": 120, "readiness": {"delay": "5m", "timeout": "10m"}})
    plain = plan_of(startup={"max_starting": 120, "readiness": {"timeout": "10m"}})
    seconds = [foresee(east, west, plan).summary["seconds"] for plan in (plain, delayed)]
    assert seconds[1] - seconds[0] == pytest.approx(longer, abs=1)


def test_one_list_per_kind(east: Site, west: Site) -> None:
    foresee(east, west)
    assert set(west.lists.values()) == {1}


def test_p9_nothing_is_written(east: Site, west: Site) -> None:
    east.writes.clear()
    west.writes.clear()
    foresee(east, west)
    assert east.writes + west.writes == []


def test_a_plan_that_no_node_holds_is_a_blocker_that_names_memory(east: Site, west: Site) -> None:
    add_vm(east, 500, "600Gi")
    seen = foresee(east, west)
    assert told(seen) == ["blocker TargetTooSmall Site/west"]
    assert "memory: 1 of 121 find no node" in seen.findings[0].message
    assert (seen.summary["binding"], seen.summary["ready"]) == ("memory", 120)


@pytest.mark.parametrize("grown_by", ["autoscaler", "plan"])
def test_a_target_that_may_get_more_nodes_is_only_warned_of(east: Site, west: Site, grown_by: str) -> None:
    add_vm(east, 500, "600Gi")
    plan = plan_of()
    if grown_by == "plan":
        plan = plan_of(capacity={"machine_sets": {"west": [{"name": "workers", "normal": 1, "disaster": 6}]}})
    else:
        west.create(MACHINE_AUTOSCALER, {"metadata": {"name": "workers", "namespace": "openshift-machine-api"}})
    assert told(foresee(east, west, plan)) == ["warning TargetTooSmall Site/west"]


def test_what_runs_at_the_target_is_a_warning_as_it_could_be_stopped(east: Site, west: Site) -> None:
    containers = [{"resources": {"requests": {"memory": "460Gi"}}}]
    for number in range(3):
        meta = {"name": f"other-{number}", "namespace": "others"}
        west.create(POD, {"metadata": meta, "spec": {"nodeName": f"node-{number}", "containers": containers}})
    seen = foresee(east, west)
    assert told(seen) == ["warning TargetTooFull Site/west"]
    assert seen.summary["binding"] == "memory"
    assert seen.summary["ready"] < 120


def test_a_quota_that_keeps_vms_off_is_a_blocker(east: Site, west: Site) -> None:
    status = {"used": {"requests.memory": "0"}}
    quota = {"spec": {"hard": {"requests.memory": "100Gi", "pods": "500"}}, "status": status}
    west.create(RESOURCE_QUOTA, {"metadata": {"name": "compute", "namespace": "payroll"}, **quota})
    seen = foresee(east, west)
    assert told(seen) == ["blocker StartQuota ResourceQuota/payroll/compute"]
    assert seen.findings[0].message == (
        "requests.memory: 512.3Gi to start, 100.0Gi of 100Gi left: 97 of 120 would not start"
    )
    assert (seen.summary["binding"], seen.summary["ready"]) == ("quota", 23)


def test_the_latch_of_a_plan_is_no_quota(east: Site, west: Site) -> None:
    hard = {"count/virtualmachineinstances.kubevirt.io": "0"}
    west.create(
        RESOURCE_QUOTA, {"metadata": {"name": "dr-latch-payroll", "namespace": "payroll"}, "spec": {"hard": hard}}
    )
    assert told(foresee(east, west)) == []


def test_attach_limits_are_those_of_the_driver_at_the_target(east: Site, west: Site) -> None:
    driver = {"name": "csi.isilon.dellemc.com", "allocatable": {"count": 10}}
    for number in range(3):
        west.create(CSI_NODE, {"metadata": {"name": f"node-{number}"}, "spec": {"drivers": [driver]}})
    drivers = {f"payroll/vm-{number}": driver["name"] for number in range(120)}
    seen = foresee(east, west, volumes=VolumeView(drivers=drivers))
    assert told(seen) == ["blocker TargetTooSmall Site/west"]
    assert "volumes of csi.isilon.dellemc.com: 90 of 120" in seen.findings[0].message
    assert (seen.summary["binding"], seen.summary["ready"]) == ("attachments", 30)


def test_a_cap_on_a_storage_class_is_that_of_the_target(east: Site, west: Site) -> None:
    plan = plan_of(startup={"max_starting": 40, "caps": {"per_storage_class": 5}})
    claims = {
        f"payroll/vm-{number}": {"metadata": {}, "spec": {"storageClassName": "rbd-west"}} for number in range(120)
    }
    summary = foresee(east, west, plan, VolumeView(claims=claims)).summary
    assert (summary["binding"], summary["peak_in_flight"]) == ("per_storage_class", 5)
    assert "startup.caps.per_storage_class of the plan binds" in summary["msg"]


def test_a_cap_on_nodes_counts_those_that_vms_are_placed_on(east: Site, west: Site) -> None:
    summary = foresee(east, west, plan_of(startup={"max_starting": 40, "caps": {"per_node": 2}})).summary
    assert (summary["binding"], summary["peak_in_flight"]) == ("per_node", 6)


def test_a_vm_that_asks_for_its_node_counts_there_once(west: Site) -> None:
    east = Site("east")
    for number in range(4):
        add_vm(east, number)
        selector = {"nodeSelector": {"kubernetes.io/hostname": "node-0"}}
        east.patch(VM, f"vm-{number}", "payroll", {"spec": {"template": {"spec": selector}}})
    west.patch(NODE, "node-0", None, {"metadata": {"labels": {"kubernetes.io/hostname": "node-0"}}})
    summary = foresee(east, west, plan_of(startup={"caps": {"per_node": 2}})).summary
    assert (summary["ready"], summary["peak_in_flight"]) == (4, 2)


def test_a_slow_controller_is_a_warning_with_the_tuning_policy(east: Site, west: Site) -> None:
    rate = {"tokenBucketRateLimiter": {"qps": 1, "burst": 2}}
    configuration = {"controllerConfiguration": {"restClient": {"rateLimiter": rate}}}
    meta = {"name": "kubevirt", "namespace": "kubevirt"}
    west.create(KUBEVIRT, {"metadata": meta, "spec": {"configuration": configuration}})
    seen = foresee(east, west)
    assert told(seen) == ["warning ControllerTooSlow KubeVirt"]
    assert 'hco.kubevirt.io/tuningPolicy={"qps":200,"burst":400}' in seen.findings[0].remedy
    assert seen.summary["binding"] == "controller_qps"


def test_an_instancetype_of_the_cluster_says_how_large_a_vm_is(east: Site, west: Site) -> None:
    spec = {"cpu": {"guest": 4}, "memory": {"guest": "600Gi"}}
    west.create(CLUSTER_INSTANCETYPE, {"metadata": {"name": "huge"}, "spec": spec})
    add_vm(east, 500, instancetype={"name": "huge"})
    assert foresee(east, west).summary["binding"] == "memory"


def test_the_budget_of_the_site_is_its_own_limit(east: Site, west: Site) -> None:
    sites = {"east": {"kubeconfig": "east.yml"}, "west": {"kubeconfig": "west.yml", "max_starting": 10}}
    summary = foresee(east, west, plan_of(sites=sites)).summary
    assert (summary["binding"], summary["peak_in_flight"]) == ("site_budget", 10)


def test_a_site_that_does_not_show_its_nodes_is_foreseen_without_them(east: Site, west: Site) -> None:
    west.forbidden = (NODE,)
    seen = foresee(east, west)
    assert told(seen) == ["warning NotChecked Node"]
    assert "the nodes could not be looked at" in seen.summary["msg"]
    assert seen.summary["ready"] == 120


def test_a_plan_of_vms_that_are_off_starts_nothing(west: Site) -> None:
    east = Site("east")
    add_vm(east, 0, runStrategy="Halted")
    assert foresee(east, west).summary["msg"] == "nothing starts at west"
