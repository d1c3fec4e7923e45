# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A planned move of VMs that Git owns at both sites, there and back, while Argo CD (a double) syncs and heals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.tests.integration import argo_cd
from ansible_collections.ocpvirt.dr.tests.integration.argo_cd import ArgoCd, await_vms, git_of
from ansible_collections.ocpvirt.dr.tests.integration.moves import assert_nothing_lost
from ansible_collections.ocpvirt.dr.tests.integration.world import World, empty_world, must, refused
from demo.cluster import wait_until
from demo.disk_watch import DiskWatch, watching
from demo.lab import Lab
from demo.observation import await_writing, running_at
from demo.playbook import Played
from demo.workload import NAMESPACE, not_ready

PAUSED = "dr.ocpvirt.io/paused-sync"
NAME = f"{argo_cd.NAMESPACE}/{argo_cd.NAME}"


@dataclass
class Synced:
    """Both sites hold what Git says; at west all VMs are halted. before: the Application of each site."""

    world: World
    sites: dict[str, ArgoCd]
    before: dict[str, dict[str, Any]]
    blocked: Played


@dataclass
class Moved:
    watch: DiskWatch
    played: Played
    after: dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def synced(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Synced]:
    world = empty_world(lab, tmp_path_factory.mktemp("gitops"))
    world.document["metadata"] = {
        "source": "gitops",
        "gitops": {"applications": {site: [NAME] for site in world.sites}},
    }
    world.document["startup"]["readiness"]["timeout"] = "4m"
    world.plan_file = world.write_plan("payroll", world.document)
    world.deploy()
    sites = {site: ArgoCd(world.cluster(site), git_of(world, site)) for site in world.sites}
    argo_cd.install(world.cluster("east"))
    argo_cd.install(world.cluster("west"), ignoring=False)
    with argo_cd.syncing(*sites.values()):
        await_vms(world, "west")
        must(world.protect())
        world.storage.await_replicated(world.sites)
        blocked = world.check()
        argo_cd.ignore(world.cluster("west"))
        yield Synced(world, sites, {site: argo.application["spec"] for site, argo in sites.items()}, blocked)


@pytest.fixture(scope="module")
def synced_away(synced: Synced) -> Moved:
    return move(synced, "relocate", "-e", "dr_target=west")


@pytest.fixture(scope="module")
def synced_home(synced: Synced, synced_away: Moved) -> Moved:
    return move(synced, "failback")


def move(synced: Synced, playbook: str, *options: str) -> Moved:
    source, target = ("east", "west") if playbook == "relocate" else ("west", "east")
    world = synced.world
    with watching(world.lab, source) as watch:
        played = must(world.play(playbook, "-e", "metadata_timeout=120", *options))
    return Moved(watch, played, await_writing(world.lab, world.running, target))


def assert_runs_only_at(world: World, site: str, peer: str) -> None:
    cluster = world.cluster(site)
    wait_until(f"running VMs at {site}", 120, lambda: not_ready(cluster, world.running))
    assert running_at(cluster) == set(world.running)
    assert running_at(world.cluster(peer)) == set()


def test_check_says_that_git_would_stop_what_runs(synced: Synced) -> None:
    refused(synced.blocked, "GitSetsPower", "west", "RespectIgnoreDifferences=true")


def test_a_planned_move_loses_nothing_and_git_stops_nothing(synced: Synced, synced_away: Moved) -> None:
    assert_nothing_lost(synced_away.watch, synced_away.after)
    assert_runs_only_at(synced.world, "west", "east")


def test_the_sync_is_given_back_where_the_plan_runs_and_stays_paused_where_it_was(
    synced: Synced, synced_away: Moved
) -> None:
    assert synced.sites["west"].application["spec"] == synced.before["west"]
    assert synced.sites["east"].automated is None
    assert PAUSED in synced.sites["east"].application["metadata"]["annotations"]
    assert f"west: Application/{NAME} is given back as it was" in synced_away.played.output


def test_p2_volumes_are_ours_and_argo_cd_does_not_prune_them(synced: Synced, synced_away: Moved) -> None:
    west = synced.world.cluster("west")
    foreign = synced.world.sites["east"]["nfs_server"]
    for item in [*west.list("PersistentVolume"), *west.list("PersistentVolumeClaim", NAMESPACE)]:
        assert foreign not in str(item["spec"])
        assert item["metadata"]["annotations"]["argocd.argoproj.io/sync-options"] == "Prune=false,Delete=false"


def test_the_way_home_ends_with_every_application_as_it_was(synced: Synced, synced_home: Moved) -> None:
    assert_nothing_lost(synced_home.watch, synced_home.after)
    assert_runs_only_at(synced.world, "east", "west")
    assert synced.sites["east"].application["spec"] == synced.before["east"]
    assert PAUSED not in (synced.sites["east"].application["metadata"].get("annotations") or {})
    assert synced.sites["west"].automated is None
