# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies for a rehearsal on the lab's two Ceph clusters, while rbd-mirror goes on to write to what is copied."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.base import Clones
from ansible_collections.ocpvirt.dr.tests.integration.rigs.ceph_rbd import CephRbdRig
from ansible_collections.ocpvirt.dr.tests.integration.rigs.rig import roles, status
from demo.cluster import wait_until
from demo.lab import Lab

NAME = "rehearsal-contract"
NOTICED_WITHIN = 120
CAUGHT_WITHIN = 10
# MiB; more than is copied before the link can be cut, or a process killed
LARGE = 512
CUTS = 5
COUNTED_WITHIN = 900
# the same number in eight places, and a mirror snapshot; then the next number, until somebody says `stop`
COUNT = """
import itertools, os, time, rados, rbd
cluster = rados.Rados(conffile=""); cluster.connect()
with rbd.Image(cluster.open_ioctx({pool!r}), {image!r}) as image:
    for start in range(0, image.size(), 4 << 20):
        image.write(os.urandom(4 << 20), start)
    for number in itertools.count():
        for start in range(0, image.size(), image.size() // 8):
            image.write(b"%08d" % number, start)
        image.flush()
        image.mirror_image_create_snapshot()
        print(number, flush=True)
        time.sleep({pause})
        if "stop" in dict(image.metadata_list()):
            break
"""
NUMBERS = """
import json, rados, rbd
cluster = rados.Rados(conffile=""); cluster.connect()
with rbd.Image(cluster.open_ioctx({pool!r}), {image!r}, read_only=True) as image:
    places = range(0, image.size(), image.size() // 8)
    print(json.dumps(sorted({{image.read(start, 8).decode("latin1").strip(chr(0)) for start in places}})))
"""


@contextmanager
def images(lab: Lab, **more: Any) -> Iterator[CephRbdRig]:
    rig = CephRbdRig(lab, **more)
    try:
        yield rig
    finally:
        rig.join()
        rig.provider.unclone(rig.group, "west", NAME)
        rig.remove()


@pytest.fixture
def rig(lab: Lab) -> Iterator[CephRbdRig]:
    """A group that replicates from east to west, with a first text on it."""
    with images(lab, size=64) as found:
        found.provider.enable(found.group, "east", "west")
        await_health(found)
        found.write("east", "first")
        found.write("east", "first", 40 << 20)
        found.await_arrived("west")
        yield found


def clone(rig: CephRbdRig, group: Group | None = None) -> Clones:
    volumes = [item.pv for item in rig.provider.sites["west"].volumes(rig.group) if item.pv]
    return rig.provider.clone(group or rig.group, "west", NAME, volumes)


def copies(made: Clones) -> list[str]:
    return sorted(source["csi"]["volumeHandle"] for source in made.sources.values())


def texts(rig: CephRbdRig, made: Clones, offset: int = 0) -> set[str]:
    return {rig.read_image("west", name, offset) for name in copies(made)}


def left(rig: CephRbdRig) -> list[str]:
    return [name for name in rig.names("west") if NAME in name]


def await_health(rig: CephRbdRig) -> None:
    def other() -> list[str]:
        return [] if status(rig, "west").health == "healthy" else [status(rig, "west").message]

    wait_until("west to be healthy", NOTICED_WITHIN, other)


def cut_while(rig: CephRbdRig, begin: Callable[[], object]) -> bool:
    """Cut the link in the middle of a sync; whether it was in the middle."""
    begin()
    caught = time.monotonic() + CAUGHT_WITHIN
    while not rig.is_syncing("west") and time.monotonic() < caught:
        pass
    rig.cut()
    return rig.is_syncing("west")


def test_a_copy_is_read_and_written_while_replication_goes_on(rig: CephRbdRig) -> None:
    before = status(rig, "west")
    made = clone(rig)
    assert copies(made) == sorted(f"{image}.dr-copy-{NAME}" for image in rig.images)
    assert (texts(rig, made), texts(rig, made, 40 << 20)) == ({"first"}, {"first"})
    assert made.taken is not None
    assert before.last_sync is not None
    assert before.last_sync <= made.taken <= datetime.now(UTC)
    for name in copies(made):
        rig.write_image("west", name, "rehearsed")
    rig.write("east", "second")
    rig.await_arrived("west")
    assert (rig.read("east"), rig.read("west"), texts(rig, made)) == ("second", "second", {"rehearsed"})
    assert roles(rig) == ("primary", "secondary")
    await_health(rig)


def test_p1_a_copy_is_not_mirrored_and_the_other_site_has_none(rig: CephRbdRig) -> None:
    made = clone(rig)
    for name in copies(made):
        info = json.loads(rig.rbd("west", "info", "--format", "json", f"{rig.pool}/{name}"))
        assert "mirroring" not in info
        assert "parent" not in info
        assert "journaling" not in info["features"]
        assert rig.rbd("west", "snap", "ls", "--all", f"{rig.pool}/{name}") == ""
    assert [name for name in rig.names("east") if NAME in name] == []


def test_p5_a_second_call_leaves_the_copies_of_the_first_as_they_are(rig: CephRbdRig) -> None:
    made = clone(rig)
    rig.write_image("west", copies(made)[0], "rehearsed")
    rig.write("east", "second")
    rig.await_arrived("west")
    assert clone(rig) == made
    assert texts(rig, made) == {"rehearsed", "first"}


def test_p8_nothing_but_the_copies_is_removed(rig: CephRbdRig) -> None:
    before = sorted(rig.names("west"))
    assert rig.provider.unclone(rig.group, "west", NAME) is False
    clone(rig)
    assert len(left(rig)) == len(rig.images)
    assert rig.provider.unclone(rig.group, "west", "rehearsal") is False
    assert rig.provider.unclone(rig.group, "west", NAME) is True
    assert sorted(rig.names("west")) == before
    assert rig.provider.unclone(rig.group, "west", NAME) is False
    assert rig.read("west") == "first"
    rig.write("east", "second")
    rig.await_arrived("west")


def test_the_rights_that_the_documentation_names_are_enough(rig: CephRbdRig) -> None:
    """User `csi` of the lab has the profile rbd and nothing else."""
    group = rig.group_with({"west": {"user": "csi"}})
    assert texts(rig, clone(rig, group)) == {"first"}
    assert rig.provider.unclone(group, "west", NAME) is True


def test_in_the_middle_of_a_sync_that_is_cut_a_copy_is_of_the_last_whole_one(lab: Lab) -> None:
    with images(lab, images=1, size=LARGE) as rig:
        rig.provider.enable(rig.group, "east", "west")
        for text in ("before", "complete"):
            rig.write("east", text)
            rig.await_arrived("west")
        for attempt in range(CUTS):
            whole = rig.read("east")
            rig.fill("east", LARGE)
            rig.write("east", f"in the middle {attempt}")
            if cut_while(rig, lambda: rig.snapshot("east")):
                break
            rig.join()
            rig.await_arrived("west")
        else:
            raise AssertionError(f"each of {CUTS} syncs ended before the link was cut")
        assert texts(rig, clone(rig)) == {whole}
        rig.join()
        rig.provider.unclone(rig.group, "west", NAME)
        rig.await_arrived("west")


def test_p10_without_a_complete_snapshot_nothing_is_copied(lab: Lab) -> None:
    for _attempt in range(CUTS):
        with images(lab, images=1, size=LARGE) as rig:
            rig.fill("east", LARGE)
            if not cut_while(rig, lambda: rig.provider.enable(rig.group, "east", "west")):
                continue
            with pytest.raises(Refused, match=f"never wholly synchronised: {rig.pool}/{rig.images[0]}") as refusal:
                clone(rig)
            assert "wait until the replication is healthy" in (refusal.value.next_step or "")
            assert left(rig) == []
            return
    raise AssertionError(f"each of {CUTS} first syncs ended before the link was cut")


@contextmanager
def counting(rig: CephRbdRig, pause: float) -> Iterator[None]:
    """At east, mirror snapshots one after the other: rbd-mirror makes and removes its own at west all the time."""
    (image,) = rig.images
    with ThreadPoolExecutor(1) as pool:
        script = COUNT.format(pool=rig.pool, image=image, pause=pause)
        counted = pool.submit(rig.python, "east", script, seconds=COUNTED_WITHIN)
        try:
            wait_until("numbers at west", NOTICED_WITHIN, lambda: [] if "" not in numbers(rig, image) else ["none"])
            yield
        finally:
            rig.rbd("east", "image-meta", "set", f"{rig.pool}/{image}", "stop", "now")
            print(f"counted to {counted.result().splitlines()[-1]}")


def tried(rig: CephRbdRig) -> tuple[Clones | None, str]:
    """The copies, or why there are none."""
    try:
        return clone(rig), "copied"
    except Refused as refusal:
        return None, refusal.seen


def numbers(rig: CephRbdRig, name: str) -> list[str]:
    """What stands at the beginning of each object."""
    found: list[str] = json.loads(rig.python("west", NUMBERS.format(pool=rig.pool, image=name)))
    return found


@pytest.mark.parametrize("pause", [0.0, 4.0])
def test_a_copy_is_of_one_moment_while_snapshots_are_made_and_removed(lab: Lab, pause: float) -> None:
    """Or there is none, and the refusal says what to change."""
    with images(lab, images=1, size=LARGE) as rig:
        rig.provider.enable(rig.group, "east", "west")
        outcomes = []
        with counting(rig, pause):
            for _attempt in range(4):
                made, said = tried(rig)
                outcomes.append(said)
                if made is None:
                    assert left(rig) == []
                    continue
                (number,) = numbers(rig, *copies(made))
                outcomes.append(number)
                assert rig.provider.unclone(rig.group, "west", NAME) is True
        print(f"a pause of {pause} s between two snapshots: {outcomes}")
        refusals = [said for said in outcomes if said != "copied" and not said.isdigit()]
        assert all("the data was replaced 3 times" in said for said in refusals)
        await_health(rig)
        assert roles(rig) == ("primary", "secondary")


def test_p5_a_copy_whose_process_is_killed_is_gone_on_with(lab: Lab) -> None:
    with images(lab, images=1, size=LARGE) as rig:
        rig.provider.enable(rig.group, "east", "west")
        rig.fill("east", LARGE)
        rig.write("east", "whole", (LARGE - 1) << 20)
        rig.await_arrived("west")
        child = multiprocessing.get_context("fork").Process(target=clone, args=(rig,))
        child.start()
        wait_until("a copy that was begun", 60, lambda: [] if left(rig) else ["none"])
        os.kill(child.pid or 0, signal.SIGKILL)
        child.join()
        assert left(rig) == [f"{rig.images[0]}.dr-copy-{NAME}.part"]
        made = clone(rig)
        assert texts(rig, made, (LARGE - 1) << 20) == {"whole"}
        checks = [
            rig.run("west", "sh", "-c", f"rbd export --no-progress {rig.pool}/{name} - | sha256sum")
            for name in (rig.images[0], *copies(made))
        ]
        assert checks[0] == checks[1]
        assert rig.provider.unclone(rig.group, "west", NAME) is True
        assert left(rig) == []


def test_of_a_journal_a_copy_is_what_a_replicated_snapshot_holds(lab: Lab) -> None:
    with images(lab, images=1, mode="journal") as rig:
        rig.provider.enable(rig.group, "east", "west")
        await_health(rig)
        rig.write("east", "held")
        with pytest.raises(Refused, match=r"no snapshot of .* has arrived"):
            clone(rig)
        rig.rbd("east", "snap", "create", "--no-progress", f"{rig.pool}/{rig.images[0]}@held")
        rig.write("east", "later")
        rig.await_arrived("west")
        made = clone(rig)
        assert (texts(rig, made), made.taken) == ({"held"}, None)
        assert rig.provider.unclone(rig.group, "west", NAME) is True
        rig.rbd("east", "snap", "rm", "--no-progress", f"{rig.pool}/{rig.images[0]}@held")
