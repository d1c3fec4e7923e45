"""The latch on a real API server and virt-controller, and the lock of a plan."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.client import connect
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.latch import Latch
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.lease import PlanLock
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.run_store import RunStore
from ansible_collections.ocpvirt.dr.tests.integration.captures import Decided
from ansible_collections.ocpvirt.dr.tests.integration.control_loop import control_loop
from ansible_collections.ocpvirt.dr.tests.integration.world import World, refused
from demo.cluster import Cluster, wait_until

STORE = "ocpvirt-dr"
PLAN = "latched"
NAMESPACE = "latched"
GUARDED, FREE = "guarded", "free"


class QuotaLatch(Latch):
    """As on a site that serves no ValidatingAdmissionPolicy."""

    uses_policies = False


@pytest.fixture
def west(protected: World) -> Iterator[Cluster]:
    """A namespace of its own at west."""
    cluster = protected.cluster("west")
    cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    yield cluster
    for vm in cluster.list("VirtualMachine", NAMESPACE):
        cluster.delete("VirtualMachine", vm["metadata"]["name"], NAMESPACE)
    wait_until("deleted VMs", 60, lambda: names(cluster, "VirtualMachine"))
    cluster.delete("Namespace", NAMESPACE)
    wait_until("the namespace to go", 60, lambda: [NAMESPACE] if NAMESPACE in namespaces(cluster) else [])


@pytest.fixture
def api(protected: World) -> Any:
    return connect("west", {"kubeconfig": protected.sites["west"]["kubeconfig"]})


def namespaces(cluster: Cluster) -> list[str]:
    return [item["metadata"]["name"] for item in cluster.list("Namespace")]


def names(cluster: Cluster, kind: str) -> list[str]:
    return [item["metadata"]["name"] for item in cluster.list(kind, NAMESPACE)]


def spec() -> dict[str, Any]:
    return {"domain": {"devices": {}, "memory": {"guest": "64Mi"}}}


def create_vm(cluster: Cluster, name: str) -> None:
    body = {"runStrategy": "Always", "template": {"spec": spec()}}
    metadata = {"name": name, "namespace": NAMESPACE}
    cluster.create({"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine", "metadata": metadata, "spec": body})


def denial(cluster: Cluster, name: str) -> str:
    """What the API server says to a VMI of this name; empty when it would create it."""
    metadata = {"name": name, "namespace": NAMESPACE}
    body = {"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachineInstance", "metadata": metadata, "spec": spec()}
    path = f"/apis/kubevirt.io/v1/namespaces/{NAMESPACE}/virtualmachineinstances?dryRun=All"
    try:
        cluster.call("POST", path, body)
    except RuntimeError as error:
        return str(error)
    return ""


def failure_of(cluster: Cluster, name: str) -> str:
    """Why virt-controller could not start the VM."""
    conditions = cluster.get("VirtualMachine", name, NAMESPACE).get("status", {}).get("conditions", [])
    return " ".join(item.get("message", "") for item in conditions)


def test_a_closed_latch_denies_the_plans_vms_only_and_an_open_one_lets_them_start(west: Cluster, api: Any) -> None:
    latch = Latch(api, PLAN, (NAMESPACE,), NAMESPACE)
    assert latch.uses_policies
    latch.close([f"{NAMESPACE}.{GUARDED}"])
    assert latch.is_closed()
    assert f"latch of plan {PLAN} is closed" in denial(west, GUARDED)
    assert denial(west, FREE) == ""
    for name in (GUARDED, FREE):
        create_vm(west, name)
    wait_until("the other VM", 60, lambda: [] if FREE in names(west, "VirtualMachineInstance") else [FREE])
    # it has tried by now and was refused: that it did not try would prove nothing
    wait_until("virt-controller's try", 60, lambda: [] if "latch of plan" in failure_of(west, GUARDED) else [GUARDED])
    assert names(west, "VirtualMachineInstance") == [FREE]
    latch.open()
    assert not latch.is_closed()
    wait_until("the plan's VM", 120, lambda: [] if GUARDED in names(west, "VirtualMachineInstance") else [GUARDED])


def test_a_latch_of_quotas_holds_the_whole_namespace_until_it_is_opened(west: Cluster, api: Any) -> None:
    latch = QuotaLatch(api, PLAN, (NAMESPACE,), NAMESPACE)
    latch.close([f"{NAMESPACE}.{GUARDED}"])
    assert latch.is_closed()
    for name in (GUARDED, FREE):
        assert f"exceeded quota: dr-latch-{PLAN}" in denial(west, name)
    create_vm(west, GUARDED)
    wait_until("virt-controller's try", 60, lambda: [] if "exceeded quota" in failure_of(west, GUARDED) else [GUARDED])
    assert names(west, "VirtualMachineInstance") == []
    latch.open()
    assert not latch.is_closed()
    wait_until("the plan's VM", 120, lambda: [] if GUARDED in names(west, "VirtualMachineInstance") else [GUARDED])


def test_p6_a_second_run_is_refused_with_the_run_that_holds_the_lock(decided: Decided) -> None:
    """The lock is taken and renewed as another run would: where that run is does not matter."""
    world = decided.bereft.world
    api = connect("west", {"kubeconfig": world.sites["west"]["kubeconfig"]})
    RunStore(api, STORE).prepare()
    lock, holder = PlanLock(api, STORE, "payroll"), "payroll-relocate-west-20261122071800-3f9a"
    lock.take(holder, 1)
    try:
        # one that is not renewed and has no record was left behind, and would only be waited out
        with control_loop(partial(lock.renew, holder, 1)):
            refused(world.failover(), f"held by run {holder}, attempt 1, renewed", f"Lease/{STORE}/plan-payroll")
    finally:
        lock.release(holder, 1)
    stored = [item.get("data", {}) for item in world.cluster("west").list("ConfigMap", STORE)]
    runs = [json.loads(data["head"]) for data in stored if "head" in data]
    assert [run["id"] for run in runs if run["plan"] == "payroll"] == []
