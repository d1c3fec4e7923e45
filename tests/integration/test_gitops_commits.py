# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A planned move whose volumes go to the target by a commit, while Argo CD (a double), which brings the VMs, is paused.

Another controller (a double of Flux) brings the volumes. The first run is killed between its commit and that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from ansible_collections.ocpvirt.dr.tests.integration import argo_cd
from ansible_collections.ocpvirt.dr.tests.integration.argo_cd import ArgoCd, await_vms, git_of
from ansible_collections.ocpvirt.dr.tests.integration.flux import Flux, Repository, git, reconciling
from ansible_collections.ocpvirt.dr.tests.integration.moves import assert_nothing_lost, kill_when
from ansible_collections.ocpvirt.dr.tests.integration.world import World, empty_world, must, refused
from demo.cluster import wait_until
from demo.disk_watch import DiskWatch, watching
from demo.lab import Lab
from demo.observation import await_writing, running_at
from demo.playbook import Played
from demo.workload import NAMESPACE, not_ready

NAME = f"{argo_cd.NAMESPACE}/{argo_cd.NAME}"
PATHS = {"east": "east/volumes", "west": "west/volumes"}
COMMIT = "Volumes of plan payroll at west"
TO_WEST = ("-e", "dr_target=west", "-e", "metadata_timeout=120", "-e", "volumes_timeout=120")


@dataclass
class Committed:
    """before: subjects of the commits when the run was killed. dirty: check with somebody's file in the checkout."""

    world: World
    repository: Repository
    sites: dict[str, Flux]
    before: list[str]
    dirty: Played
    watch: DiskWatch
    played: Played


@pytest.fixture(scope="module")
def committed(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Committed]:
    world = empty_world(lab, tmp_path_factory.mktemp("commits"))
    repository = Repository(world.folder)
    world.document["metadata"] = {
        "source": "gitops",
        "gitops": {
            "applications": {site: [NAME] for site in world.sites},
            "volumes": {"commit": {"checkout": str(repository.checkout), "path": PATHS}},
        },
    }
    world.document["startup"]["readiness"]["timeout"] = "4m"
    world.plan_file = world.write_plan("payroll", world.document)
    world.deploy()
    for site in world.sites:
        argo_cd.install(world.cluster(site))
    argos = [ArgoCd(world.cluster(site), git_of(world, site)) for site in world.sites]
    sites = {site: Flux(repository, PATHS[site], world.cluster(site)) for site in world.sites}
    with argo_cd.syncing(*argos), reconciling(*sites.values()):
        await_vms(world, "west")
        must(world.protect())
        world.storage.await_replicated(world.sites)
        strange = repository.checkout / "notes.txt"
        strange.write_text("mine\n")
        dirty = world.check()
        strange.unlink()
        with watching(world.lab, "east") as watch:
            sites["west"].suspended = True
            kill_when(world, "relocate", lambda: COMMIT in repository.subjects(), *TO_WEST)
            before = repository.subjects()
            sites["west"].suspended = False
            played = must(world.play("relocate", *TO_WEST))
        yield Committed(world, repository, sites, before, dirty, watch, played)


@pytest.fixture(scope="module")
def committed_home(committed: Committed) -> Committed:
    world = committed.world
    with watching(world.lab, "west") as watch:
        played = must(world.play("failback", *TO_WEST[2:]))
    return Committed(world, committed.repository, committed.sites, committed.before, committed.dirty, watch, played)


def assert_runs_only_at(world: World, site: str, peer: str) -> None:
    cluster = world.cluster(site)
    wait_until(f"running VMs at {site}", 120, lambda: not_ready(cluster, world.running))
    assert (running_at(cluster), running_at(world.cluster(peer))) == (set(world.running), set())


def test_check_says_that_the_checkout_is_not_clean(committed: Committed) -> None:
    refused(committed.dirty, "CheckoutUnusable", "notes.txt")


def test_a_planned_move_by_a_commit_loses_nothing(committed: Committed) -> None:
    assert_nothing_lost(committed.watch, await_writing(committed.world.lab, committed.world.running, "west"))
    assert_runs_only_at(committed.world, "west", "east")


def test_p5_killed_after_the_commit_the_rerun_makes_no_second_one(committed: Committed) -> None:
    assert committed.before[0] == COMMIT
    assert committed.repository.subjects().count(COMMIT) == 1
    assert git(committed.repository.checkout, "status", "--porcelain") == ""


def test_p2_what_the_commit_brought_names_the_target_only(committed: Committed) -> None:
    west = committed.world.cluster("west")
    volumes = west.list("PersistentVolume")
    assert {pv["spec"]["nfs"]["server"] for pv in volumes} == {committed.world.sites["west"]["nfs_server"]}
    assert {pv["status"]["phase"] for pv in volumes} == {"Bound"}
    for item in [*volumes, *west.list("PersistentVolumeClaim", NAMESPACE)]:
        assert item["metadata"]["labels"]["dr.ocpvirt.io/committed-by-plan"] == "payroll"
        assert "flux" in {entry["manager"] for entry in item["metadata"]["managedFields"]}


def test_one_file_was_applied_for_each_claim(committed: Committed) -> None:
    names = {f"{PATHS['west']}/{NAMESPACE}.{vm.name}.yaml" for vm in committed.world.vms}
    assert committed.sites["west"].applied == names


def test_the_way_home_is_a_commit_too_over_the_volumes_that_are_there(
    committed: Committed, committed_home: Committed
) -> None:
    world = committed.world
    assert_nothing_lost(committed_home.watch, await_writing(world.lab, world.running, "east"))
    assert_runs_only_at(world, "east", "west")
    assert committed.repository.subjects()[0] == "Volumes of plan payroll at east"
    assert {pv["status"]["phase"] for pv in world.cluster("east").list("PersistentVolume")} == {"Bound"}
