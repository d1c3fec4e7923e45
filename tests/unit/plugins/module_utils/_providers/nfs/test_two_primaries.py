# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both sides of an export are primary: a planned promotion says so, whatever the server is reached by."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import DrError, Refused, TerminalState
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.selector import LabelSelector
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.nfs.provider import NfsProvider
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.site_handle import SiteHandle
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.nfs.local_pair import Pair
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.nfs.test_http_api import (
    HEALTHY,
    Said,
    Server,
    exports,
    reason,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, plan_of

PRIMARY = {**HEALTHY, "role": "primary", "direction": "outgoing", "paused": False}


@pytest.fixture
def parted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pair:
    """Two servers reached by ssh, both primary."""
    pair = Pair(tmp_path, monkeypatch)
    pair.east.write(b"first")
    pair.push()
    pair.part()
    return pair


@pytest.fixture
def east() -> Iterator[Server]:
    made = Server()
    yield made
    made.end()


@pytest.fixture
def west() -> Iterator[Server]:
    made = Server()
    yield made
    made.end()


def by_api(east: Server, west: Server, *names: str) -> tuple[NfsProvider, list[Group]]:
    """names: of the groups; two by default."""
    sites = {"east": {"control": east.url}, "west": {"control": west.url}}
    groups = [Group(name, LabelSelector(), options={"sites": sites}) for name in names or "ab"]
    return NfsProvider({name: SiteHandle(name, plan_of(), MemoryApi) for name in sites}), groups


@pytest.mark.parametrize("site", ["east", "west"])
def test_p1_two_primaries_by_ssh_are_named_split_brain_with_a_remedy(parted: Pair, site: str) -> None:
    before = (parted.east.state(), parted.west.state())
    with pytest.raises(TerminalState, match="split-brain") as refused:
        parted.provider.promote(parted.group, site, forced=False)
    assert "reprotect with dr_target=" in (refused.value.next_step or "")
    assert (parted.east.state(), parted.west.state()) == before


def test_p1_two_primaries_by_the_api_are_named_split_brain_with_a_remedy(east: Server, west: Server) -> None:
    nfs, (group, _other) = by_api(east, west)
    east.answers = west.answers = [Said(body=PRIMARY)]
    with pytest.raises(TerminalState, match="split-brain") as refused:
        nfs.promote(group, "west", forced=False)
    assert "reprotect with dr_target=" in (refused.value.next_step or "")
    assert {request.split()[0] for request in [*east.requests, *west.requests]} == {"GET"}


def test_p1_of_many_groups_those_with_two_primaries_are_named_before_any_is_promoted(
    east: Server, west: Server
) -> None:
    nfs, groups = by_api(east, west)
    west.answers = [exports(role="primary")]
    mixed = exports()
    mixed.body["exports"][1]["role"] = "primary"
    east.answers = [mixed]
    with pytest.raises(TerminalState, match="split-brain: primary at east and at west: b"):
        nfs.promote_all(groups, "west", forced=False)
    assert (east.requests, west.requests) == (["GET /v1/exports"], ["GET /v1/exports"])


def test_p10_of_many_groups_with_two_primaries_a_few_are_named_and_the_rest_is_counted(
    east: Server, west: Server
) -> None:
    names = [f"group-{number}" for number in range(40)]
    nfs, groups = by_api(east, west, *names)
    east.answers = west.answers = [Said(body={"exports": [{**PRIMARY, "name": name} for name in names]})]
    with pytest.raises(TerminalState) as refused:
        nfs.promote_all(groups, "west", forced=False)
    named = "group-0, group-1, group-2 and 37 more"
    assert refused.value.seen == f"split-brain: primary at east and at west: {named}"


def test_p4_a_primary_whose_peer_is_silent_stays_primary(east: Server, west: Server) -> None:
    nfs, (group, _other) = by_api(east, west)
    west.answers = [Said(body=PRIMARY)]
    east.answers = [Said(0)]
    assert not nfs.promote(group, "west", forced=False)


def test_p4_a_forced_promotion_does_not_ask_the_peer(east: Server, west: Server) -> None:
    nfs, (group, _other) = by_api(east, west)
    west.answers = [Said(body=PRIMARY)]
    assert not nfs.promote(group, "west", forced=True)
    assert east.requests == []


@pytest.mark.parametrize(
    ("refusal", "kind", "next_step"),
    [
        ("PeerIsPrimary", Refused, "demote the group at the other site"),
        ("Diverged", TerminalState, "resync it there"),
        ("NotSynced", Refused, "promote the demoted side again"),
    ],
)
def test_p10_a_promotion_that_the_server_refuses_says_what_to_do(
    east: Server, west: Server, refusal: str, kind: type[DrError], next_step: str
) -> None:
    nfs, (group, _other) = by_api(east, west)
    west.answers = [Said(body={**PRIMARY, "role": "secondary"}), reason(409, refusal)]
    with pytest.raises(kind) as refused:
        nfs.promote(group, "west", forced=False)
    assert next_step in (refused.value.next_step or "")


def test_p10_a_copy_that_never_arrived_is_not_promoted_by_force_through_the_api(east: Server, west: Server) -> None:
    nfs, (group, _other) = by_api(east, west)
    west.answers = [Said(body={**HEALTHY, "paused": False, "last_sync": None})]
    with pytest.raises(Refused, match="no whole copy") as refused:
        nfs.promote(group, "west", forced=True)
    assert "restore" in (refused.value.next_step or "")
    assert west.requests == ["GET /v1/exports/a"]
