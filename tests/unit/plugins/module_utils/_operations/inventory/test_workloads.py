# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan's workloads through its stop, its restore and its start, at API servers in memory."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import (
    CRON_JOB,
    DEPLOYMENT,
    JOB,
    POD,
    PV,
    PVC,
    SECRET,
    SERVICE,
    STATEFUL_SET,
    Kind,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused, Timeout
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.capture import Capture
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.inventory.protected import list_protected
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.inventory.remains import remains_at
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.inventory.workloads import KINDS, list_workloads
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan.sites import Reach
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.restore.workload_restore import (
    decide_workloads,
    write_workloads,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start import starter, startup
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.stop import shutdown
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.stop.workload_stop import stop_workload
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, MemorySession, plan_of
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.workload_manifests import (
    PROTECTED,
    RECORDED,
    cron_job,
    daemon_set,
    deployment,
    job,
    owned_by,
    pod,
    stateful_set,
    template,
)

PLAN = plan_of(
    startup={
        "waves": [{"name": "databases", "selector": {"matchLabels": {"tier": "db"}}}, {"name": "rest"}],
        "readiness": {"agent": True, "timeout": "1m"},
    }
)


class Site(MemoryApi):
    """Controllers follow at once: what is scaled to zero loses its pods, what is scaled up is available.

    stubborn: workloads whose pods stay; broken: workloads that never become available.
    """

    def __init__(self, site: str = "east") -> None:
        super().__init__(site)
        self.stubborn: set[str] = set()
        self.broken: set[str] = set()
        self._seen = threading.Condition()

    def add(self, item: dict[str, Any], pods: int = 0) -> dict[str, Any]:
        item = copy.deepcopy(item)
        item["metadata"]["generation"] = 1
        stored = self.create(KINDS[item["kind"]], item)
        for number in range(pods):
            self.create(POD, pod(f"{item['metadata']['name']}-{number}", item["metadata"]["name"]))
        return stored

    def spec(self, kind: Kind, name: str) -> dict[str, Any]:
        return self.get(kind, name, "payroll")["spec"]

    def recorded(self, kind: Kind, name: str) -> bool:
        return RECORDED in self.get(kind, name, "payroll")["metadata"]["annotations"]

    def patch(self, kind: Kind, name: str, namespace: str | None, body: dict[str, Any]) -> dict[str, Any]:
        super().patch(kind, name, namespace, body)
        if kind.kind in KINDS and "spec" in body:
            self.reconcile(kind, name)
        return self.get(kind, name, namespace)

    def reconcile(self, kind: Kind, name: str) -> None:
        item = self.objects[kind.kind, "payroll", name]
        if item["spec"].get("replicas") == 0 and name not in self.stubborn:
            for stored in self.list(POD, "payroll", labels=f"app={name}"):
                self.delete(POD, stored["metadata"]["name"], "payroll")
        available = 0 if name in self.broken else item["spec"].get("replicas", 0)
        item["status"] = {"observedGeneration": 1, "availableReplicas": available}

    def list_with_version(
        self, kind: Kind, namespace: str | None, _labels: str | None, keep: Callable[[dict[str, Any]], Any]
    ) -> tuple[list[Any], str]:
        return self.list(kind, namespace, keep=keep), str(self._version)

    def watch(self, kind: Kind, version: str, *_given: object) -> Iterator[tuple[str, dict[str, Any]]]:
        with self._seen:
            self._seen.wait_for(lambda: self._version > int(version), timeout=0.02)
        for item in self.list(kind):
            if int(item["metadata"]["resourceVersion"]) > int(version):
                yield "MODIFIED", item


class Impatient(threading.Condition):
    """Nobody waits: time passes with each look at the clock."""

    def wait(self, timeout: float | None = None) -> bool:
        return False


class Run:
    """One run from east to west, with the record of both ends."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.east, self.west = Site("east"), Site("west")
        self.session: Any = MemorySession(self.west, PLAN)
        self.session.source_api = self.east
        self.session.reach_source = lambda: Reach("east", "reachable", api=self.east)  # type: ignore[arg-type]
        self.seconds = 0.0
        self.session.clock = replace(self.east.clock, monotonic=self._pass, sleep=lambda _seconds: None)
        for module in (shutdown, startup):
            monkeypatch.setattr(module, "Session", self.session)
        monkeypatch.setattr(shutdown, "close_latch", lambda *_given: None)
        monkeypatch.setattr(shutdown, "threading", SimpleNamespace(Condition=Impatient))
        monkeypatch.setattr(startup, "check_may_start", lambda *_given: 1)
        monkeypatch.setattr(starter, "TICK", 0.002)

    def _pass(self) -> float:
        self.seconds += 0.5
        return self.seconds

    def stop(self, **given: Any) -> dict[str, Any]:
        patience = shutdown.Patience(30, given.get("best_effort", False))
        return shutdown.stop_vms(PLAN, "r-1", "east", patience, given.get("check", False))

    def capture(self) -> Capture:
        """Of east, as a metadata source gives it."""
        found = {kind.resource: self.east.list(kind) for kind in KINDS.values()}
        for item in [item for items in found.values() for item in items]:
            item["metadata"]["labels"][PROTECTED] = "true"
        return Capture("payroll-east-1", found)

    def restore(self, capture: Capture | None = None) -> list[str]:
        capture = capture or self.capture()
        restore = decide_workloads(PLAN, self.west, capture, "r-1")  # type: ignore[arg-type]
        write_workloads(self.session, restore.todo)
        keys = [f"{change.body['kind']}/payroll/{change.body['metadata']['name']}" for change in restore.changes]
        self.session.put("capture", {"name": capture.name, "vms": [], "workloads": keys})
        return list(restore.decisions)

    def start(self, site: str = "west", check: bool = False) -> dict[str, Any]:
        return startup.start_vms(PLAN, "r-1", None, check, site)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    return Run(monkeypatch)


def test_p3_workloads_are_stopped_and_proven_off_and_what_they_were_is_on_them(run: Run) -> None:
    run.east.add(deployment(replicas=3), pods=3)
    run.east.add(stateful_set(scaled="Delete"), pods=2)
    result = run.stop()
    assert (result["workloads_stopped"], result["proven_off"], result["changed"]) == (2, True, True)
    assert run.east.get(DEPLOYMENT, "front", "payroll")["metadata"]["annotations"] == {
        RECORDED: '{"replicas": 3, "running": true}'
    }
    assert run.east.spec(STATEFUL_SET, "store")["persistentVolumeClaimRetentionPolicy"]["whenScaled"] == "Retain"
    again = run.stop()
    assert (again["changed"], again["proven_off"]) == (False, True)


def test_workloads_stop_in_the_reverse_order_of_their_start(run: Run) -> None:
    run.east.add(deployment("cache", replicas=1), pods=1)
    run.east.objects["Deployment", "payroll", "cache"]["metadata"]["labels"]["tier"] = "db"
    run.east.add(deployment("front", replicas=1), pods=1)
    run.stop()
    assert [write for write in run.east.writes if write.startswith("patch")] == [
        "patch Deployment/payroll/front",
        "patch Deployment/payroll/cache",
    ]


def test_p3_pods_that_stay_are_no_proof(run: Run) -> None:
    run.east.add(deployment(replicas=1), pods=1)
    run.east.stubborn.add("front")
    with pytest.raises(Timeout, match="Pod/payroll/front-0"):
        run.stop()
    assert run.stop(best_effort=True)["proven_off"] is False


def test_p3_a_workload_that_somebody_starts_again_is_found_after_the_demotion(run: Run) -> None:
    run.east.add(deployment(replicas=1))
    run.stop()
    assert shutdown.prove_off(PLAN, "r-1", "east", False)["proven_off"]
    run.east.patch(DEPLOYMENT, "front", "payroll", {"spec": {"replicas": 1}})
    with pytest.raises(Timeout, match="Deployment/payroll/front"):
        shutdown.prove_off(PLAN, "r-1", "east", False)


def test_p8_workloads_that_the_plan_does_not_select_are_not_written(run: Run) -> None:
    other = deployment("other", replicas=1)
    other["metadata"]["labels"] = {}
    run.east.add(other, pods=1)
    run.east.add(owned_by(deployment("broker"), "Kafka", "events"))
    before = list(run.east.writes)
    assert (run.stop()["changed"], run.east.writes) == (False, before)


def test_p9_check_mode_stops_nothing(run: Run) -> None:
    run.east.add(deployment(replicas=1), pods=1)
    before = list(run.east.writes)
    assert (run.stop(check=True)["workloads_stopped"], run.east.writes) == (1, before)


def test_a_workload_whose_controller_writes_its_status_meanwhile_is_stopped(run: Run) -> None:
    seen = run.east.add(deployment(replicas=4))
    run.east.patch(DEPLOYMENT, "front", "payroll", {"spec": {"replicas": 5}})
    stop_workload(run.east, seen)  # type: ignore[arg-type]
    item = run.east.get(DEPLOYMENT, "front", "payroll")
    assert (item["spec"]["replicas"], item["metadata"]["annotations"][RECORDED]) == (
        0,
        '{"replicas": 5, "running": true}',
    )


def test_jobs_of_a_cron_job_are_stopped_with_it_and_go_on_when_it_is_given_back(run: Run) -> None:
    nightly = run.east.add({**cron_job(), "metadata": {**cron_job()["metadata"], "uid": "c-1"}})
    run.east.add(job("nightly-1", owner=nightly))
    run.east.add(job("nightly-0", done="Complete", owner=nightly))
    assert run.stop()["workloads_stopped"] == 2
    assert run.east.spec(JOB, "nightly-1")["suspend"] is True
    assert (run.east.spec(JOB, "nightly-0")["suspend"], run.east.spec(CRON_JOB, "nightly")["suspend"]) == (False, True)
    result = run.start("east")
    assert (result["ready"], run.east.spec(JOB, "nightly-1")["suspend"]) == (1, False)
    assert not run.east.recorded(JOB, "nightly-1")
    assert not run.east.recorded(CRON_JOB, "nightly")


def test_p1_a_pod_with_a_claim_of_a_workload_counts_as_left_whoever_made_it(run: Run) -> None:
    run.east.add(stateful_set(replicas=0))
    run.east.create(PVC, {"metadata": {"name": "data-store-0", "namespace": "payroll"}, "spec": {"volumeName": "pv"}})
    run.east.create(POD, pod("debug", claim="data-store-0"))
    run.east.create(POD, pod("done", "store", phase="Succeeded"))
    assert remains_at(PLAN, run.east) == ["Pod/payroll/debug"]  # type: ignore[arg-type]


def test_p7_workloads_come_up_at_the_target_as_they_were_and_not_before_the_start(run: Run) -> None:
    for item in (deployment(replicas=3), stateful_set(replicas=2), deployment("idle", replicas=0), daemon_set()):
        run.east.add(item)
    run.east.add(cron_job("paused", suspend=True))
    run.stop()
    run.restore()
    assert run.west.spec(DEPLOYMENT, "front")["replicas"] == 0
    result = run.start()
    assert (result["ready"], result["stays_off"], result["not_started"]) == (3, 2, 0)
    assert result["msg"] == "3 of 3 VMs and workloads ready, 0 not started"
    assert [run.west.spec(DEPLOYMENT, name)["replicas"] for name in ("front", "idle")] == [3, 0]
    assert run.west.spec(CRON_JOB, "paused")["suspend"] is True
    assert [item["kind"] for kind in KINDS.values() for item in run.west.list(kind) if RECORDED in str(item)] == []


def test_a_workload_that_does_not_become_available_is_reported_by_name(run: Run) -> None:
    run.east.add(deployment(replicas=2))
    run.restore()
    run.west.broken.add("front")
    result = run.start()
    reason = "not ready after 60 s, asked 2 times; 0 of 2 replicas available"
    assert result["failures"] == [{"workload": "Deployment/payroll/front", "reason": reason}]
    assert run.west.recorded(DEPLOYMENT, "front")


def test_p5_a_start_that_is_done_changes_nothing_when_it_is_run_again(run: Run) -> None:
    run.east.add(deployment())
    run.restore()
    run.start()
    before = list(run.west.writes)
    assert (run.start()["changed"], run.west.writes) == (False, before)


def test_p7_a_workload_that_is_annotated_to_stay_off_is_left_stopped(run: Run) -> None:
    run.east.add(deployment())
    run.east.objects["Deployment", "payroll", "front"]["metadata"]["annotations"]["dr.ocpvirt.io/start"] = "never"
    run.restore()
    assert (run.start()["stays_off"], run.west.spec(DEPLOYMENT, "front")["replicas"]) == (1, 0)
    assert run.west.recorded(DEPLOYMENT, "front")


def test_p9_check_mode_counts_workloads_in_their_waves(run: Run) -> None:
    run.east.add(deployment())
    run.restore()
    before = list(run.west.writes)
    assert run.start(check=True)["waves"] == [{"name": "rest, priority 3", "vms": 0, "workloads": 1}]
    assert run.west.writes == before


def test_p5_a_restore_that_is_done_creates_nothing_again(run: Run) -> None:
    run.east.add(deployment())
    run.restore()
    before = list(run.west.writes)
    run.restore()
    assert run.west.writes == before


def test_what_a_capture_holds_and_no_run_moves_is_said(run: Run) -> None:
    run.east.add(job(done="Complete"))
    run.east.add(owned_by(deployment("broker"), "Kafka", "events"))
    capture = run.capture()
    bare = {**deployment("bare"), "kind": "ReplicaSet"}
    capture = Capture(capture.name, {**capture.objects, "replicasets.apps": [bare]})
    run.west.add(deployment("left", replicas=0))
    assert run.restore(capture) == [
        "Deployment/payroll/left stays as it is: it is not in payroll-east-1",
        "Job/payroll/import stays in the capture: its work is done",
        "ReplicaSet/payroll/bare stays in the capture: only Deployment, StatefulSet, DaemonSet, CronJob, Job are moved",
    ]


def test_p8_a_workload_of_somebody_else_at_the_target_is_refused(run: Run) -> None:
    run.east.add(deployment())
    run.west.add(deployment(replicas=1))
    before = list(run.west.writes)
    with pytest.raises(Refused, match="Deployment/payroll/front"):
        run.restore()
    assert run.west.writes == before


def test_the_way_back_brings_the_workload_of_the_first_stay_to_the_capture(run: Run) -> None:
    run.west.add(deployment(replicas=2))
    run.west.objects["Deployment", "payroll", "front"]["metadata"]["labels"][PROTECTED] = "true"
    stop_workload(run.west, run.west.get(DEPLOYMENT, "front", "payroll"))  # type: ignore[arg-type]
    run.east.add(deployment(replicas=5))
    assert run.restore() == ["Deployment/payroll/front is updated to the capture: 2 replicas to 5 replicas"]
    run.start()
    assert run.west.spec(DEPLOYMENT, "front")["replicas"] == 5


def test_a_job_of_an_earlier_stay_gets_a_new_record_only_as_its_spec_cannot_be_changed(run: Run) -> None:
    run.west.add(job())
    run.west.objects["Job", "payroll", "import"]["metadata"]["labels"][PROTECTED] = "true"
    stop_workload(run.west, run.west.get(JOB, "import", "payroll"))  # type: ignore[arg-type]
    before = run.west.spec(JOB, "import")
    run.east.add(job())
    run.east.objects["Job", "payroll", "import"]["spec"]["suspend"] = True
    assert run.restore() == ["Job/payroll/import is updated to the capture: on to suspended"]
    assert run.west.spec(JOB, "import") == before
    assert run.west.get(JOB, "import", "payroll")["metadata"]["annotations"]["dr.ocpvirt.io/created-by-run"] == "r-1"


def test_somebody_who_makes_a_workload_meanwhile_is_not_overwritten(run: Run) -> None:
    run.east.add(deployment())
    restore = decide_workloads(PLAN, run.west, run.capture(), "r-1")  # type: ignore[arg-type]
    run.west.add(deployment(replicas=9))
    with pytest.raises(Refused, match="Deployment/payroll/front"):
        write_workloads(run.session, restore.todo)
    assert run.west.spec(DEPLOYMENT, "front")["replicas"] == 9


def test_what_workloads_need_is_protected_with_them(run: Run) -> None:
    api = run.east
    pods = template("front", volumes=[{"secret": {"secretName": "tls"}}, {"configMap": {"name": "settings"}}])
    api.add(deployment(template=pods))
    api.add(stateful_set(replicas=1))
    for number in (0, 4):
        spec = {"volumeName": f"pv-{number}"}
        api.create(PVC, {"metadata": {"name": f"data-store-{number}", "namespace": "payroll"}, "spec": spec})
        api.create(PV, {"metadata": {"name": f"pv-{number}"}, "spec": {}})
    api.create(SECRET, {"metadata": {"name": "tls", "namespace": "payroll"}})
    service = {"metadata": {"name": "store", "namespace": "payroll"}, "spec": {"selector": {"app": "store"}}}
    api.create(SERVICE, service)
    found = list_protected(PLAN, api)  # type: ignore[arg-type]
    assert set(found.claims) == set(found.volumes) == {"payroll/data-store-0", "payroll/data-store-4"}
    assert {(kind.kind, key) for kind, key in found.others} == {("Secret", "payroll/tls"), ("Service", "payroll/store")}
    assert found.missing == ("ConfigMap payroll/settings",)
    assert set(found.workloads.selected) == {"Deployment/payroll/front", "StatefulSet/payroll/store"}


def test_what_is_not_the_plans_is_listed_apart(run: Run) -> None:
    other = deployment("other")
    other["metadata"]["labels"] = {}
    run.east.add(other)
    found = list_workloads(PLAN, run.east)  # type: ignore[arg-type]
    assert (dict(found.selected), set(found.foreign)) == ({}, {"Deployment/payroll/other"})
