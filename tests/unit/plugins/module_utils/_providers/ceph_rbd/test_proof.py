# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proof of a final sync, shown with the demoted source by looking at both sites."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.selector import LabelSelector
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.ceph_rbd.double import (
    CephPair,
    group,
    impatient_pair,
)


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> CephPair:
    return impatient_pair(monkeypatch, "a", "b", "c")


def tell_of_no_primary(pair: CephPair, *sites: str) -> None:
    """As rbd-mirror does once both sides are demoted."""
    for facts in [facts for site in sites for facts in pair.images[site].values()]:
        facts["status"] = {**facts["status"], "state": "unknown", "description": "remote image is not primary"}


def test_a_proof_is_shown_by_the_demoted_source_alone(pair: CephPair) -> None:
    tell_of_no_primary(pair, "east", "west")
    pair.provider().demote(group(), "east")
    source, target = (pair.provider().observe(group(), site) for site in ("east", "west"))
    assert source.sync_proof == "3 volumes, each: the other site holds its snapshot 9"
    assert (source.health, source.role) == ("healthy", "secondary")
    assert (target.sync_proof, target.health) == ("", "degraded")
    pair.silent = {"west"}
    alone = pair.provider().observe(group(), "east")
    assert (alone.role, alone.sync_proof) == ("secondary", "")
    assert "no proof" in alone.message


def test_one_look_at_both_sites_proves_all_demoted_groups(pair: CephPair) -> None:
    groups = [Group(name, LabelSelector({"image": name})) for name in "abc"]
    tell_of_no_primary(pair, "east", "west")
    pair.provider().demote_all(groups[:2], "east")
    pair.looks.clear()
    statuses = pair.provider().observe_all(groups, "east")
    assert sorted(pair.looks) == ["east", "east", "west"]
    proof = "1 volumes, each: the other site holds its snapshot 9"
    assert [(status.role, status.sync_proof) for status in statuses] == [
        ("secondary", proof),
        ("secondary", proof),
        ("primary", ""),
    ]


def test_who_asks_for_no_proof_of_demoted_groups_asks_one_cluster_once(pair: CephPair) -> None:
    tell_of_no_primary(pair, "east")
    pair.provider().demote(group(), "east")
    pair.looks.clear()
    (status,) = pair.provider().observe_roles([group()], "east")
    assert (status.role, status.sync_proof, pair.looks) == ("secondary", "", ["east"])


def test_a_group_that_cannot_be_proven_does_not_keep_others_from_their_proof(pair: CephPair) -> None:
    groups = [Group(name, LabelSelector({"image": name})) for name in "abc"]
    tell_of_no_primary(pair, "east", "west")
    pair.provider().demote_all(groups, "east")
    del pair.images["west"]["b"]
    statuses = pair.provider().observe_all(groups, "east")
    assert [bool(status.sync_proof) for status in statuses] == [True, False, True]
    assert "no proof" in statuses[1].message
    assert "no image rbd/b" in statuses[1].message


def test_bad_options_of_the_other_site_cost_the_proof_and_not_the_status(pair: CephPair) -> None:
    tell_of_no_primary(pair, "east", "west")
    pair.provider().demote(group(), "east")
    status = pair.provider().observe(group(sites={"west": {"mode": "x"}}), "east")
    assert (status.role, status.sync_proof) == ("secondary", "")
    assert "no proof: " in status.message
    assert "option mode" in status.message
