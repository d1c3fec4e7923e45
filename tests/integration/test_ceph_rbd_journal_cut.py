# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Provider ceph_rbd in journal mode, where the link is cut in the middle of a replay."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import TerminalState, Timeout
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ceph_rbd import switch as ceph_rbd_switch
from ansible_collections.ocpvirt.dr.tests.integration.rigs.ceph_rbd import CephRbdRig
from ansible_collections.ocpvirt.dr.tests.integration.rigs.ceph_switches import (
    await_health,
    demote_east,
    removed_after,
)
from ansible_collections.ocpvirt.dr.tests.integration.rigs.rig import roles
from demo.lab import Lab

# MiB; more than is copied or replayed before the link can be cut
LARGE = 512
CAUGHT_WITHIN = 60
STALL = 20.0
# a position tells the newest entry of each object that a journal is spread over
ENTRIES = 8
# numbers of the MiB of a filled image whose beginning has arrived, and of those whose end has
ARRIVED = """
import json, rados, rbd
cluster = rados.Rados(conffile=""); cluster.connect()
with rbd.Image(cluster.open_ioctx({pool!r}), {image!r}, read_only=True) as image:
    ends = [[image.read((number << 20) + at, 8).strip(b"\\0") for at in (0, (1 << 20) - 8)]
            for number in range(1, image.size() >> 20)]
print(json.dumps([[number for number, both in enumerate(ends, 1) if both[end]] for end in (0, 1)]))
"""


@pytest.fixture
def rig(lab: Lab) -> Iterator[CephRbdRig]:
    """An image that is not mirrored yet."""
    with removed_after(CephRbdRig(lab, images=1, mode="journal", size=LARGE)) as rig:
        yield rig


@pytest.fixture
def following(rig: CephRbdRig) -> CephRbdRig:
    rig.provider.enable(rig.group, "east", "west")
    await_health(rig, "west", "healthy")
    return rig


def arrived(rig: CephRbdRig, site: str) -> tuple[list[int], list[int]]:
    begun, ended = json.loads(rig.python(site, ARRIVED.format(pool=rig.pool, image=rig.images[0])))
    return begun, ended


def reached(what: Callable[[], bool]) -> bool:
    """Without a pause between two looks: the moment is short."""
    until = time.monotonic() + CAUGHT_WITHIN
    while not what():
        if time.monotonic() > until:
            return False
    return True


def cut_in_the_middle(rig: CephRbdRig, begin: Callable[[], object], begun: Callable[[], bool]) -> None:
    """Of what reaches west. begin: returns when all is written, or the copy is there."""
    with ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(begin)
        assert reached(begun)
        rig.cut()
        under_way.result()


def fill_and_cut(rig: CephRbdRig) -> None:
    cut_in_the_middle(rig, lambda: rig.fill("east", LARGE), lambda: bool(arrived(rig, "west")[0]))


def test_p4_a_replay_that_is_cut_in_the_middle_leaves_the_first_writes_without_a_gap(following: CephRbdRig) -> None:
    fill_and_cut(following)
    provider, group = following.without_answer("east")
    assert provider.promote(group, "west", forced=True) is True
    begun, ended = arrived(following, "west")
    print(f"arrived: {len(begun)} of {LARGE - 1} MiB")
    assert begun == list(range(1, len(begun) + 1))
    assert len(begun) - 1 <= len(ended) <= len(begun) < LARGE - 1
    assert ended == begun[: len(ended)]
    demote_east(following)
    following.provider.resync(following.group, "east")
    assert arrived(following, "east") == (begun, ended)


def write_anew(rig: CephRbdRig) -> None:
    """As a VM that was started again: what it writes stands behind another tag of the journal. One entry for each."""
    for number in range(ENTRIES):
        rig.write("east", f"started again {number}", number * 4096)


def lacks(rig: CephRbdRig) -> int:
    """MiB that never arrived at west."""
    return LARGE - 1 - len(arrived(rig, "west")[1])


def test_p3_a_demotion_waits_until_the_peer_has_replayed_all(following: CephRbdRig) -> None:
    fill_and_cut(following)
    with pytest.raises(Timeout, match="standstill: 1 of 1 images have not all of east's data"):
        following.provider.drain_all([following.group], "east")
    following.join()
    following.provider.drain_all([following.group], "east")
    following.provider.demote(following.group, "east")
    proof = following.provider.final_sync(following.group, "east", "west")
    assert (proof.holds, lacks(following)) == (True, 0)


def test_p3_a_final_sync_that_is_cut_in_the_middle_is_no_proof(
    following: CephRbdRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_and_cut(following)
    following.provider.demote(following.group, "east")
    # joined, 16.2.15 jumps over what has not arrived to the demotion: only older positions show it
    with monkeypatch.context() as hurried:
        hurried.setattr(ceph_rbd_switch, "STALL_TIMEOUT", STALL)
        with pytest.raises(Timeout, match=r"standstill: 1 of 1 images have not all of east's data: .*tag \d+ entry"):
            following.provider.promote(following.group, "west", forced=False)
    assert roles(following) == ("secondary", "secondary")
    print(f"never arrived: {lacks(following)} of {LARGE - 1} MiB")


def test_p3_a_replay_that_goes_on_behind_a_gap_is_proven_only_if_nothing_is_missing(following: CephRbdRig) -> None:
    """16.2.15 leaves a gap at times, by when in a round of rbd-mirror the link is cut; no position shows it."""
    fill_and_cut(following)
    write_anew(following)
    following.join()
    await_health(following, "west", "healthy")
    following.await_arrived("west")
    following.provider.drain_all([following.group], "east")
    following.provider.demote(following.group, "east")
    assert following.provider.final_sync(following.group_with(proof="positions"), "east", "west").holds
    missing = lacks(following)
    print(f"proven by positions, never arrived: {missing} of {LARGE - 1} MiB")
    refusal = pytest.raises(TerminalState, match="1 of 1 images do not hold east's data")
    with refusal if missing else nullcontext():
        following.provider.final_sync(following.group, "east", "west")
