"""Stages of the lab that LAB_NAME names; dev/integration brings it up and takes it down.

Setting a stage up takes a minute or more, so tests share them. Every stage goes on from the one before it, and the
tests run in the order of the stages, not of the files: a test may write only what the later tests of its stage don't
look at.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from ansible_collections.ocpvirt.dr.tests.integration import (
    answering as answering_vms,
)
from ansible_collections.ocpvirt.dr.tests.integration import (
    captures,
    completeness,
    exports,
    killed_run,
    leftovers,
    unprotecting,
)
from ansible_collections.ocpvirt.dr.tests.integration.answering import Answering
from ansible_collections.ocpvirt.dr.tests.integration.captures import Decided, LastMinutes
from ansible_collections.ocpvirt.dr.tests.integration.completeness import Complete
from ansible_collections.ocpvirt.dr.tests.integration.exports import Exported
from ansible_collections.ocpvirt.dr.tests.integration.fleet import Fleet, deploy_fleet
from ansible_collections.ocpvirt.dr.tests.integration.killed_run import KilledRun
from ansible_collections.ocpvirt.dr.tests.integration.leftovers import LeftBehind
from ansible_collections.ocpvirt.dr.tests.integration.recovered import Recovered, fail_over_to_clones
from ansible_collections.ocpvirt.dr.tests.integration.silent_source import Moved, fail_over_from_silence
from ansible_collections.ocpvirt.dr.tests.integration.two_disks import TwoDisks, two_disks
from ansible_collections.ocpvirt.dr.tests.integration.unprotecting import Unprotected
from ansible_collections.ocpvirt.dr.tests.integration.world import (
    World,
    empty_world,
    must,
    resource_versions,
)
from demo.cluster import wait_until
from demo.lab import Lab
from demo.playbook import Played

STAGES = (
    "deployed",
    "unprotected",
    "protected",
    "bereft",
    "decided",
    "half_started",
    "lost",
    "left_behind",
    "moved_from_silence",
    "moved",
    "without_apis",
    "answering",
    "exported",
    "complete",
    "brought",
    "brought_right",
    "synced",
    "synced_away",
    "synced_home",
    "settled",
    "application",
    "cloned",
    "recovered",
    "fleet",
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    def stage(item: pytest.Item) -> int:
        return max((STAGES.index(name) for name in item.fixturenames if name in STAGES), default=-1)

    items.sort(key=stage)
    elsewhere = [item for item in items if _is_of_another_storage(item)]
    config.hook.pytest_deselected(items=elsewhere)
    items[:] = [item for item in items if item not in elsewhere]


def _is_of_another_storage(item: pytest.Item) -> bool:
    """A test marked with a storage is not repeated for others: it is about steps that know no storage."""
    mark = item.get_closest_marker("storage")
    return mark is not None and not set(mark.args) & set(item.callspec.params.values())


@pytest.fixture(scope="session")
def lab() -> Lab:
    return Lab(os.environ["LAB_NAME"])


@pytest.fixture(scope="session")
def deployed(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The workload runs at east on volumes that are deleted with their claims, beside a VM that no plan selects."""
    world = empty_world(lab, tmp_path_factory.mktemp("faults"))
    world.deploy(reclaim="Delete")
    world.deploy_bystander()
    return world


@pytest.fixture(scope="session")
def first_check(deployed: World) -> Played:
    """What `check` says before `protect`."""
    return deployed.check()


@pytest.fixture(scope="session")
def unprotected(deployed: World, first_check: Played) -> Unprotected:
    """Protected, and all of that taken back again. Captures stay, so what wants to see none comes first."""
    return unprotecting.protect_and_unprotect(deployed)


@pytest.fixture(scope="session")
def protected(unprotected: Unprotected) -> World:
    """For the second time: everything that follows builds on protection that was taken back once."""
    must(unprotected.world.protect())
    unprotected.world.storage.await_replicated(unprotected.world.sites)
    return unprotected.world


@pytest.fixture(scope="session")
def bereft(protected: World) -> LastMinutes:
    """East is lost moments after three more backups, of which west knows nothing yet."""
    return captures.lose_east_after_backups(protected)


@pytest.fixture(scope="session")
def decided(bereft: LastMinutes) -> Decided:
    """A failover in check mode, at once after the loss, and one of a plan that no backup was ever taken of."""
    world = bereft.world
    west = world.cluster("west")
    document = world.changed_plan()
    document["name"] = "payslip"
    payslip = world.write_plan("payslip", document)
    before = resource_versions(west)
    # both wait until Velero has read the object store
    with ThreadPoolExecutor(2) as pool:
        plays = [pool.submit(world.failover, "--check", "-v", plan=plan) for plan in (world.plan_file, payslip)]
        played, never_captured = (play.result() for play in plays)
    return Decided(bereft, must(played), never_captured, before, resource_versions(west))


@pytest.fixture(scope="session")
def half_started(bereft: LastMinutes) -> KilledRun:
    """ansible-playbook was killed while VMs started at west, one of which can't open its disk."""
    return killed_run.kill_during_start(bereft.world, "web-0")


@pytest.fixture(scope="session")
def lost(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A world without faults whose east is lost."""
    world = empty_world(lab, tmp_path_factory.mktemp("failover"))
    world.deploy()
    must(world.protect())
    world.storage.await_replicated(world.sites)
    lab.run("lose", "east")
    return world


@pytest.fixture(scope="session")
def left_behind(lost: World) -> LeftBehind:
    """West has volumes of two of the names: a Released one with the plan's data, and one with other data."""
    return leftovers.leave_volumes_at_west(lost, released="web-0", other="web-1")


@pytest.fixture(scope="session")
def moved_from_silence(left_behind: LeftBehind) -> Moved:
    """After a failover that nothing disturbs but a Released volume, and a source that lets everybody wait."""
    left_behind.remove_other()
    return fail_over_from_silence(left_behind.world)


@pytest.fixture(scope="session")
def moved(moved_from_silence: Moved) -> World:
    return moved_from_silence.world


@pytest.fixture(scope="session")
def without_apis(moved: World) -> World:
    """The CRDs of VMs and Backups are gone from west, and with them all of these; only a reset brings them back."""
    west = moved.cluster("west")
    crds = {"virtualmachines.kubevirt.io", "backups.velero.io"}
    for name in crds:
        west.delete("CustomResourceDefinition", name)

    def left() -> list[str]:
        return sorted(crds & {item["metadata"]["name"] for item in west.list("CustomResourceDefinition")})

    wait_until("the CRDs to go", 120, left)
    return moved


@pytest.fixture(scope="session")
def answering(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Answering:
    """After a failover that one VM did not survive for want of a node, and another for want of an answer."""
    return answering_vms.fail_over_with_silent_vms(empty_world(lab, tmp_path_factory.mktemp("answering")))


@pytest.fixture(scope="session")
def exported(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """East is lost after captures to a directory and to S3."""
    return exports.lose_east_after_exports(empty_world(lab, tmp_path_factory.mktemp("export")))


@pytest.fixture(scope="session", params=completeness.worlds(os.environ.get("LAB_STORAGES", "nfs")), ids="-".join)
def complete(request: pytest.FixtureRequest, lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Complete:
    """Captured with an object of every kind that belongs to a VM, and moved to west after the loss of east."""
    source, *storages = request.param
    return completeness.capture_everything(
        empty_world(lab, tmp_path_factory.mktemp("complete")), source, tuple(storages)
    )


@pytest.fixture(scope="module")
def cloned(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoDisks]:
    """Two VMs at east, one of them running with two disks, on a storage that snapshots; protected once."""
    world = empty_world(lab, tmp_path_factory.mktemp("cloned"), "csi_addons")
    with two_disks(world, tmp_path_factory.mktemp("copies")) as found:
        yield found
    lab.run("reset")


@pytest.fixture(scope="module")
def recovered(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recovered]:
    """The same VMs at west, after the loss of east, from the clones of an hour that was still good."""
    world = empty_world(lab, tmp_path_factory.mktemp("recovered"), "csi_addons")
    yield fail_over_to_clones(world, tmp_path_factory.mktemp("copies"))
    lab.run("reset")


@pytest.fixture(scope="session")
def fleet(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Fleet:
    """Thirty VMs at east, all off; each test starts them anew."""
    return deploy_fleet(empty_world(lab, tmp_path_factory.mktemp("fleet")))
