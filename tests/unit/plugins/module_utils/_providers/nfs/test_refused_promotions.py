# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A promotion that a server with an API refuses, or must not be asked for, says what to do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import DrError, Refused, TerminalState
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.nfs.api_pair import (
    SECONDARY,
    ApiPair,
    api_pair,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.nfs.test_http_api import Said, reason


@pytest.fixture
def pair() -> Iterator[ApiPair]:
    with api_pair() as made:
        yield made


@pytest.mark.parametrize(
    ("refusal", "kind", "next_step"),
    [
        ("PeerIsPrimary", Refused, "demote the group at the other site"),
        ("Diverged", TerminalState, "resync it there"),
        ("NotSynced", Refused, "promote the demoted side again"),
    ],
)
def test_p10_a_promotion_that_the_server_refuses_says_what_to_do(
    pair: ApiPair, refusal: str, kind: type[DrError], next_step: str
) -> None:
    pair.west.answers = [Said(body=SECONDARY), reason(409, refusal)]
    with pytest.raises(kind) as refused:
        pair.provider.promote(pair.groups[0], "west", forced=False)
    assert next_step in (refused.value.next_step or "")


def test_p10_a_copy_that_never_arrived_is_not_promoted_by_force_through_the_api(pair: ApiPair) -> None:
    pair.west.answers = [Said(body={**SECONDARY, "last_sync": None})]
    with pytest.raises(Refused, match="no whole copy") as refused:
        pair.provider.promote(pair.groups[0], "west", forced=True)
    assert "restore" in (refused.value.next_step or "")
    assert pair.west.requests == ["GET /v1/exports/a"]
