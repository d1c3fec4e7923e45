# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NFS servers that are reached by ssh, under guests that write to them all the time: read-only is so for a guest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import SyncProof
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan_parser import parse_plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan.groups import Groups
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.base import Provider
from ansible_collections.ocpvirt.dr.tests.integration.rigs.nfs_ssh_world import last_records, writing_world
from ansible_collections.ocpvirt.dr.tests.integration.world import World
from demo.cluster import wait_until
from demo.lab import Lab
from demo.workload import not_ready

NOTICED_WITHIN = 60


@dataclass
class Writing:
    """The workload runs at east, protected and replicated once."""

    world: World
    provider: Provider
    group: Group

    def records(self, site: str) -> dict[str, int]:
        return last_records(self.world, site)

    def await_ready(self, ready: bool) -> None:
        def others() -> list[str]:
            silent = not_ready(self.world.cluster("east"), self.world.running)
            return silent if ready else sorted(set(self.world.running) - set(silent))

        wait_until(f"guests {'writing' if ready else 'that cannot write'}", NOTICED_WITHIN, others)


@pytest.fixture(scope="module")
def writing(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Writing]:
    with writing_world(lab, tmp_path_factory.mktemp("guests")) as world:
        plan = parse_plan(world.document)
        yield Writing(world, Groups(plan).provider(plan.groups[0]), plan.groups[0])


@dataclass
class Stopped:
    """East was demoted under its guests. at_demotion: their records the moment after."""

    at_demotion: dict[str, int]
    at_last: dict[str, int]
    proof: SyncProof
    at_west: dict[str, int]


@pytest.fixture(scope="module")
def stopped(writing: Writing) -> Stopped:
    writing.provider.demote(writing.group, "east")
    at_demotion = writing.records("east")
    writing.await_ready(False)
    proof = writing.provider.final_sync(writing.group, "east", "west")
    return Stopped(at_demotion, writing.records("east"), proof, writing.records("west"))


def test_p3_no_guest_writes_to_a_demoted_export_although_its_vm_runs(stopped: Stopped) -> None:
    assert stopped.at_last == stopped.at_demotion
    assert all(stopped.at_demotion.values())


def test_p3_the_final_sync_proves_every_record_of_guests_that_were_never_stopped(stopped: Stopped) -> None:
    assert stopped.proof.holds
    assert stopped.at_west == stopped.at_demotion


def test_guests_write_on_after_the_source_is_promoted_again(writing: Writing, stopped: Stopped) -> None:
    assert writing.provider.promote(writing.group, "east", forced=False)
    writing.await_ready(True)
    after = writing.records("east")
    assert all(after[name] > number for name, number in stopped.at_last.items())
    disks = writing.world.lab.records("east")
    assert {(*disks[name]["gaps"], disks[name]["bad_checksums"]) for name in writing.world.running} == {(0,)}
