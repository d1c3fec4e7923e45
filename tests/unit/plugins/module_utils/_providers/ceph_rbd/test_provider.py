# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which images ceph_rbd takes for a group's, and what one cluster tells of them."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import NotFound
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.selector import LabelSelector
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ceph_rbd.provider import CephRbdProvider
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.ceph_rbd.double import (
    CephPair,
    group,
    impatient_pair,
)


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> CephPair:
    return impatient_pair(monkeypatch, "a", "b", "c")


def test_images_come_from_the_other_sites_volumes_where_there_are_none(pair: CephPair) -> None:
    assert pair.provider().observe(group(), "west").role == "secondary"
    pair.silent_apis = {"west"}
    assert pair.provider().observe(group(), "west").role == "secondary"
    pair.silent_apis = {"east", "west"}
    unknown = pair.provider().observe(group(), "west")
    assert (unknown.role, unknown.message) == ("unknown", "it has no volume here")
    with pytest.raises(NotFound, match="no site shows a bound PersistentVolume"):
        pair.provider().promote(group(), "west", forced=True)


@pytest.mark.parametrize("forced", [True, False])
def test_p10_where_volumes_may_not_be_listed_the_reason_is_what_was_seen(pair: CephPair, forced: bool) -> None:
    pair.silent_apis, pair.denying_apis = {"east"}, {"west"}
    with pytest.raises(NotFound) as raised:
        pair.provider().promote(group(), "west", forced)
    seen = raised.value.seen or ""
    assert seen.startswith("no site shows a bound PersistentVolume of the group: ")
    assert "at site west; seen: it is forbidden; HTTP status 403" in seen
    assert "connect at site east; seen: no answer" in seen


def test_where_volumes_may_be_listed_and_there_are_none_no_reason_is_made_up(pair: CephPair) -> None:
    pair.pv_sites = set()
    with pytest.raises(NotFound, match="seen: no site shows a bound PersistentVolume of the group; wanted"):
        pair.provider().promote(group(), "west", forced=True)


def test_images_come_from_volumes_that_are_still_to_be_made_where_no_site_shows_one(pair: CephPair) -> None:
    volumes = pair.provider().sites["east"].volumes(group())
    pair.silent_apis = {"east"}
    provider = pair.provider()
    assert provider.observe(group(), "west").present is False
    provider.sites["west"].expect(volumes)
    assert provider.observe(group(), "west").role == "secondary"
    assert provider.observe(Group("c", LabelSelector({"image": "c"})), "west").raw.keys() == {"rbd/c"}
    assert provider.observe(Group("none", LabelSelector({"image": "d"})), "west").present is False


def test_a_copys_moment_is_told_by_rbd_mirror_which_may_be_late(pair: CephPair) -> None:
    seen = pair.provider().observe(group(), "west")
    assert seen.last_sync is not None
    assert seen.last_sync_by == "rbd-mirror"
    assert pair.provider().observe(Group("none", LabelSelector({"image": "d"})), "west").last_sync_by == ""


def test_of_a_copy_whose_peer_is_silent_the_image_itself_is_asked_for_a_sync_that_was_cut_off(pair: CephPair) -> None:
    half = {**pair.images["west"]["b"]["snapshots"][-1], "id": 8, "complete": False}
    pair.images["west"]["b"]["snapshots"].append(half)
    assert pair.provider().observe_roles([group()], "west")[0].goes_back == ""
    assert pair.looks == ["west"]
    for facts in pair.images["west"].values():
        facts["peers"][0]["up"] = False
    assert pair.provider().observe_roles([group()], "west")[0].goes_back.startswith("rbd/b: a sync was under way")
    half["complete"] = True
    assert pair.provider().observe_roles([group()], "west")[0].goes_back == ""


def test_p4_a_cluster_that_is_silent_is_a_status(pair: CephPair) -> None:
    pair.silent = {"east"}
    status = pair.provider().observe(group(), "east")
    assert (status.reachable, status.role) == (False, "unknown")


def test_volumes_of_another_driver_or_pool_are_not_covered(pair: CephPair) -> None:
    def covers(driver: str, pool: str) -> bool:
        csi = {"driver": driver, "volumeAttributes": {"pool": pool, "imageName": "x"}}
        pv = {"metadata": {"name": "pv"}, "spec": {"csi": csi}}
        return pair.provider().covers(group(pool="rbd"), "east", pv)

    assert covers("openshift-storage.rbd.csi.ceph.com", "rbd")
    assert not covers("openshift-storage.rbd.csi.ceph.com", "other")
    assert not covers("nfs.csi.k8s.io", "rbd")


def test_it_is_detected_by_its_volumes_and_a_command(pair: CephPair) -> None:
    east = pair.provider().sites["east"]
    assert CephRbdProvider.detect(group(), east) == ""
    commanded = group(sites={"east": {"command": ["ssh", "-T", "root@east"]}})
    assert "3 volumes are RBD images" in CephRbdProvider.detect(commanded, east)
    assert CephRbdProvider.detect(commanded, pair.provider().sites["west"]) == ""


def test_a_group_without_networks_to_block_needs_no_right_to_the_blocklist() -> None:
    """The profile rbd of the first line of Rights does not grant `osd blocklist ls`."""
    pair = CephPair("a")
    assert pair.provider().unfence(group(), "west", "east") is False
    assert pair.asked == []
