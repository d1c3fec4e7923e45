# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is copied of an image while rbd-mirror goes on to write to it, and what of the copies is removed again."""

from __future__ import annotations

import ast
import errno
import inspect
import itertools
import json
import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ceph_rbd import agent as ceph_rbd_agent
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ceph_rbd import copier as ceph_rbd_copier
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.ceph_rbd.librbd_double import (
    OBJECT,
    TRASH,
    Librbd,
    Stored,
)

COPY, HALF = "a.copy", "a.copy.part"
OLD, NEW = (b"old 0", b"old 1", b"", b"old 3"), (b"new 0", b"", b"new 2", b"new 3")
OLD_TEXT, NEW_TEXT = ["old 0", "old 1", "", "old 3"], ["new 0", "", "new 2", "new 3"]


@pytest.fixture
def ceph(monkeypatch: pytest.MonkeyPatch) -> Librbd:
    """An image `a`, of which each part that is copied is one object."""
    bindings = Librbd()
    monkeypatch.setitem(sys.modules, "rbd", bindings)
    monkeypatch.setattr(ceph_rbd_copier, "PART", 1)
    monkeypatch.setattr(ceph_rbd_copier, "PAUSE_BUSY", 0.0)
    bindings.mirrored("a", *OLD)
    return bindings


def spec(name: str = "a") -> dict[str, str]:
    return {"pool": "rbd", "namespace": "", "image": name, "copy": f"{name}.copy"}


def copied(ceph: Librbd, *names: str, seconds: float = 60) -> list[dict[str, Any]]:
    images = [spec(name) for name in names or ("a",)]
    return ceph_rbd_copier.copy(ceph, {"images": images, "group": "payroll", "round": seconds})


def removed(ceph: Librbd, group: str = "payroll") -> list[dict[str, Any]]:
    return ceph_rbd_copier.remove_copies(ceph, {"end": ".copy", "group": group})


def once(ceph: Librbd, number: int, do: Callable[[], object]) -> None:
    """Before the read of that number."""
    reads = itertools.count()
    ceph.on_read = lambda _name: do() if next(reads) == number else None  # type: ignore[func-returns-value]


def test_it_runs_where_the_agent_runs() -> None:
    ast.parse(inspect.getsource(ceph_rbd_copier), feature_version=(3, 6))


def test_it_takes_no_name_of_the_agent_that_it_is_sent_behind() -> None:
    def names(module: ModuleType) -> set[str]:
        body = ast.parse(inspect.getsource(module)).body
        functions = {node.name for node in body if isinstance(node, ast.FunctionDef)}
        assigned = [target for node in body if isinstance(node, ast.Assign) for target in node.targets]
        return functions | {item.id for target in assigned for item in ast.walk(target) if isinstance(item, ast.Name)}

    assert "copy" in names(ceph_rbd_copier)
    assert not names(ceph_rbd_agent) & names(ceph_rbd_copier)


def test_a_copy_holds_what_the_newest_complete_snapshot_stands_for(ceph: Librbd) -> None:
    ceph.sync("a", *NEW)
    (answer,) = copied(ceph)
    assert (answer["errno"], answer["done"], answer["told"]) == (0, True, ceph.images["a"].told)
    assert ceph.text(COPY) == NEW_TEXT
    assert HALF not in ceph.images


def test_while_a_sync_is_under_way_it_holds_what_was_there_before(ceph: Librbd) -> None:
    ceph.begin_sync("a")
    ceph.write("a", *NEW[:2])
    assert copied(ceph)[0]["done"]
    assert ceph.text(COPY) == OLD_TEXT


@pytest.mark.parametrize("number", range(3))
def test_a_sync_that_begins_meanwhile_leaves_no_trace_in_it(ceph: Librbd, number: int) -> None:
    def begin() -> None:
        ceph.begin_sync("a")
        ceph.write("a", *NEW)

    once(ceph, number, begin)
    assert copied(ceph)[0]["done"]
    assert ceph.text(COPY) == OLD_TEXT


@pytest.mark.parametrize("number", range(3))
def test_a_snapshot_that_is_removed_while_it_is_read_counts_no_more(ceph: Librbd, number: int) -> None:
    ceph.begin_sync("a")
    frozen = ceph.images["a"].snapshots[-1]

    def remove() -> None:
        ceph.write("a", *NEW)
        ceph.end_sync("a")
        ceph.sync("a", *NEW)
        frozen["held"].clear()

    once(ceph, number, remove)
    (first,) = copied(ceph)
    assert (first["done"], first["lost"]) == (False, True)
    assert not {COPY, HALF} & ceph.images.keys()
    assert copied(ceph)[0]["done"]
    assert ceph.text(COPY) == NEW_TEXT


def test_a_snapshot_in_the_trash_counts_no_more(ceph: Librbd) -> None:
    ceph.begin_sync("a")
    once(ceph, 1, lambda: ceph.images["a"].snapshots[-1].update(namespace=TRASH, mirror=None))
    assert copied(ceph)[0]["lost"]


def test_two_syncs_between_two_looks_are_not_taken_for_one(ceph: Librbd) -> None:
    def twice() -> None:
        ceph.sync("a", *NEW)
        ceph.sync("a", b"newer", b"newer", b"newer", b"newer")

    once(ceph, 1, twice)
    assert copied(ceph)[0]["lost"]


def test_nor_after_a_switch_of_roles_whose_snapshot_stays(ceph: Librbd) -> None:
    ceph.begin_sync("a", peers=("east",))
    ceph.end_sync("a")

    def twice() -> None:
        ceph.sync("a", *NEW)
        ceph.sync("a", b"newer")

    once(ceph, 1, twice)
    assert copied(ceph)[0]["lost"]
    once(ceph, 1, lambda: ceph.begin_sync("a"))
    assert copied(ceph)[0]["done"]


def test_a_users_snapshot_is_written_through_the_image_and_holds_nothing_still(ceph: Librbd) -> None:
    once(ceph, 1, lambda: ceph.snapshot("a"))
    assert copied(ceph)[0]["lost"]
    assert copied(ceph)[0]["errno"] == errno.EAGAIN
    ceph.sync("a", *NEW)
    assert copied(ceph)[0]["done"]
    assert ceph.text(COPY) == NEW_TEXT


def test_p5_it_goes_on_where_the_last_round_ended(ceph: Librbd, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks, reads = itertools.count(), []
    monkeypatch.setattr(ceph_rbd_copier, "time", SimpleNamespace(monotonic=lambda: next(ticks)))
    ceph.on_read = reads.append
    answers = [copied(ceph, seconds=3)[0] for _round in range(3)]
    assert [(answer["done"], answer["copied"] // OBJECT) for answer in answers] == [(False, 1), (False, 2), (True, 4)]
    assert (reads, ceph.created) == (["a"] * 3, [HALF])
    assert ceph.text(COPY) == OLD_TEXT


def test_p5_a_part_that_a_killed_process_wrote_is_thrown_away(ceph: Librbd) -> None:
    """It may be of a later moment than the rest."""

    def killed() -> None:
        ceph.images[HALF].data[2] = b"of a later moment".ljust(OBJECT, b"\0")
        raise MemoryError("killed")

    once(ceph, 2, killed)
    assert copied(ceph)[0]["message"] == "killed"
    assert copied(ceph)[0]["done"]
    assert ceph.text(COPY) == OLD_TEXT


def test_p5_one_that_is_complete_stays_as_it_is(ceph: Librbd) -> None:
    copied(ceph)
    ceph.images[COPY].data[0] = b"written by a guest".ljust(OBJECT, b"\0")
    ceph.sync("a", *NEW)
    ceph.images["a"].told = "something else"
    (answer,) = copied(ceph)
    assert (answer["done"], "1795342420" in answer["told"]) == (True, True)
    assert ceph.text(COPY)[0] == "written by a guest"


def test_p5_one_without_a_mark_yet_holds_nothing_and_is_begun_anew(ceph: Librbd) -> None:
    ceph.images[HALF] = Stored(OBJECT)
    assert copied(ceph)[0]["done"]
    assert ceph.text(COPY) == OLD_TEXT
    ceph.images[HALF] = Stored(OBJECT)
    assert {item["image"] for item in removed(ceph) if item["removed"]} == {COPY, HALF}


def test_two_processes_do_not_write_the_same_copy(ceph: Librbd) -> None:
    copied(ceph, seconds=0)
    ceph.images[HALF].locked = True
    (answer,) = copied(ceph)
    assert (answer["done"], answer["waits"]) == (False, "another process copies it")


def test_p8_an_image_that_is_no_copy_is_neither_written_nor_removed(ceph: Librbd) -> None:
    for name in (COPY, HALF):
        ceph.images[name] = Stored(OBJECT, {0: b"of somebody".ljust(OBJECT, b"\0")})
        (answer,) = copied(ceph)
        assert (answer["errno"], name in answer["message"]) == (errno.EEXIST, True)
        assert not any(item["removed"] for item in removed(ceph))
        assert ceph.text(name) == ["of somebody"]
        del ceph.images[name]


def test_p8_copies_of_another_group_stay(ceph: Librbd) -> None:
    copied(ceph)
    assert [item["removed"] for item in removed(ceph, "ledger")] == [False]
    assert COPY in ceph.images
    assert [item["removed"] for item in removed(ceph)] == [True]
    assert ceph.images.keys() == {"a"}
    assert removed(ceph) == []


def test_pools_in_which_the_user_may_not_look_hold_none_of_its_copies(ceph: Librbd) -> None:
    copied(ceph)
    ceph.secret = {"of somebody"}
    assert [item["pool"] for item in removed(ceph) if item["removed"]] == ["rbd"]


def test_a_copy_that_a_dead_client_holds_is_waited_for(ceph: Librbd, monkeypatch: pytest.MonkeyPatch) -> None:
    copied(ceph)
    ceph.images[COPY].busy = 3
    assert [item["removed"] for item in removed(ceph)] == [True]
    copied(ceph)
    ceph.images[COPY].busy = 10**9
    monkeypatch.setattr(ceph_rbd_copier, "BUSY_FOR", 0.0)
    assert [item["errno"] for item in removed(ceph)] == [errno.EBUSY]


def test_an_image_that_was_never_wholly_synchronised_is_not_copied(ceph: Librbd) -> None:
    ceph.images["b"] = Stored(OBJECT)
    ceph.begin_sync("b")
    answers = copied(ceph, "a", "b")
    assert [answer["errno"] for answer in answers] == [0, errno.ENODATA]
    assert "no complete mirror snapshot of b" in answers[1]["message"]


def test_p1_an_image_that_became_primary_is_not_copied_while_it_is_written_to(ceph: Librbd) -> None:
    ceph.images["a"].primary = True
    assert copied(ceph)[0]["errno"] == errno.EROFS
    assert ceph.created == []


def test_of_a_journal_the_newest_snapshot_of_a_user_is_copied(ceph: Librbd) -> None:
    image = ceph.images["a"]
    image.mode, image.snapshots = 0, []
    assert copied(ceph)[0]["errno"] == errno.ENODATA
    ceph.snapshot("a")
    ceph.write("a", *NEW)
    (answer,) = copied(ceph)
    assert (answer["done"], answer["told"]) == (True, "")
    assert ceph.text(COPY) == OLD_TEXT


def test_an_image_of_which_rbd_mirror_says_nothing_now_is_copied_all_the_same(ceph: Librbd) -> None:
    ceph.images["a"].told = ""
    (answer,) = copied(ceph)
    assert (answer["done"], answer["told"]) == (True, "")


def test_nothing_is_begun_when_not_all_copies_have_room(ceph: Librbd) -> None:
    """A pool that runs full ends the replication."""
    ceph.mirrored("b", *OLD)
    ceph.free = 6 * OBJECT
    answers = copied(ceph, "a", "b")
    assert [answer["errno"] for answer in answers] == [errno.ENOSPC] * 2
    assert ceph.created == []
    ceph.free = 8 * OBJECT
    assert [answer["done"] for answer in copied(ceph, "a", "b")] == [True, True]
    ceph.free = 0
    assert [answer["done"] for answer in copied(ceph, "a", "b")] == [True, True]


def test_a_copy_is_not_journaled_as_a_pool_may_mirror_all_that_are(ceph: Librbd) -> None:
    copied(ceph)
    assert ceph.images[COPY].features == 1 + 4 + 8 + 16


def test_what_is_zero_takes_no_room(ceph: Librbd) -> None:
    grain = ceph_rbd_copier.GRAIN
    ceph.images["a"].data = {0: bytes(OBJECT), 1: bytes(grain) + b"x" * grain + bytes(OBJECT - 2 * grain)}
    written: list[tuple[int, int]] = []
    made = type("Made", (), {"write": lambda _self, data, at: written.append((at, len(data)))})()
    with ceph.Image(None, "a") as image:
        ceph_rbd_copier._move(image, made, [(0, OBJECT), (OBJECT, OBJECT)])
    assert written == [(OBJECT + grain, grain)]


def test_its_state_is_readable_by_the_next_process(ceph: Librbd) -> None:
    copied(ceph, seconds=0)
    state = json.loads(ceph.images[HALF].notes[ceph_rbd_copier.STATE])
    assert (state["copied"], state["size"]) == (0, 4 * OBJECT)
