# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode asks a server with a replication API, and asks it for no change."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.foretelling import would_change
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.foretold import foretelling
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.nfs.api_pair import SECONDARY, api_pair
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.nfs.test_http_api import Said


@pytest.mark.parametrize(
    ("verb", "seen", "told"),
    [
        ("pause", {}, True),
        ("pause", {"paused": True}, False),
        ("resume", {}, False),
        ("resume", {"paused": True}, True),
        ("resync", {}, False),
        ("resync", {"health": "diverged", "direction": "none"}, True),
    ],
)
def test_p9_what_a_verb_would_ask_an_api_for_is_told_by_what_it_reads(verb: str, seen: Any, told: bool) -> None:
    with api_pair("a") as pair:
        pair.west.answers = [Said(body={**SECONDARY, **seen})]
        asked = getattr(foretelling(pair.provider), verb)
        assert would_change(lambda: asked(pair.groups[0], "west")) is told
        assert {request.split()[0] for request in pair.requests} == {"GET"}
