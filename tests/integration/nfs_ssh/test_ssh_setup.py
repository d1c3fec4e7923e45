# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Setting an export up on two servers that ssh commands, and the end of its replication."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict, DrError, NotFound, Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.nfs.control import control_for
from ansible_collections.ocpvirt.dr.tests.integration.nfs_ssh.pair import PROVIDER, Pair


def test_an_export_that_is_not_set_up_is_not_found(servers: Pair) -> None:
    with pytest.raises(NotFound):
        control_for("east", servers.group()).status()
    assert servers.status("east").health == "error"


def test_enable_sets_both_sides_up_and_a_minute_of_cron_replicates(servers: Pair) -> None:
    servers.write("vm-0/disk.img", b"first")
    assert PROVIDER.enable(servers.group(), "east", "west")
    assert not PROVIDER.enable(servers.group(), "east", "west")
    assert (servers.east.exported(), servers.west.exported()) == ("rw", "ro")
    assert servers.status("west").last_sync is None

    before = datetime.now(UTC).replace(microsecond=0)
    servers.east.cron_minute()
    servers.west.cron_minute()

    assert servers.west.content() == {"vm-0/disk.img": b"first"}
    for site, role, direction in (("east", "primary", "outgoing"), ("west", "secondary", "incoming")):
        status = servers.status(site)
        assert (status.role, status.health, status.direction) == (role, "healthy", direction), status
        assert status.last_sync
        assert before <= status.last_sync <= datetime.now(UTC)
        # cron's minute is said, not hidden
        assert (status.raw["interval_asked"], status.raw["interval_seconds"]) == (5, 60)


def test_a_secondary_with_content_is_not_taken(servers: Pair) -> None:
    servers.write("vm-9/disk.img", b"somebody's", servers.west)
    with pytest.raises(Conflict, match="not empty"):
        PROVIDER.enable(servers.group(), "east", "west")
    assert servers.west.content() == {"vm-9/disk.img": b"somebody's"}


def test_p8_the_end_of_replication_keeps_data_and_export(pair: Pair) -> None:
    before = pair.east.content()
    for site, server, mode in (("east", pair.east, "rw"), ("west", pair.west, "ro")):
        assert PROVIDER.disable(pair.group(), site)
        assert not PROVIDER.disable(pair.group(), site)
        assert server.exported() == mode
        assert server.content() == before
        assert not list((server.root / "cron.d").iterdir())
        assert sorted(path.name for path in (server.root / "state").iterdir()) == ["agent"]
    with pytest.raises(NotFound):
        control_for("east", pair.group()).status()


@pytest.mark.parametrize("name", ["a b", "a;touch x", "$(touch x)", "../x", "a.b", "-x", "a\nb", "", "'"])
def test_names_that_a_shell_could_read_are_refused(servers: Pair, name: str) -> None:
    before = sorted(servers.east.root.rglob("*"))
    with pytest.raises(Refused, match="export"):
        control_for("east", servers.group(name)).status()
    assert sorted(servers.east.root.rglob("*")) == before


def test_every_error_is_of_our_tree(servers: Pair) -> None:
    servers.east.export.rmdir()
    with pytest.raises(DrError, match="no directory on this server"):
        PROVIDER.enable(servers.group(), "west", "east")
