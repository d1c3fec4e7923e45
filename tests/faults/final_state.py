# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a plan stands at both sites once a command is done, without what every run makes anew."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import requests
from ansible_collections.ocpvirt.dr.tests.integration.comparison import differences
from ansible_collections.ocpvirt.dr.tests.integration.site_objects import objects_of
from ansible_collections.ocpvirt.dr.tests.integration.world import STORE, World
from demo.cluster import Cluster, Object
from demo.storages.nfs import EXPORT
from demo.workload import NAMESPACE

State = dict[str, dict[str, Any]]

OF_THE_API_SERVER = ("uid", "resourceVersion", "creationTimestamp", "generation", "managedFields", "selfLink")
# kind to fields that controllers fill with what they see
SEEN = {"VirtualMachine": ("status",), "ReplicaSet": ("status",)}
# an API server gives a Service an address when it is created
ALLOCATED, HEADLESS = ("clusterIP", "clusterIPs"), "None"
# KubeVirt makes one at each start, named after the VM's uid
AT_EACH_START = re.compile(r"ControllerRevision/.*/revision-start-vm-")
ANEW = (
    (re.compile(r"[a-z0-9-]+-(?:failover|relocate|reprotect)-\w+-\d{14}-[0-9a-f]{4}"), "RUN"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "UID"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)"), "TIME"),
    (re.compile(r"\b[a-z0-9-]*-?\d{14}(?:-[0-9a-f]+)?\b"), "CAPTURE"),
)
# no more of a long list helps anybody
TOLD = 8


def final_state(world: World, sites: Iterable[str]) -> State:
    """By "site kind/namespace/name"; and by "site facts" what no object of the plan's namespace tells."""
    found: State = {}
    for site in sites:
        cluster = world.cluster(site)
        if _has(cluster, NAMESPACE):
            objects = objects_of(cluster, NAMESPACE)
            found |= {
                f"{site} {key}": normal(key.split("/")[0], item)
                for key, item in objects.items()
                if not AT_EACH_START.match(key)
            }
        found[f"{site} facts"] = _facts(world, site, cluster)
    return found


def normal(kind: str, item: Object) -> Object:
    """An object without what the API server gives, what controllers see, and what names a run or a moment."""
    left_out = SEEN.get(kind, ())
    body = {name: value for name, value in item.items() if name not in left_out}
    body["metadata"] = {name: value for name, value in item["metadata"].items() if name not in OF_THE_API_SERVER}
    if kind == "PersistentVolume":
        body["spec"] = {**body["spec"]}
        body["spec"]["claimRef"] = {
            name: value for name, value in body["spec"].get("claimRef", {}).items() if name not in OF_THE_API_SERVER
        }
    if kind == "Service" and body["spec"].get("clusterIP") != HEADLESS:
        body["spec"] = {name: value for name, value in body["spec"].items() if name not in ALLOCATED}
    text = json.dumps(body, sort_keys=True)
    for pattern, word in ANEW:
        text = pattern.sub(word, text)
    found: Object = json.loads(text)
    return found


def other_than(undisturbed: Mapping[str, Any], seen: Mapping[str, Any]) -> list[str]:
    """Where a state differs from that after an undisturbed run."""
    found = [
        f"{item.key} {'.'.join(item.path) or '(the object)'}: {item.west!r}, undisturbed {item.east!r}"
        for item in differences(undisturbed, seen)
    ]
    return found[:TOLD] + ([f"and {len(found) - TOLD} more"] if len(found) > TOLD else [])


def loose_ends(state: State, at: str, running: Iterable[str]) -> list[str]:
    """What no move leaves, whatever it met: a lock, a run that has not ended, VMs elsewhere than at its target, a
    primary that is not there."""
    found = []
    for site, facts in ((key.partition(" ")[0], facts) for key, facts in state.items() if key.endswith(" facts")):
        wanted = sorted(running) if site == at else []
        role = facts["replication"]["role"]
        found += [f"{site}: its lock is held by {holder}" for holder in facts["locks held"]]
        found += [f"{site}: {run} has not ended" for run in facts["runs not ended"]]
        found += [f"{site}: {facts['running']} run, not {wanted}"] if facts["running"] != wanted else []
        found += [f"{site}: its copies are {role}"] if (role == "primary") != (site == at) else []
    return found


def _facts(world: World, site: str, cluster: Cluster) -> dict[str, Any]:
    leases = cluster.list("Lease", STORE) if _has(cluster, STORE) else []
    heads = _heads(cluster)
    bindings = cluster.call("GET", "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings")["items"]
    export = requests.get(f"{world.sites[site]['storage_url']}/v1/exports/{EXPORT}", timeout=10).json()
    return {
        "running": sorted(item["metadata"]["name"] for item in cluster.list("VirtualMachineInstance", NAMESPACE)),
        "locks held": [lease["spec"]["holderIdentity"] for lease in leases if lease["spec"].get("holderIdentity")],
        "runs not ended": [head["id"] for head in heads if head["state"] not in ("done", "rolled_back")],
        "fence debts": len([head["id"] for head in heads if head["fence_debt"]]),
        "latch": sorted(item["metadata"]["name"] for item in bindings),
        "replication": {name: export[name] for name in ("role", "health", "direction", "paused")},
    }


def _heads(cluster: Cluster) -> list[dict[str, Any]]:
    items = cluster.list("ConfigMap", STORE) if _has(cluster, STORE) else []
    return [json.loads(item["data"]["head"]) for item in items if "head" in item.get("data", {})]


def _has(cluster: Cluster, namespace: str) -> bool:
    return namespace in {item["metadata"]["name"] for item in cluster.list("Namespace")}
