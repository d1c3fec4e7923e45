# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A planned switch of RBD images, what it has to wait for, and the loss of a site."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ansible_collections.ocpvirt.dr.tests.integration.rigs.ceph_rbd import CephRbdRig
from ansible_collections.ocpvirt.dr.tests.integration.rigs.rig import roles, status
from demo.cluster import wait_until
from demo.lab import Lab

# rbd-mirror reports every half minute
NOTICED_WITHIN = 120


def switch(rig: CephRbdRig, source: str, target: str) -> None:
    # from a demoted image rbd-mirror takes nothing that it did not follow before
    await_health(rig, target, "healthy")
    rig.provider.demote(rig.group, source)
    assert rig.provider.final_sync(rig.group, source, target).holds
    rig.provider.promote(rig.group, target, forced=False)


def await_health(rig: CephRbdRig, site: str, wanted: str) -> str:
    """The message that comes with it."""

    def other() -> list[str]:
        seen = status(rig, site)
        return [] if seen.health == wanted else [f"{seen.health} {seen.message}"]

    wait_until(f"{site} to be {wanted}", NOTICED_WITHIN, other)
    return status(rig, site).message


@contextmanager
def lost_east(lab: Lab) -> Iterator[None]:
    """Its processes are killed, and started again afterwards."""
    lab.run("lose", "east")
    try:
        yield
    finally:
        lab.run("restore", "east")


def demote_east(rig: CephRbdRig) -> None:
    """After the forced promotion of west, when both sites reach each other again."""
    rig.join()
    assert roles(rig) == ("primary", "primary")
    rig.provider.demote(rig.group, "east")


@contextmanager
def removed_after(rig: CephRbdRig) -> Iterator[CephRbdRig]:
    try:
        yield rig
    finally:
        rig.join()
        rig.remove()


@contextmanager
def shared_group(rig: CephRbdRig) -> Iterator[CephRbdRig]:
    """For many tests, each of which leaves it primary at east, with west following."""
    with removed_after(rig):
        rig.provider.enable(rig.group, "east", "west")
        yield rig


def with_first_text(shared: CephRbdRig) -> CephRbdRig:
    """As each test finds it: the text is on both sides."""
    assert roles(shared) == ("primary", "secondary"), "an earlier test left it elsewhere"
    shared.write("east", "first")
    shared.await_arrived("west")
    return shared
