# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An export of the lab's servers that rsync replicates, commanded by ssh."""

from __future__ import annotations

import subprocess
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.base import Provider
from ansible_collections.ocpvirt.dr.tests.integration.rigs.nfs import EXPORT, SETTLED_WITHIN, NfsRig
from ansible_collections.ocpvirt.dr.tests.integration.rigs.texts import put
from demo.cluster import wait_until
from demo.lab import Lab
from demo.storages import STORAGES
from demo.storages.nfs_ssh import folder_of

# nothing listens there
CLOSED_PORT = "9"
SITES = ("east", "west")


class NfsSshRig(NfsRig):
    server = "sshd"

    def __init__(self, lab: Lab) -> None:
        super().__init__(lab, STORAGES["nfs_ssh"])
        with ExitStack() as cut_off:
            cut_off.callback(self.remove)
            for site in SITES:
                folder_of(self._sites[site], EXPORT).mkdir()
            cut_off.pop_all()

    def write(self, site: str, text: str) -> None:
        self._folder(site).mkdir(exist_ok=True)
        put(self._folder(site), text)

    def await_arrived(self, site: str) -> None:
        """By transfers that are asked for, as cron would, and not waited for."""
        (source,) = set(SITES) - {site}
        asked = datetime.now(UTC)

        def missing() -> list[str]:
            said = self._push(source)
            seen = self.provider.observe(self.group, site)
            return [] if seen.last_sync and seen.last_sync >= asked else [f"{seen.last_sync} {seen.message} {said}"]

        wait_until("the next transfer", SETTLED_WITHIN, missing)

    def without_answer(self, site: str) -> tuple[Provider, Group]:
        options = self._sites[site]["ssh"]["ssh_options"]
        return self._changed(site, ssh_options=[*options[:1], CLOSED_PORT, *options[2:]])

    def _remove_at(self, site: str) -> None:
        with ExitStack() as ends:
            ends.callback(super()._remove_at, site)
            ends.callback(self._unlist, site)
            self.provider.disable(self.group, site)

    def _unlist(self, site: str) -> None:
        for listed in Path(self._sites[site]["ssh"]["exports_dir"]).glob(f"ocpvirt-dr-{EXPORT}.*"):
            listed.unlink()

    def _push(self, site: str) -> str:
        ssh = self._sites[site]["ssh"]
        agent = f"sh {ssh['state_dir']}/agent {ssh['state_dir']} push {EXPORT}"
        done = subprocess.run(
            ["ssh", "-o", "BatchMode=yes", *ssh["ssh_options"], ssh["ssh"], agent],
            capture_output=True,
            text=True,
            timeout=SETTLED_WITHIN,
            check=False,
        )
        return f"{done.stdout}{done.stderr}".strip()
