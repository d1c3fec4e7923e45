# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is to see of a rehearsal: at its site, on the disks of both, and in its record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ansible_collections.ocpvirt.dr.tests.integration.world import World
from demo.cluster import Cluster, wait_until
from demo.observation import running_at
from demo.storages.nfs import EXPORT
from demo.workload import NAMESPACE

SPACE = "payroll-rehearsal"
COPY = f"{EXPORT}-rehearsal-payroll"
IMAGE_COPY = ".dr-copy-rehearsal-payroll"
LABEL = "rehearsal.dr.ocpvirt.io/payroll"


def spaces(cluster: Cluster) -> list[str]:
    return [
        item["metadata"]["name"]
        for item in cluster.list("Namespace")
        if LABEL in (item["metadata"].get("labels") or {})
    ]


def volumes(cluster: Cluster) -> list[dict[str, Any]]:
    return [pv for pv in cluster.list("PersistentVolume") if LABEL in (pv["metadata"].get("labels") or {})]


def policies(cluster: Cluster) -> dict[str, Any]:
    path = f"/apis/networking.k8s.io/v1/namespaces/{SPACE}/networkpolicies"
    return {item["metadata"]["name"]: item["spec"] for item in cluster.call("GET", path)["items"]}


def running(cluster: Cluster) -> set[str]:
    return {item["metadata"]["name"] for item in cluster.list("VirtualMachineInstance", SPACE)}


def disks(world: World, site: str, export: str) -> dict[str, dict[str, Any]]:
    """Volume to its records."""
    found = json.loads(world.lab.read("records", site, "--json"))["volumes"]
    return {volume["volume"]: volume for volume in found if volume["export"] == export}


def copies(world: World, site: str) -> dict[str, dict[str, Any]]:
    """By claim the records of what was made for the rehearsal."""
    return {name: volume for name, volume in _all(world, site) if _is_copy(volume)}


def originals(world: World, site: str) -> dict[str, dict[str, Any]]:
    """By claim the records of what its guest writes on; a clone of it has the same claim in its records, and fewer."""
    found = [item for item in _all(world, site) if not _is_copy(item[1])]
    return dict(sorted(found, key=lambda item: item[1]["last_n"]))


def _all(world: World, site: str) -> list[tuple[str, dict[str, Any]]]:
    """A volume that nobody wrote on has its own name."""
    found = json.loads(world.lab.read("records", site, "--json"))["volumes"]
    return [(volume["disk"] or volume["volume"], volume) for volume in found]


def _is_copy(volume: dict[str, Any]) -> bool:
    return volume["export"] == COPY or IMAGE_COPY in volume["volume"]


def await_writing_on_copies(world: World) -> dict[str, dict[str, Any]]:
    def missing() -> list[str]:
        seen = copies(world, "west")
        return [name for name in world.running if name not in seen or seen[name]["boots"][-1]["site"] != "west"]

    wait_until("guests writing on copies", 60, missing)
    return copies(world, "west")


def assert_production_untouched(world: World) -> None:
    """East's guests go on since their first boot without a gap, and what west holds of them is theirs alone."""
    assert running_at(world.cluster("east")) == set(world.running)
    assert NAMESPACE not in spaces(world.cluster("west"))
    before = originals(world, "east")
    for name in world.running:
        assert (before[name]["gaps"], before[name]["bad_checksums"]) == ([], 0), name
        assert [boot["site"] for boot in before[name]["boots"]] == ["east"], name

    def standing() -> list[str]:
        now = originals(world, "east")
        return [name for name in world.running if now[name]["last_n"] <= before[name]["last_n"]]

    wait_until("guests writing at east", 30, standing)
    for name, volume in originals(world, "west").items():
        assert {boot["site"] for boot in volume["boots"]} <= {"east"}, name


def left_of_it(world: World) -> list[str]:
    west = world.cluster("west")
    found = [*spaces(west), *(pv["metadata"]["name"] for pv in volumes(west))]
    storage = Path(world.sites["west"]["storage_root"])
    found += [path.name for path in storage.iterdir() if path.name.startswith(COPY)]
    return found + [volume["volume"] for _name, volume in _all(world, "west") if IMAGE_COPY in volume["volume"]]
