# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody asks csi-addons for a second primary, and its manager makes it: what playbooks do then, with guests writing.

Each test goes on from the one before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import VOLUME_REPLICATION
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan_parser import parse_plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan.sites import open_site
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.csi_addons.status import describe, is_primary
from ansible_collections.ocpvirt.dr.tests.integration.moves import assert_nothing_lost, assert_runs_at, specs_at
from ansible_collections.ocpvirt.dr.tests.integration.world import World, empty_world, must, refused, resource_versions
from demo.cluster import wait_until
from demo.disk_watch import watching
from demo.lab import Lab
from demo.observation import await_writing, running_at
from demo.workload import NAMESPACE

WEST = ("-e", "dr_target=west")
EAST = ("-e", "dr_target=east")
PROMOTED_WITHIN = 120


@dataclass(frozen=True)
class Split:
    """The plan lives at west, and east is primary, too. specs: of the plan's VMs, at east."""

    world: World
    specs: dict[str, Any]


@pytest.fixture(scope="module")
def split(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Split]:
    world = empty_world(lab, tmp_path_factory.mktemp("split"), "csi_addons")
    world.document["startup"]["readiness"]["timeout"] = "4m"
    world.write_plan("payroll", world.document)
    try:
        world.deploy()
        specs = specs_at(world.cluster("east"))
        must(world.protect())
        world.storage.await_replicated(world.sites)
        must(world.play("relocate", *WEST))
        promote_by_hand(world, "east")
        yield Split(world, specs)
    finally:
        lab.run("reset")


def promote_by_hand(world: World, site: str) -> None:
    api = open_site(parse_plan(world.document), site)
    found = api.list(VOLUME_REPLICATION, NAMESPACE)
    assert found, f"nothing replicates at {site}"
    for item in found:
        asked = {"spec": {"replicationState": "primary"}}
        api.patch(VOLUME_REPLICATION, item["metadata"]["name"], NAMESPACE, asked)

    def others() -> list[str]:
        return [describe(item) for item in api.list(VOLUME_REPLICATION, NAMESPACE) if not is_primary(item)]

    wait_until(f"what the manager promotes at {site} by force", PROMOTED_WITHIN, others)


def test_p1_a_move_between_two_primaries_is_refused_before_anything_is_stopped(split: Split) -> None:
    world = split.world
    before = {site: resource_versions(world.cluster(site)) for site in world.sites}
    refused(world.play("relocate", *EAST), "primary at both sites", "reprotect: it keeps the data of west")
    assert "primary at west already; nothing to do" in must(world.play("relocate", *WEST)).output
    assert {site: resource_versions(world.cluster(site)) for site in world.sites} == before
    assert running_at(world.cluster("west")) == set(world.running)


def test_p3_the_remedy_keeps_what_the_survivor_has(split: Split) -> None:
    world = split.world
    must(world.play("reprotect", *WEST))
    shown = must(world.play("status")).output
    assert "lives at west" in shown
    assert "TWO PRIMARIES" not in shown
    assert running_at(world.cluster("west")) == set(world.running)


def test_p3_the_move_that_was_refused_loses_nothing_after_it(split: Split) -> None:
    world = split.world
    with watching(world.lab, "west") as watch:
        must(world.play("failback"))
    assert_nothing_lost(watch, await_writing(world.lab, world.running, "east"))
    assert_runs_at(world, "east", split.specs)
