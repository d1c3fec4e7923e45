# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.ocpvirt.dr.tests.integration.nfs_servers import NfsServer, make_key
from ansible_collections.ocpvirt.dr.tests.integration.nfs_ssh.pair import PROVIDER, Pair


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Pair]:
    """Two servers on which nothing is set up."""
    key = make_key(tmp_path / "key")
    pair = Pair(NfsServer(tmp_path / "east", key), NfsServer(tmp_path / "west", key))
    try:
        for server in (pair.east, pair.west):
            server.start()
        yield pair
    finally:
        for server in (pair.east, pair.west):
            server.stop()


@pytest.fixture
def pair(servers: Pair) -> Pair:
    """East is primary and has been replicated once."""
    servers.write("vm-0/disk.img", os.urandom(3_000_000))
    servers.write("vm-1/disk with 'quotes' and $(touch x).img", b"disk")
    assert PROVIDER.enable(servers.group(), "east", "west")
    servers.push()
    return servers
