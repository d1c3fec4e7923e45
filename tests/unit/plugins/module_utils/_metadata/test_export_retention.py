# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which captures go when they are old or removed, and what never goes with them."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import CONFIG_MAP, SECRET
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import TerminalState
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._metadata.export_captures import (
    WEST,
    names,
    pass_time,
    take,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._metadata.export_world import (
    MemoryStore,
    Site,
    east,
    source,
)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def test_captures_too_old_go_with_what_only_they_hold_but_never_the_newest_complete_one(store: MemoryStore) -> None:
    site = east()
    first = take(store, site)
    site.patch(CONFIG_MAP, "settings", "payroll", {"data": {"a": "2"}})
    pass_time(store, site, days=2)
    second = take(store, site)
    site.patch(CONFIG_MAP, "settings", "payroll", {"data": {"a": "3"}})
    pass_time(store, site, days=20)
    third = take(store, site)
    source(store).mark_incomplete(WEST, third, "no volume")
    source(store, keep="14d").prune()
    # the second is older than 14 days too, and all that a failover could use
    assert {info.name for info in source(store).catalog(WEST)} == {second, third}
    assert len(names(store, second)) == 9
    assert len(store.blobs()) == 10
    assert first not in str(store.indexes())


def test_an_expired_incomplete_capture_never_looks_complete(store: MemoryStore) -> None:
    old = take(store)
    source(store).mark_incomplete(WEST, old, "no volume")
    store.later(days=20)
    new = take(store)
    seen = []
    store.before_delete = lambda _key: seen.extend(info.name for info in source(store).catalog(WEST) if info.complete)
    source(store, keep="14d").prune()
    assert {info.name for info in source(store).catalog(WEST)} == {new}
    assert (set(seen), [key for key in store.contents if old in key]) == ({new}, [])


def test_without_keep_no_capture_goes_and_leftovers_do(store: MemoryStore) -> None:
    name = take(store)
    store.put("payroll/blobs/ab/abandoned.json.gz", b"")
    store.later(days=400)
    take(store)
    source(store).prune()
    assert "payroll/blobs/ab/abandoned.json.gz" not in store.contents
    assert len(names(store, name)) == 9


def test_retention_leaves_alone_what_a_capture_under_way_has_written(store: MemoryStore) -> None:
    take(store)
    store.later(days=20)
    site = east()
    site.add(SECRET, "new", data={})

    def prune_before_the_index(key: str) -> None:
        if "/captures/" in key:
            store.before_put = lambda _key: None
            source(store, keep="14d").prune()

    store.before_put = prune_before_the_index
    assert "secrets/new" in names(store, take(store, site, keep="14d"))


def test_what_retention_may_remove_soon_is_written_again_and_not_relied_on(store: MemoryStore) -> None:
    """The first capture expires while the second is written: its objects must not go with it."""
    site = east()
    take(store, site, keep="14d")
    pass_time(store, site, days=14, minutes=-1)
    store.puts.clear()
    take(store, site, keep="14d")
    assert len([key for key in store.puts if "/blobs/" in key]) == 9


def test_retention_that_stalled_over_a_whole_capture_takes_nothing_from_it(store: MemoryStore) -> None:
    """It listed an unreferenced object, and deletes it after the capture has checked that it need not write it."""
    site = east()
    take(store, site)
    victim = store.blobs()[0]
    contents, written = store.contents[victim], store.written[victim]
    store.later(days=2)

    def delete_as_the_stalled_one(key: str) -> None:
        if "/captures/" in key:
            store.before_put = lambda _key: None
            store.delete(victim)

    store.before_put = delete_as_the_stalled_one
    assert len(names(store, take(store, site))) == 9
    assert (store.contents[victim], store.written[victim] > written) == (contents, True)


def test_retention_does_not_guess_what_a_damaged_index_names(store: MemoryStore) -> None:
    take(store)
    store.later(days=2)
    take(store)
    damaged = store.indexes()[0]
    store.contents[damaged] = b""
    before = set(store.blobs())
    with pytest.raises(TerminalState):
        source(store, keep="14d").prune()
    assert set(store.blobs()) == before


def test_the_last_capture_that_is_removed_takes_all_objects_with_it(store: MemoryStore) -> None:
    first = take(store)
    store.later(hours=1)
    second = take(store, changed())
    exported, site = source(store), east()
    exported.remove(site, site, first)  # type: ignore[arg-type]
    assert exported.manifests(site, second).index("virtualmachines.kubevirt.io")  # type: ignore[arg-type]
    exported.remove(site, site, second)  # type: ignore[arg-type]
    assert store.contents == {}


def test_p5_a_removal_that_was_killed_leaves_no_capture_without_its_objects(store: MemoryStore) -> None:
    name = take(store)
    exported, site = source(store), east()

    def kill(key: str) -> None:
        if "/blobs/" in key:
            raise KeyboardInterrupt

    store.before_delete = kill
    with pytest.raises(KeyboardInterrupt):
        exported.remove(site, site, name)  # type: ignore[arg-type]
    assert exported.catalog(site) == []  # type: ignore[arg-type]


def changed() -> Site:
    site = east()
    site.patch(SECRET, "cloud-init", "payroll", {"data": {"userdata": "bmV3"}})
    site.clock.sleep(3600)
    return site
