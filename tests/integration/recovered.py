# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""East is lost some time after a recovery point, and the plan starts at west from its clones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ansible_collections.ocpvirt.dr.tests.integration.two_disks import (
    DATA,
    DISKS,
    REPLICATIONS,
    RUNNING,
    TwoDisks,
    two_disks,
)
from ansible_collections.ocpvirt.dr.tests.integration.world import World, must, resource_versions
from demo.cluster import Object, wait_until
from demo.playbook import Played
from demo.workload import NAMESPACE

# that the guest writes after its disks were cloned
RECORDS = 5


@dataclass(frozen=True)
class Recovered:
    """point: the recovery point. clones: by disk the name of its clone. exports: at east, by claim where its data was.

    misspelt: a failover from a recovery point that is not there. foretold: the one in check mode, with what it wrote.
    """

    two: TwoDisks
    point: str
    clones: dict[str, str]
    exports: dict[str, str]
    misspelt: Played
    foretold: Played
    wrote_in_check_mode: set[str]
    played: Played

    def failover(self, *options: str) -> Played:
        return self.two.world.failover(*options, plan=self.two.plan())

    def await_writing(self, site: str) -> None:
        """On both disks of the VM that runs."""
        exports = self.two.exports(site)

        def idle() -> list[str]:
            written = self.two.written(site)
            return [disk for disk in (RUNNING, DATA) if written[exports[disk]]["boots"][-1]["site"] != site]

        wait_until(f"a guest writing at {site}", 120, idle)


def fail_over_to_clones(world: World, copies: Path) -> Recovered:
    with two_disks(world, copies) as two:
        plan = two.plan()
        must(world.play("protect", "-e", "dr_site=east", plan=plan))
        (point,) = {clone.recovery_point for clone in two.clones().values()}
        clones = {clone.facts.claim: clone.name for clone in two.clones().values()}
        assert set(clones) == set(DISKS)

        def behind() -> list[str]:
            last = two.records()
            return [disk for disk in (RUNNING, DATA) if last[disk] < last[clones[disk]] + RECORDS]

        wait_until("records that no clone has", 60, behind)
        world.storage.await_replicated(world.sites)
        exports = two.exports("east")
    world.lab.run("lose", "east")
    misspelt = world.failover("-e", "dr_recovery_point=misspelt", plan=plan)
    west, chosen = world.cluster("west"), ("-e", f"dr_recovery_point={point}")
    before = resource_versions(west)
    foretold = must(world.failover("--check", "-v", *chosen, plan=plan))
    wrote = resource_versions(west).items() ^ before.items()
    played = must(world.failover("-v", *chosen, plan=plan))
    return Recovered(two, point, clones, exports, misspelt, foretold, {key for key, _version in wrote}, played)


def make_ready(recovered: Recovered, site: str) -> None:
    """As docs/recovery_points.md has it for the way back: the exchanged claims go with what holds them, and no data."""
    cluster = recovered.two.world.cluster(site)
    names = [*recovered.clones, *recovered.clones.values()]
    claims = {item["metadata"]["name"]: item for item in cluster.list("PersistentVolumeClaim", NAMESPACE)}
    volumes = [claims[name]["spec"]["volumeName"] for name in names]
    assert {cluster.get("PersistentVolume", name)["spec"]["persistentVolumeReclaimPolicy"] for name in volumes} == {
        "Retain"
    }

    for name in names:
        cluster.call("DELETE", f"{REPLICATIONS}/{name}")
    wait_until(
        "the replication of the exchanged claims to end",
        120,
        lambda: _left(cluster.call("GET", REPLICATIONS)["items"], names),
    )
    for name in names:
        cluster.delete("PersistentVolumeClaim", name, NAMESPACE)
    wait_until("claims to go", 60, lambda: _left(cluster.list("PersistentVolumeClaim", NAMESPACE), names))
    for name in volumes:
        cluster.delete("PersistentVolume", name)
    wait_until("volumes to go", 60, lambda: _left(cluster.list("PersistentVolume"), volumes))


def _left(found: list[Object], names: list[str]) -> list[str]:
    return sorted({item["metadata"]["name"] for item in found} & set(names))
