# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract that every provider of the registry keeps, on real storage: each verb, twice, refused, and undone.

LAB_STORAGES names the products that the lab was started for, with commas between; nfs by default.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import DrError, Unsupported
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.replication.taking_back import take_back
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.registry import PROVIDERS
from ansible_collections.ocpvirt.dr.tests.integration.rigs.ceph_rbd import CephRbdRig
from ansible_collections.ocpvirt.dr.tests.integration.rigs.csi_addons import CsiAddonsRig
from ansible_collections.ocpvirt.dr.tests.integration.rigs.csi_addons_ceph import CsiAddonsCephRig
from ansible_collections.ocpvirt.dr.tests.integration.rigs.custom import CustomRig
from ansible_collections.ocpvirt.dr.tests.integration.rigs.dell_csm import DellCsmRig
from ansible_collections.ocpvirt.dr.tests.integration.rigs.hitachi import HitachiRig
from ansible_collections.ocpvirt.dr.tests.integration.rigs.ibm import IbmRig
from ansible_collections.ocpvirt.dr.tests.integration.rigs.kept import KeptRig
from ansible_collections.ocpvirt.dr.tests.integration.rigs.nfs import NfsRig
from ansible_collections.ocpvirt.dr.tests.integration.rigs.nfs_ssh import NfsSshRig
from ansible_collections.ocpvirt.dr.tests.integration.rigs.portworx import PortworxRig
from ansible_collections.ocpvirt.dr.tests.integration.rigs.ramen import RamenRig
from ansible_collections.ocpvirt.dr.tests.integration.rigs.rig import Rig, roles, status
from ansible_collections.ocpvirt.dr.tests.integration.rigs.trident import TridentRig
from ansible_collections.ocpvirt.dr.tests.integration.rigs.volsync import VolsyncRig
from demo.cluster import wait_until
from demo.lab import Lab

RIGS: dict[str, Callable[[Lab], Rig]] = {
    "ceph_rbd": CephRbdRig,
    "csi_addons": CsiAddonsRig,
    "dell_csm": DellCsmRig,
    "hitachi": HitachiRig,
    "ibm": IbmRig,
    "nfs": NfsRig,
    "portworx": PortworxRig,
    "custom": CustomRig,
    "ramen": RamenRig,
    "volsync": VolsyncRig,
    "trident": TridentRig,
}
# whose verbs are playbooks, which other tests run on files: the lab has no array
BY_TASK_FILES = {"array", "tasks"}
# which has no verb that the lab could show
ONLY_SEEN = {"hpe"}
# a provider of the registry on other storage, in another mode, or commanded in another way
VARIANTS: dict[str, Callable[[Lab], Rig]] = {
    "ceph_rbd_journal": partial(CephRbdRig, mode="journal"),
    "csi_addons_ceph": CsiAddonsCephRig,
    "csi_addons_group": partial(CsiAddonsRig, per="group"),
    "nfs_ssh": NfsSshRig,
}
# of a product that does not answer, for one group
SILENT_WITHIN = 20
NOTICED_WITHIN = 90


def test_every_provider_of_the_registry_has_a_rig() -> None:
    assert RIGS.keys() == PROVIDERS.keys() - BY_TASK_FILES - ONLY_SEEN


@pytest.fixture(scope="module", params=os.environ.get("LAB_STORAGES", "nfs").split(","))
def kept(request: pytest.FixtureRequest, lab: Lab) -> Iterator[KeptRig]:
    rigs = KeptRig(lambda: (RIGS | VARIANTS)[request.param](lab))
    try:
        yield rigs
    finally:
        rigs.remove()


@pytest.fixture
def rig(kept: KeptRig) -> Rig:
    """A group that replicates from east to west, with a first text on it."""
    return kept.fresh()


def await_health(rig: Rig, site: str, *wanted: str) -> None:
    def other() -> list[str]:
        seen = status(rig, site)
        return [] if seen.health in wanted else [f"{seen.health} {seen.message}"]

    wait_until(f"{site} to be {' or '.join(wanted)}", NOTICED_WITHIN, other)


def demoted(rig: Rig) -> tuple[str, str]:
    """Roles of east and west when east is demoted and west is not promoted yet."""
    return ("secondary", "primary" if rig.provider.capabilities.atomic_switch else "secondary")


def switch(rig: Rig, source: str, target: str) -> None:
    rig.provider.demote(rig.group, source)
    assert rig.provider.final_sync(rig.group, source, target).holds
    rig.provider.promote(rig.group, target, forced=False)


def test_enabling_twice_changes_nothing(rig: Rig) -> None:
    assert rig.provider.enable(rig.group, "east", "west") is False
    assert roles(rig) == ("primary", "secondary")


def test_many_groups_are_answered_as_one_is(rig: Rig) -> None:
    for site in ("east", "west"):
        (seen,) = rig.provider.observe_all([rig.group], site)
        alone = status(rig, site)
        assert (seen.role, seen.health, seen.direction) == (alone.role, alone.health, alone.direction)
    assert (status(rig, "east").direction, status(rig, "west").direction) == ("outgoing", "incoming")


def test_p3_a_planned_promotion_is_refused_before_the_source_is_demoted(rig: Rig) -> None:
    with pytest.raises(DrError):
        rig.provider.promote(rig.group, "west", forced=False)
    assert roles(rig) == ("primary", "secondary")


def test_p3_a_proof_is_refused_while_the_source_can_still_be_written(rig: Rig) -> None:
    with pytest.raises(DrError):
        rig.provider.final_sync(rig.group, "east", "west")
    assert roles(rig) == ("primary", "secondary")


def test_p3_a_planned_switch_loses_nothing_there_and_back(rig: Rig) -> None:
    for source, target in (("east", "west"), ("west", "east")):
        # what a plan waits for too: rbd-mirror takes nothing from a demoted image that it had not followed yet
        await_health(rig, target, "healthy")
        rig.write(source, f"last words of {source}")
        assert rig.provider.demote(rig.group, source) is True
        assert rig.provider.demote(rig.group, source) is False
        proof = rig.provider.final_sync(rig.group, source, target)
        assert proof.holds
        assert proof.compared
        assert status(rig, source).sync_proof
        changed = rig.provider.promote(rig.group, target, forced=False)
        assert changed is True or rig.provider.capabilities.atomic_switch
        assert rig.provider.promote(rig.group, target, forced=False) is False
        assert status(rig, target).role == "primary"
        assert status(rig, source).role == "secondary"
        assert rig.read(target) == f"last words of {source}"


def test_p3_a_source_without_proof_is_promoted_again(rig: Rig) -> None:
    rig.provider.demote(rig.group, "east")
    take_back(rig.provider, rig.group, "east", "west", forced=False)
    assert roles(rig) == ("primary", "secondary")


def test_p1_a_promotion_without_the_word_of_the_peer_is_refused_and_changes_nothing(rig: Rig) -> None:
    provider, group = rig.without_answer("east")
    rig.cut()
    with pytest.raises(DrError):
        provider.promote(group, "west", forced=False)
    rig.join()
    assert roles(rig) == ("primary", "secondary")


def test_p1_a_forced_switch_loses_what_had_not_arrived_and_a_resync_ends_it(rig: Rig) -> None:
    rig.write("east", "arrived")
    rig.await_arrived("west")
    rig.cut()
    rig.write("east", "too late")
    provider, group = rig.without_answer("east")
    assert provider.promote(group, "west", forced=True) is True
    assert provider.promote(group, "west", forced=True) is False
    assert rig.read("west") == "arrived"
    rig.join()
    assert roles(rig) == ("primary", "primary")

    assert rig.provider.demote(rig.group, "east") is not rig.provider.capabilities.atomic_switch
    rig.provider.resync(rig.group, "east")
    assert roles(rig) == ("secondary", "primary")
    await_health(rig, "east", "healthy")
    assert rig.provider.resync(rig.group, "east") is False
    switch(rig, "west", "east")
    assert (rig.read("east"), roles(rig)) == ("arrived", ("primary", "secondary"))


def test_p1_a_healthy_primary_is_never_resynchronised(rig: Rig) -> None:
    with pytest.raises(DrError):
        rig.provider.resync(rig.group, "east")
    assert (rig.read("east"), roles(rig)) == ("first", ("primary", "secondary"))


def test_p4_a_site_that_does_not_answer_is_a_status_in_time(rig: Rig) -> None:
    provider, group = rig.without_answer("west")
    began = time.monotonic()
    seen = provider.observe(group, "west")
    assert time.monotonic() - began < SILENT_WITHIN
    assert (seen.reachable, seen.role) == (False, "unknown")
    assert seen.message


def test_p4_a_sync_whose_way_is_cut_is_no_proof(rig: Rig) -> None:
    rig.write("east", "unproven")
    rig.cut()
    provider, group = rig.impatient()
    if provider.capabilities.atomic_switch:
        unproven = partial(provider.demote, group, "east")
    else:
        rig.provider.demote(rig.group, "east")
        unproven = partial(provider.final_sync, group, "east", "west")
    with pytest.raises(DrError):
        unproven()
    assert status(rig, "west").role == "secondary"
    rig.join()
    switch(rig, "east", "west")
    assert rig.read("west") == "unproven"


def test_p4_a_resync_that_cannot_converge_ends_with_the_last_state(rig: Rig) -> None:
    rig.cut()
    provider, group = rig.without_answer("east")
    provider.promote(group, "west", forced=True)
    rig.provider.demote(rig.group, "east")
    provider, group = rig.impatient()
    with pytest.raises(DrError) as error:
        provider.resync(group, "east")
    assert error.value.seen
    assert roles(rig)[0] != "primary" or provider.capabilities.atomic_switch
    rig.join()
    rig.provider.resync(rig.group, "east")
    assert roles(rig) == ("secondary", "primary")


def test_p5_a_switch_that_was_killed_after_the_demotion_is_completed(rig: Rig) -> None:
    """Another process finds the source secondary, and what the killed one had proven is proven again."""
    rig.write("east", "before the kill")

    def demote_and_die() -> None:
        rig.provider.demote(rig.group, "east")
        os.kill(os.getpid(), signal.SIGKILL)

    child = multiprocessing.get_context("fork").Process(target=demote_and_die)
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    wait_until("the end of the demotion", NOTICED_WITHIN, lambda: [] if roles(rig) == demoted(rig) else [roles(rig)])
    switch(rig, "east", "west")
    assert (roles(rig), rig.read("west")) == (("secondary", "primary"), "before the kill")


def test_p5_a_server_that_is_killed_and_restarts_under_a_promotion_is_waited_for(rig: Rig, lab: Lab) -> None:
    rig.provider.demote(rig.group, "east")
    assert rig.provider.final_sync(rig.group, "east", "west").holds
    lab.kill("west", rig.server)
    with ThreadPoolExecutor(1) as pool:
        promoted = pool.submit(rig.provider.promote, rig.group, "west", False)
        lab.run("up")
        assert promoted.result() is True or rig.provider.capabilities.atomic_switch
    assert roles(rig) == ("secondary", "primary")


def test_a_fence_is_proven_and_undone(rig: Rig) -> None:
    if not rig.provider.capabilities.fencing:
        with pytest.raises(Unsupported):
            rig.provider.fence(rig.group, "west", "east")
        return
    assert rig.provider.fence(rig.group, "west", "east").evidence
    assert rig.provider.fence(rig.group, "west", "east").evidence
    rig.provider.unfence(rig.group, "west", "east")
    assert rig.provider.unfence(rig.group, "west", "east") is False
    rig.write("east", "after the fence")
    rig.await_arrived("west")


def test_p8_the_end_of_replication_keeps_the_data(rig: Rig) -> None:
    assert rig.provider.enabled(rig.group, "east") is True
    assert rig.provider.disable(rig.group, "east") is True
    assert rig.provider.enabled(rig.group, "east") is False
    assert rig.provider.disable(rig.group, "east") is False
    assert rig.read("east") == "first"
