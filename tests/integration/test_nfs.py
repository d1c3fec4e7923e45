# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Provider nfs over the replication API of the lab's servers: what only it can meet, beside the contract."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import DrError
from ansible_collections.ocpvirt.dr.tests.integration.rigs.kept import KeptRig
from ansible_collections.ocpvirt.dr.tests.integration.rigs.nfs import NfsRig
from ansible_collections.ocpvirt.dr.tests.integration.rigs.rig import roles, status
from demo.cluster import wait_until
from demo.lab import Lab

NOTICED_WITHIN = 60


@pytest.fixture
def rig(lab: Lab) -> Iterator[NfsRig]:
    kept = KeptRig(lambda: NfsRig(lab))
    try:
        yield kept.fresh()
    finally:
        kept.remove()


def test_a_storage_server_that_restarts_in_the_middle_is_waited_for(rig: NfsRig, lab: Lab) -> None:
    rig.provider.demote(rig.group, "east")
    assert rig.provider.final_sync(rig.group, "east", "west").holds
    lab.kill("west", "storage")
    with ThreadPoolExecutor(1) as pool:
        promoted = pool.submit(rig.provider.promote, rig.group, "west", False)
        lab.run("up")
        assert promoted.result() is True
    assert roles(rig) == ("secondary", "primary")


def test_p1_two_primaries_are_named_and_end_only_by_a_resync(rig: NfsRig) -> None:
    rig.cut()
    provider, group = rig.without_answer("east")
    provider.promote(group, "west", forced=True)
    rig.join()
    assert roles(rig) == ("primary", "primary")
    with pytest.raises(DrError, match="primary"):
        rig.provider.final_sync(rig.group, "east", "west")
    rig.provider.demote(rig.group, "east")

    def unnoticed() -> list[str]:
        seen = status(rig, "east")
        return [] if seen.health == "diverged" else [f"{seen.health} {seen.message}"]

    wait_until("east to see that the copies diverged", NOTICED_WITHIN, unnoticed)
    with pytest.raises(DrError, match=r"diverged|resync"):
        rig.provider.promote(rig.group, "east", forced=False)
    rig.provider.resync(rig.group, "east")
    assert (status(rig, "east").health, roles(rig)) == ("healthy", ("secondary", "primary"))


def test_p5_a_switch_that_was_killed_between_demotion_and_promotion_is_completed(rig: NfsRig) -> None:
    """Nothing is kept in the process that was killed: another one finds both sides secondary and goes on."""
    rig.provider.demote(rig.group, "east")
    assert roles(rig) == ("secondary", "secondary")
    assert rig.provider.demote(rig.group, "east") is False
    assert rig.provider.final_sync(rig.group, "east", "west").holds
    assert rig.provider.promote(rig.group, "west", forced=False) is True
    assert rig.read("west") == "first"
