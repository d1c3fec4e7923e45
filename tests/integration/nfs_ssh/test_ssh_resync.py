# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A side that was given up, and comes back: how it is told, and what ends it."""

from __future__ import annotations

import json

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused, TerminalState
from ansible_collections.ocpvirt.dr.tests.integration.nfs_ssh.pair import PROVIDER, Pair


def test_a_returning_side_is_diverged_until_its_resync(pair: Pair) -> None:
    pair.lose_east_and_promote_west()
    pair.write("vm-0/disk.img", b"new life at west", pair.west)
    pair.write("vm-2/disk.img", b"never arrived", pair.east)
    pair.east.start()

    assert pair.status("east").health == "diverged"
    assert "needs a resync" in pair.status("west").message
    before = pair.east.content()
    for server in (pair.west, pair.east):
        assert json.loads(server.agent("push").stdout)["error"]["reason"] == "PeerIsPrimary"
    assert pair.east.content() == before
    assert PROVIDER.demote(pair.group(), "east")
    with pytest.raises(TerminalState):
        PROVIDER.promote(pair.group(), "east", forced=False)
    assert json.loads(pair.west.agent("push").stdout)["error"]["reason"] == "Diverged"
    assert pair.east.content() == before

    assert PROVIDER.resync(pair.group(), "east")
    assert pair.east.content() == pair.west.content()
    assert pair.east.exported() == "ro"
    assert (pair.status("east").health, pair.status("east").direction) == ("healthy", "incoming")
    pair.push(pair.west)
    assert pair.status("west").health == "healthy"
    PROVIDER.resync(pair.group(), "east")
    assert pair.east.content() == pair.west.content()


def test_divergence_is_remembered_when_the_peer_is_gone_again(pair: Pair) -> None:
    pair.lose_east_and_promote_west()
    pair.east.start()
    pair.east.cron_minute()
    pair.west.stop()
    assert pair.status("east").health == "diverged"


def test_a_healthy_primary_is_not_resynced(pair: Pair) -> None:
    with pytest.raises(Refused):
        PROVIDER.resync(pair.group(), "east")
    assert pair.east.exported() == "rw"
