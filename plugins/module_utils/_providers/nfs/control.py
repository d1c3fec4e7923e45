# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How an NFS server is commanded, behind one small protocol."""

from __future__ import annotations

from typing import Any, Protocol

from ..._errors import Refused
from ..._model.plan import Group
from ..command import Runner, run_command
from ..group_options import seconds_of
from . import http_api
from . import ssh as nfs_ssh
from .http_api import HttpControl
from .options import options_of
from .ssh import SshControl


class NfsControl(Protocol):
    """One export on one server. status: role, health, direction, last_sync, paused, epoch, error.

    Every verb can be done twice, so a server that restarts or is busy is asked again; only `look` is for a site that
    may be dead.
    """

    def look(self) -> dict[str, Any]:
        """The status, from a server that answers at once."""

    def status(self) -> dict[str, Any]:
        """What the server says of the export."""

    def create(self, role: str, peer: str, interval: int) -> bool:
        """Make the export, or its settings what they should be; whether something was changed."""

    def remove(self) -> bool:
        """End its replication; its data stays, and so does the export of a primary. Whether it was replicated."""

    def promote(self, forced: bool) -> dict[str, Any]:
        """Make it writable; forced: without the word of the peer. The status that it has then."""

    def rule_out(self) -> None:
        """Refuse a planned promotion that was asked for before now, and refuse this where one has been done."""

    def demote(self) -> None:
        """Make it read-only from now on."""

    def sync(self) -> dict[str, Any]:
        """Send the rest and compare: digest_local, digest_peer, compared, files, bytes, at."""

    def resync(self) -> None:
        """Throw the content away and take the peer's."""

    def set_paused(self, paused: bool) -> None:
        """Stop the transfer, or go on with it."""

    def clone(self, name: str) -> dict[str, Any]:
        """Have a writable copy of the content exported beside it: its path, and taken. One that is there stays."""

    def unclone(self, name: str) -> bool:
        """Withdraw that copy and remove its data; whether there was one."""


def control_for(
    site: str, group: Group, run: Runner = run_command, patience: float | None = None, foretells: bool = False
) -> NfsControl:
    """patience: seconds of a look, where that is less than usual; of what is run its runner sees to it.

    foretells: see `SiteHandle`.
    """
    options = options_of(group, site)
    export = export_of(group, site)
    if "control" in options:
        transfer = seconds_of(group, site, options, "timeout", http_api.TRANSFER)
        return HttpControl(site, options["control"], export, transfer, patience=patience, foretells=foretells)
    if "ssh" in options:
        transfer = seconds_of(group, site, options, "timeout", nfs_ssh.TRANSFER)
        return SshControl(site, export, options, _other(group, site), transfer, run, foretells=foretells)
    raise Refused(
        "reach the NFS server",
        site=site,
        on=f"group {group.name}",
        seen=f"options.sites.{site} has {', '.join(sorted(options)) or 'nothing'}",
        wanted="control: URL of the server's replication API, or ssh: user@host of a Linux NFS server",
        next_step=f"set one of them below replication.groups[].options.sites.{site} in the plan",
    )


def export_of(group: Group, site: str) -> str:
    return str(group.options_at(site).get("export", group.name))


def _other(group: Group, site: str) -> dict[str, Any]:
    """The options of the group's other site."""
    others = [name for name in group.options.get("sites", {}) if name != site]
    return group.options_at(others[0]) if len(others) == 1 else {}
