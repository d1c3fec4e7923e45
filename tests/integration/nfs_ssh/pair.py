# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two NFS servers with real sshd and rsync, commanded by provider nfs; they need no lab."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.api import Api
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Unreachable
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.selector import LabelSelector
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.nfs.provider import NfsProvider
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.site_handle import SiteHandle
from ansible_collections.ocpvirt.dr.tests.integration.nfs_servers import NfsServer
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of


def no_api() -> Api:
    raise Unreachable("connect", seen="there is no cluster here")


PROVIDER = NfsProvider({name: SiteHandle(name, plan_of(), no_api) for name in ("east", "west")})


@dataclass
class Pair:
    east: NfsServer
    west: NfsServer

    def group(self, export: str = "payroll", **east: Any) -> Group:
        sites = {"east": {**self.east.options(), **east}, "west": self.west.options()}
        return Group("payroll", LabelSelector(), options={"export": export, "interval": 5, "sites": sites})

    def status(self, site: str) -> GroupStatus:
        return PROVIDER.observe(self.group(), site)

    def write(self, name: str, content: bytes, server: NfsServer | None = None) -> None:
        file = (server or self.east).export / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(content)

    def push(self, server: NfsServer | None = None) -> None:
        done = (server or self.east).agent("push")
        assert json.loads(done.stdout) == {"pushed": True}, done

    def lose_east_and_promote_west(self) -> None:
        self.east.stop()
        assert PROVIDER.promote(self.group(), "west", forced=True)
