# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Captures that are damaged, or of another plan: refused by name, and mended by the next one."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import TerminalState
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._metadata.export_captures import WEST, names, take
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._metadata.export_world import MemoryStore, source


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def damage_truncated(content: bytes) -> bytes:
    return content[:-9]


def damage_other_content(content: bytes) -> bytes:
    return gzip.compress(gzip.decompress(content).replace(b"payroll", b"payrol1"))


def damage_no_gzip(_content: bytes) -> bytes:
    return b"<html>not found</html>"


@pytest.mark.parametrize(
    ("damage", "seen"),
    [
        (damage_truncated, "no whole gzip file"),
        (damage_other_content, "its content has the SHA-256"),
        (damage_no_gzip, "no whole gzip file"),
        (None, "is gone from it"),
    ],
)
def test_a_damaged_object_makes_the_capture_unusable_and_is_named(store: MemoryStore, damage: Any, seen: str) -> None:
    name = take(store)
    key = next(key for key in store.blobs() if b"cloud-init" in gzip.decompress(store.contents[key]))
    if damage is None:
        store.delete(key)
    else:
        store.contents[key] = damage(store.contents[key])
    with pytest.raises(TerminalState, match=seen) as raised:
        source(store).manifests(WEST, name)
    assert "secrets/payroll/cloud-init" in str(raised.value)
    assert "czNjcjN0" not in str(raised.value)
    # the next capture mends it
    assert len(names(store, take(store))) == len(names(store, name)) == 9


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        ({"plan": "web"}, "its index is of plan web at east"),
        ({"site": "west"}, "its index is of plan payroll at west"),
        ({"format": 2}, "its format is 2; this version of the collection reads 1"),
        ({"objects": [["secrets", "payroll", "x", "../../etc/passwd"]]}, "an entry is not resource"),
        ({"objects": None}, "it lacks a part"),
    ],
)
def test_an_index_of_another_plan_or_of_no_use_is_refused(store: MemoryStore, change: Any, seen: str) -> None:
    name = take(store)
    key = store.indexes()[0]
    document = json.loads(gzip.decompress(store.contents[key]))
    store.contents[key] = gzip.compress(json.dumps({**document, **change}).encode())
    with pytest.raises(TerminalState, match=seen):
        source(store).manifests(WEST, name)


def test_an_object_under_the_name_of_another_is_refused(store: MemoryStore) -> None:
    name = take(store)
    key = store.indexes()[0]
    document = json.loads(gzip.decompress(store.contents[key]))
    document["objects"] = [[row[0], row[1], "other", row[3]] for row in document["objects"] if row[2] == "cloud-init"]
    store.contents[key] = gzip.compress(json.dumps(document).encode())
    with pytest.raises(TerminalState, match="secrets/payroll/other is payroll/cloud-init"):
        source(store).manifests(WEST, name)


def test_a_truncated_index_is_refused_and_does_not_stop_the_next_capture(store: MemoryStore) -> None:
    name = take(store)
    key = store.indexes()[0]
    store.contents[key] = store.contents[key][:40]
    with pytest.raises(TerminalState, match="its index: 40 bytes that are no whole gzip file"):
        source(store).manifests(WEST, name)
    assert len(names(store, take(store))) == 9


@pytest.mark.parametrize("name", ["web-east-20260301120000-0a0a", "payroll-east-2026", "../payroll", ""])
def test_a_name_that_is_none_of_the_plan_is_refused(store: MemoryStore, name: str) -> None:
    with pytest.raises(TerminalState, match="its name is none of plan payroll"):
        source(store).manifests(WEST, name)
