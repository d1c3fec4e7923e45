# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A planned move of images with journals: all of their data is compared after the demotion."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Failed, Refused, TerminalState, Timeout
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.ceph_rbd.double import (
    CephPair,
    group,
    impatient_pair,
    journaled,
    journaled_pair,
)


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> CephPair:
    """Two images with journals that west has replayed, with the same data at both sites."""
    return journaled_pair(monkeypatch, "a", "b")


def proven(pair: CephPair, **options: Any) -> Any:
    provider = pair.provider()
    provider.demote(journaled(), "east")
    return provider.final_sync(journaled(**options), "east", "west")


def test_p3_journals_at_their_end_and_the_same_data_are_a_proof(pair: CephPair) -> None:
    proof = proven(pair)
    assert proof.holds
    assert "all data of each image at both sites" in proof.compared
    assert sorted(pair.digested) == ["a at east", "a at west", "b at east", "b at west"]


def test_p3_other_data_behind_journals_at_their_end_is_refused_with_where_it_begins(pair: CephPair) -> None:
    pair.digests["west", "b"] = ["b-0", "never written"]
    with pytest.raises(TerminalState) as refused:
        proven(pair)
    said = str(refused.value)
    assert "1 of 2 images do not hold east's data: rbd/b has other data in 1 of 2 parts of 128 MiB" in said
    assert "the first at 128 MiB" in said
    assert "rbd mirror image resync" in said


def test_p3_a_copy_of_another_size_is_refused(pair: CephPair) -> None:
    pair.digests["west", "a"] = ["a-0"]
    with pytest.raises(TerminalState, match="128 MiB in size instead of 256"):
        proven(pair)


def test_p3_what_cannot_be_read_is_no_proof(pair: CephPair) -> None:
    del pair.digests["west", "a"]
    with pytest.raises(Failed, match="read the images on image rbd/a at site west"):
        proven(pair)


def test_data_is_read_round_by_round_until_all_is_read(pair: CephPair) -> None:
    pair.parts_a_round = 1
    assert proven(pair).holds
    assert pair.digested.count("a at west") == 2


def test_who_watches_sees_how_much_is_to_be_read_and_how_far_each_site_is(pair: CephPair) -> None:
    pair.parts_a_round = 1
    proven(pair)
    assert pair.told[0] == "data compared 0/2 east (0.0 of 0.5 GiB), west (0.0 of 0.5 GiB)"
    assert pair.told[-1] == "data compared 2/2"
    between = pair.told[1:-1]
    assert any("(0.2 of 0.5 GiB)" in line for line in between)


def test_who_compares_positions_only_is_told_of_nothing(pair: CephPair) -> None:
    proven(pair, proof="positions")
    assert pair.told == []


@pytest.mark.parametrize(
    ("options", "reads"), [({"mode": "journal"}, True), ({"mode": "journal", "proof": "positions"}, False), ({}, False)]
)
def test_what_a_planned_move_would_read_is_known_before_it(pair: CephPair, options: Any, reads: bool) -> None:
    remedy = pair.provider().reading_remedy(group(**options), "east")
    assert ("proof: positions" in remedy) == reads


def test_p3_a_reading_that_does_not_end_in_time_is_no_proof(pair: CephPair) -> None:
    pair.parts_a_round = 0
    with pytest.raises(Timeout, match="2 of 2 images are not read: rbd/a: 0 of 256 MiB"):
        proven(pair, timeout="1s")


def test_who_asks_for_positions_only_has_no_data_read(pair: CephPair) -> None:
    pair.digests.clear()
    proof = proven(pair, proof="positions")
    assert proof.holds
    assert "all data" not in proof.compared


def test_snapshots_arrive_whole_so_nothing_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = impatient_pair(monkeypatch, "a")
    provider = pair.provider()
    provider.demote(group(), "east")
    assert provider.final_sync(group(), "east", "west").holds
    assert pair.digested == []


@pytest.mark.parametrize("proof", ["date", "", 1, ["data"]])
def test_p10_another_proof_is_refused_by_its_name(pair: CephPair, proof: Any) -> None:
    with pytest.raises(Refused, match="read option proof"):
        pair.provider().drain_all([journaled(proof=proof)], "east")


def test_p10_a_proof_of_snapshots_is_refused(pair: CephPair) -> None:
    with pytest.raises(Refused, match="read option proof"):
        pair.provider().drain_all([group(proof="data")], "east")
