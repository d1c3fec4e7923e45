# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many groups at once by ceph_rbd: one look for all, and an answer for each."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import NotFound
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.selector import LabelSelector
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ceph_rbd.side import Side
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.ceph_rbd.double import (
    CephPair,
    group,
    impatient_pair,
)


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> CephPair:
    return impatient_pair(monkeypatch, "a", "b", "c")


def test_one_look_answers_for_all_groups(pair: CephPair) -> None:
    groups = [Group(name, LabelSelector()) for name in ("one", "two", "three")]
    statuses = pair.provider().observe_all(groups, "east")
    assert [(status.group, status.role) for status in statuses] == [(item.name, "primary") for item in groups]
    assert pair.looks == ["east"]


def test_many_groups_are_switched_as_one_and_each_has_its_own_answer(pair: CephPair) -> None:
    groups = [Group(name, LabelSelector({"image": name})) for name in "abc"]
    pair.provider().demote(groups[0], "east")
    pair.looks.clear()
    assert pair.provider().demote_all(groups, "east") == [False, True, True]
    assert pair.looks == ["east"]
    pair.looks.clear()
    proofs = pair.provider().final_sync_all(groups, "east", "west")
    assert [(proof.group, proof.holds, proof.volumes, proof.source) for proof in proofs] == [
        (name, True, 1, f"rbd/{name}: snapshot 9") for name in "abc"
    ]
    assert sorted(pair.looks) == ["east", "west"]
    pair.provider().promote(groups[1], "west", forced=False)
    pair.looks.clear()
    assert pair.provider().promote_all(groups, "west", forced=False) == [True, False, True]
    assert sorted(pair.looks) == ["east", "west"]
    assert [asked for asked in pair.asked if "promote" in asked] == [f"promote {name} at west" for name in "bac"]
    assert pair.provider().promote_all(groups, "west", forced=True) == [False] * 3


def test_a_switch_of_many_groups_does_not_go_through_all_images_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [str(number) for number in range(100)]
    pair, groups = CephPair(*names), [Group(name, LabelSelector({"image": name})) for name in names]
    looked_at: list[object] = []
    is_primary = Side.is_primary
    monkeypatch.setattr(Side, "is_primary", lambda self, image: looked_at.append(image) or is_primary(self, image))
    assert all(pair.provider().demote_all(groups, "east"))
    assert all(pair.provider().promote_all(groups, "west", forced=False))
    assert len(looked_at) <= 20 * len(names)


def test_groups_are_one_only_where_their_options_are_the_same(pair: CephPair) -> None:
    one, other = (Group(name, LabelSelector({"image": name}), options={"timeout": f"{name}0s"}) for name in "12")
    pair.names = ["1", "2"]
    with pytest.raises(NotFound, match="on group 1 at site west; seen: no image rbd/1;"):
        pair.provider().promote_all([one, other], "west", forced=True)
    with pytest.raises(NotFound, match="on group 1, 2 at site west; seen: no image rbd/1, rbd/2;"):
        pair.provider().promote_all([one, Group("2", other.selector, options=one.options)], "west", forced=True)


def test_a_bad_option_is_a_status_of_its_group_alone(pair: CephPair) -> None:
    good, bad = pair.provider().observe_all([group(), Group("bad", LabelSelector(), options={"mode": "x"})], "east")
    assert (good.role, bad.role, bad.health) == ("primary", "unknown", "error")
    assert "option mode" in bad.message
