# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A promotion of what is primary already: of one primary it is done, of two a planned one is split-brain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import TerminalState
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.nfs.api_pair import (
    PRIMARY,
    SECONDARY,
    ApiPair,
    api_pair,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.nfs.local_pair import Pair
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.nfs.test_http_api import (
    Said,
    exports,
    reason,
)

# at west; forced or not
Promote = Callable[[ApiPair, bool], bool]


@pytest.fixture
def parted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pair:
    """Two servers reached by ssh, both primary."""
    pair = Pair(tmp_path, monkeypatch)
    pair.east.write(b"first")
    pair.push()
    pair.part()
    return pair


@pytest.fixture
def pair() -> Iterator[ApiPair]:
    """Two servers with an API; west is primary, and fenced."""
    with api_pair() as made:
        made.west.answers = [Said(body={**PRIMARY, "paused": True})]
        yield made


@pytest.fixture(params=["promote", "promote_all"])
def promote(request: pytest.FixtureRequest) -> Promote:
    def at_west(pair: ApiPair, forced: bool) -> bool:
        if request.param == "promote":
            return pair.provider.promote(pair.groups[0], "west", forced)
        return pair.provider.promote_all(pair.groups[:1], "west", forced)[0]

    return at_west


@pytest.mark.parametrize("site", ["east", "west"])
def test_p1_two_primaries_by_ssh_are_named_split_brain_with_a_remedy(parted: Pair, site: str) -> None:
    before = (parted.east.state(), parted.west.state())
    with pytest.raises(TerminalState, match="split-brain") as refused:
        parted.provider.promote(parted.group, site, forced=False)
    assert "reprotect with dr_target=" in (refused.value.next_step or "")
    assert (parted.east.state(), parted.west.state()) == before


def test_p1_two_primaries_by_the_api_are_named_split_brain_with_a_remedy(pair: ApiPair, promote: Promote) -> None:
    pair.east.answers = [Said(body=PRIMARY)]
    with pytest.raises(TerminalState, match=r"split-brain: primary at east and at west.*reprotect") as refused:
        promote(pair, False)
    assert "reprotect with dr_target=" in (refused.value.next_step or "")
    # what fences it stays
    assert {request.split()[0] for request in pair.requests} == {"GET"}


def test_p1_of_many_groups_those_with_two_primaries_are_named_before_any_is_promoted(pair: ApiPair) -> None:
    pair.west.answers = [exports(role="primary")]
    mixed = exports()
    mixed.body["exports"][1]["role"] = "primary"
    pair.east.answers = [mixed]
    with pytest.raises(TerminalState, match="split-brain: primary at east and at west: b"):
        pair.provider.promote_all(pair.groups, "west", forced=False)
    assert (pair.east.requests, pair.west.requests) == (["GET /v1/exports"], ["GET /v1/exports"])


def test_p10_of_many_groups_with_two_primaries_a_few_are_named_and_the_rest_is_counted() -> None:
    names = [f"group-{number}" for number in range(40)]
    with api_pair(names) as pair:
        both = Said(body={"exports": [{**PRIMARY, "name": name} for name in names]})
        pair.east.answers, pair.west.answers = [both], [both]
        with pytest.raises(TerminalState) as refused:
            pair.provider.promote_all(pair.groups, "west", forced=False)
    named = "group-0, group-1, group-2 and 37 more"
    assert refused.value.seen == f"split-brain: primary at east and at west: {named}"


@pytest.mark.parametrize(
    "east", [Said(body=SECONDARY), Said(0), reason(404, "NotFound")], ids=["secondary", "silent", "without"]
)
def test_p5_a_promotion_that_is_done_stays_done(pair: ApiPair, promote: Promote, east: Said) -> None:
    """Also where the peer is silent, as P4 has it."""
    pair.west.answers = [Said(body=PRIMARY)]
    pair.east.answers = [east]
    assert not promote(pair, False)


def test_p4_a_forced_promotion_does_not_ask_the_peer(pair: ApiPair, promote: Promote) -> None:
    pair.west.answers = [Said(body=PRIMARY)]
    pair.east.answers = [Said(body=PRIMARY)]
    assert not promote(pair, True)
    assert pair.east.requests == []
