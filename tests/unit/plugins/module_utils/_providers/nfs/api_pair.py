# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two NFS servers with a replication API, each a double that answers in turn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.selector import LabelSelector
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.nfs.provider import NfsProvider
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.site_handle import SiteHandle
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.nfs.test_http_api import HEALTHY, Server
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, plan_of

PRIMARY = {**HEALTHY, "role": "primary", "direction": "outgoing", "paused": False}
SECONDARY = {**HEALTHY, "paused": False}


@dataclass
class ApiPair:
    """names: of the groups, each of which has an export."""

    east: Server
    west: Server
    names: Sequence[str]
    provider: NfsProvider = field(init=False)
    groups: list[Group] = field(init=False)

    def __post_init__(self) -> None:
        sites = {"east": {"control": self.east.url}, "west": {"control": self.west.url}}
        self.groups = [Group(name, LabelSelector(), options={"sites": sites}) for name in self.names]
        self.provider = NfsProvider({name: SiteHandle(name, plan_of(), MemoryApi) for name in sites})

    @property
    def requests(self) -> list[str]:
        return [*self.east.requests, *self.west.requests]


@contextmanager
def api_pair(names: Sequence[str] = "ab") -> Iterator[ApiPair]:
    servers = (Server(), Server())
    try:
        yield ApiPair(*servers, names)
    finally:
        for server in servers:
            server.end()
