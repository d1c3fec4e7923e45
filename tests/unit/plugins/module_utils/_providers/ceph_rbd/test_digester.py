# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Digests of what images hold: the same where a guest reads the same, another where it does not."""

from __future__ import annotations

import ast
import errno
import inspect
import sys
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ceph_rbd import digester as ceph_rbd_digester
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.ceph_rbd.librbd_double import (
    OBJECT,
    Librbd,
    Stored,
)

TEXTS = (b"text 0", b"text 1", b"", b"text 3")


@pytest.fixture
def ceph(monkeypatch: pytest.MonkeyPatch) -> Librbd:
    """Two images of four objects, of which each part has two."""
    bindings = Librbd()
    monkeypatch.setitem(sys.modules, "rbd", bindings)
    monkeypatch.setattr(ceph_rbd_digester, "PIECE", OBJECT)
    monkeypatch.setattr(ceph_rbd_digester, "PART", 2 * OBJECT)
    bindings.mirrored("a", *TEXTS)
    bindings.mirrored("b", *TEXTS)
    return bindings


def digested(ceph: Librbd, *names: str, after: int = 0, seconds: float = 60) -> list[dict[str, Any]]:
    images = [{"pool": "rbd", "namespace": "", "image": name, "after": after} for name in names]
    return ceph_rbd_digester.digest(ceph, {"images": images, "round": seconds})


def test_p3_images_that_hold_the_same_have_the_same_digests(ceph: Librbd) -> None:
    one, other = digested(ceph, "a", "b")
    assert one == other
    assert (one["errno"], one["done"], one["size"], len(one["parts"])) == (0, True, 4 * OBJECT, 2)


@pytest.mark.parametrize(("number", "text"), [(0, b"text 1"), (1, b""), (2, b"text 2"), (3, b"text 0")])
def test_p3_each_piece_counts_and_shows_in_its_own_part(ceph: Librbd, number: int, text: bytes) -> None:
    ceph.images["b"].data[number] = text.ljust(OBJECT, b"\0")
    one, other = (item["parts"] for item in digested(ceph, "a", "b"))
    assert [one[part] != other[part] for part in (0, 1)] == [number < 2, number >= 2]


def test_p3_the_same_data_at_another_place_is_another(ceph: Librbd) -> None:
    ceph.images["b"].data = {1: ceph.images["b"].data[0], 0: ceph.images["b"].data[1], 3: ceph.images["b"].data[3]}
    one, other = (item["parts"] for item in digested(ceph, "a", "b"))
    assert one[0] != other[0]


def test_what_was_written_with_zeros_is_as_what_was_never_written(ceph: Librbd) -> None:
    ceph.images["b"].data[2] = bytes(OBJECT)
    one, other = digested(ceph, "a", "b")
    assert one["parts"] == other["parts"]


def test_p5_it_goes_on_behind_the_parts_that_were_read(ceph: Librbd) -> None:
    (whole,) = digested(ceph, "a")
    (rest,) = digested(ceph, "a", after=1)
    assert (rest["parts"], rest["done"]) == (whole["parts"][1:], True)


def test_an_image_whose_turn_did_not_come_is_not_done(ceph: Librbd) -> None:
    (answer,) = digested(ceph, "a", seconds=-1)
    assert (answer["errno"], answer["parts"], answer["done"]) == (0, [], False)


def test_an_image_that_is_not_there_ends_no_other(ceph: Librbd) -> None:
    gone, there = digested(ceph, "gone", "a")
    assert (gone["errno"], there["done"]) == (errno.ENOENT, True)


def test_an_image_without_size_is_read_at_once(ceph: Librbd) -> None:
    ceph.images["empty"] = Stored()
    (answer,) = digested(ceph, "empty")
    assert (answer["parts"], answer["done"]) == ([], True)


def test_it_runs_in_the_python_of_old_ceph_containers() -> None:
    ast.parse(inspect.getsource(ceph_rbd_digester), feature_version=(3, 6))
