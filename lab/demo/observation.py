"""What the sites of the lab show: their disks, their processes, the record of a run."""

from __future__ import annotations

import json
from typing import Any

from demo.cluster import Cluster, Object, wait_until
from demo.lab import Lab
from demo.verdict import Records, last_writer
from demo.workload import NAMESPACE

STORE = "ocpvirt-dr"


def await_writing(lab: Lab, names: list[str], site: str = "west") -> Records:
    """The records at a site once every guest has written there."""
    found: Records = {}

    def missing() -> list[str]:
        found.update(lab.records(site))
        return [name for name in names if last_writer(found.get(name)) != site]

    wait_until(f"guests writing at {site}", 120, missing)
    return found


def alive(lab: Lab, site: str) -> int:
    """Processes of a site that are alive."""
    components = lab.status()["sites"][site]["components"]
    return sum(1 for component in components.values() if component.get("pid"))


def running_at(cluster: Cluster, namespace: str = NAMESPACE) -> set[str]:
    return {item["metadata"]["name"] for item in cluster.list("VirtualMachineInstance", namespace)}


def newest_run(cluster: Cluster) -> dict[str, Any]:
    """The head of the run that began last towards a site; empty when none ever did."""
    heads = [_head(item) for item in cluster.list("ConfigMap", STORE) if "head" in item["data"]]
    return max(heads, key=lambda head: (head["number"], head["started"]), default={})


def _head(item: Object) -> dict[str, Any]:
    return json.loads(item["data"]["head"])
