# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.forecast.node_placement import (
    Unit,
    place,
    place_best,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.forecast.node_rooms import ATTACH, node_rooms

CEPH = "rbd.csi.ceph.com"
GIB = 1024**3


def node(name: str = "node-1", labels: dict[str, str] | None = None, **changes: Any) -> dict[str, Any]:
    allocatable = {"cpu": "31500m", "memory": "128Gi", "pods": "250", "devices.kubevirt.io/kvm": "1k"}
    return {
        "metadata": {"name": name, "labels": {"kubevirt.io/schedulable": "true", **(labels or {})}},
        "spec": changes.get("spec", {}),
        "status": {
            "allocatable": {**allocatable, **changes.get("allocatable", {})},
            "conditions": [{"type": "Ready", "status": changes.get("ready", "True")}],
        },
    }


def pod(memory: str, owner: str | None = None, phase: str = "Running") -> dict[str, Any]:
    owners = [{"kind": owner, "name": "owner", "uid": "1", "controller": True}] if owner else []
    containers = [{"resources": {"requests": {"memory": memory, "cpu": "500m"}}}]
    return {
        "metadata": {"name": "pod", "namespace": "others", "ownerReferences": owners},
        "spec": {"nodeName": "node-1", "containers": containers},
        "status": {"phase": phase},
    }


def unit(name: str = "db-0", memory: int = 4, **changes: Any) -> Unit:
    needs = {"memory": memory * GIB, "cpu": 200, "pods": 1, "devices.kubevirt.io/kvm": 1, **changes.pop("needs", {})}
    return Unit(f"payroll/{name}", needs, **changes)


def placed(units: list[Unit], nodes: list[Any], csi_nodes: Any = (), attachments: Any = ()) -> Any:
    rooms = node_rooms(nodes, [], csi_nodes, attachments)
    return place(units, rooms, [room.free for room in rooms])


def test_what_runs_on_a_node_is_not_free() -> None:
    pods = [pod("20Gi"), pod("8Gi", owner="DaemonSet"), pod("50Gi", phase="Succeeded")]
    (room,) = node_rooms([node()], pods, [], [])
    assert room.free["memory"] == 100 * GIB
    assert room.free["pods"] == 248


def test_a_node_that_were_empty_would_keep_what_belongs_to_it() -> None:
    pods = [pod("20Gi"), pod("8Gi", owner="DaemonSet")]
    (room,) = node_rooms([node()], pods, [], [])
    assert room.empty["memory"] == 120 * GIB


@pytest.mark.parametrize("lost", [node(ready="Unknown"), node(spec={"unschedulable": True})])
def test_a_node_that_is_down_or_cordoned_takes_nothing(lost: dict[str, Any]) -> None:
    assert node_rooms([lost], [], [], []) == []


def test_vms_spread_over_the_nodes() -> None:
    units = [unit(f"db-{number}") for number in range(10)]
    found = placed(units, [node("node-1"), node("node-2")])
    assert sorted(found.nodes.values()).count("node-1") == 5


@pytest.mark.parametrize(
    ("allocatable", "lacking"),
    [
        ({"memory": "10Gi"}, "memory"),
        ({"cpu": "500m"}, "cpu"),
        ({"pods": "2"}, "pods"),
        ({"devices.kubevirt.io/kvm": "2"}, "devices.kubevirt.io/kvm"),
        ({"devices.kubevirt.io/kvm": "0"}, "devices.kubevirt.io/kvm"),
    ],
)
def test_what_finds_no_node_names_what_it_lacks(allocatable: dict[str, str], lacking: str) -> None:
    units = [unit(f"db-{number}") for number in range(6)]
    found = placed(units, [node("node-1", allocatable=allocatable), node("node-2", allocatable=allocatable)])
    assert found.resource == lacking
    assert found.lacking["payroll/db-5"] == lacking


def test_a_volume_needs_room_for_its_attachment() -> None:
    driver = {"name": CEPH, "allocatable": {"count": 3}}
    csi_node = {"metadata": {"name": "node-1"}, "spec": {"drivers": [driver]}}
    attachment = {"spec": {"nodeName": "node-1", "attacher": CEPH}}
    units = [unit(f"db-{number}", needs={f"{ATTACH}{CEPH}": 2}) for number in range(2)]
    found = placed(units, [node()], [csi_node], [attachment])
    assert found.lacking == {"payroll/db-1": f"{ATTACH}{CEPH}"}


def test_a_driver_without_a_limit_attaches_as_much_as_is_wanted() -> None:
    csi_node = {"metadata": {"name": "node-1"}, "spec": {"drivers": [{"name": CEPH}]}}
    found = placed([unit(needs={f"{ATTACH}{CEPH}": 500})], [node()], [csi_node])
    assert not found.lacking


@pytest.mark.parametrize(
    ("changes", "tolerations", "taken"),
    [
        ({}, (), True),
        ({"labels": {"kubevirt.io/schedulable": "false"}}, (), False),
        ({"labels": {"zone": "b"}}, (), False),
        ({"spec": {"taints": [{"key": "virt", "value": "only", "effect": "NoSchedule"}]}}, (), False),
        (
            {"spec": {"taints": [{"key": "virt", "value": "only", "effect": "NoSchedule"}]}},
            ({"key": "virt", "value": "only", "effect": "NoSchedule"},),
            True,
        ),
        ({"spec": {"taints": [{"key": "virt", "effect": "NoExecute"}]}}, ({"operator": "Exists"},), True),
        ({"spec": {"taints": [{"key": "virt", "effect": "PreferNoSchedule"}]}}, (), True),
    ],
)
def test_only_a_node_that_its_vm_may_use_counts(
    changes: dict[str, Any], tolerations: tuple[dict[str, str], ...], taken: bool
) -> None:
    changes = {**changes, "labels": {"zone": "a", **changes.get("labels", {})}}
    found = placed([unit(selector={"zone": "a"}, tolerations=tolerations)], [node(**changes)])
    assert bool(found.nodes) is taken
    assert found.resource == (None if taken else "nodes")


def test_a_pod_of_a_workload_runs_where_vms_do_not() -> None:
    only_pods = node(labels={"kubevirt.io/schedulable": "false"})
    assert placed([unit(is_vm=False)], [only_pods]).nodes


def test_a_small_one_still_fits_where_a_large_one_did_not() -> None:
    found = placed([unit("big", 200), unit("small", 4)], [node()])
    assert (list(found.lacking), list(found.nodes)) == (["payroll/big"], ["payroll/small"])


def test_the_largest_first_finds_a_way_where_the_order_of_the_start_does_not() -> None:
    nodes = [node("node-1", allocatable={"memory": "10Gi"}), node("node-2", allocatable={"memory": "10Gi"})]
    units = [unit("a", 5), unit("b", 5), unit("c", 10)]
    rooms = node_rooms(nodes, [], [], [])
    free = [room.free for room in rooms]
    assert list(place(units, rooms, free).lacking) == ["payroll/c"]
    assert not place_best(units, rooms, free).lacking
