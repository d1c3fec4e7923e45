# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that ssh does not reach, or is refused by."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Unreachable
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.nfs.control import control_for
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.nfs.ssh import STATUS_TIMEOUT
from ansible_collections.ocpvirt.dr.tests.integration.nfs_servers import make_key
from ansible_collections.ocpvirt.dr.tests.integration.nfs_ssh.pair import Pair


def test_an_unreachable_server_is_a_status_within_its_deadline(pair: Pair) -> None:
    pair.west.stop()
    began = time.monotonic()
    status = pair.status("west")
    assert (status.reachable, status.role) == (False, "unknown")
    east = pair.status("east")
    assert (east.role, east.health) == ("primary", "degraded")
    assert time.monotonic() - began < STATUS_TIMEOUT


def test_a_server_that_takes_the_connection_and_is_silent_is_unreachable(pair: Pair) -> None:
    pair.west.stop()
    with socket.create_server(("127.0.0.1", pair.west.port)):
        began = time.monotonic()
        assert not pair.status("west").reachable
        assert not pair.status("east").raw["peer_reachable"]
        assert time.monotonic() - began < 2 * STATUS_TIMEOUT


def test_a_refused_key_is_unreachable_and_not_shown(servers: Pair, tmp_path: Path) -> None:
    other = make_key(tmp_path / "other")
    options = servers.east.options()["ssh_options"]
    options[3] = str(other)
    with pytest.raises(Unreachable, match="Permission denied") as refused:
        control_for("east", servers.group(ssh_options=options)).status()
    assert str(other) not in str(refused.value)
    assert other.read_text().splitlines()[1] not in str(refused.value)
