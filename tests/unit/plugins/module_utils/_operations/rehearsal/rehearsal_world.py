# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that rehearses payroll at west, where everything is in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group, Plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run import CLEANUP, REHEARSAL
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.base import Capabilities, Clones
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, MemorySession, plan_of

PLAN = plan_of()
SPACE = "payroll-rehearsal"
RUN = "payroll-rehearsal-west-20260301120000-ab12"
ROOT = "/dr/payroll"


class CopyingProvider:
    """Replicates what lies below ROOT, and copies it. copies: the names of those that exist."""

    name = "copying"
    capabilities = Capabilities(clones=True)

    def __init__(self) -> None:
        self.copies: set[str] = set()

    def covers(self, _group: Group, _site: str, pv: Mapping[str, Any]) -> bool:
        return str(pv["spec"]["nfs"]["path"]).startswith(f"{ROOT}/")

    def clone(self, _group: Group, _site: str, name: str, volumes: Sequence[Mapping[str, Any]]) -> Clones:
        self.copies.add(name)
        copies = {
            pv["metadata"]["name"]: {"nfs": {"server": "west", "path": pv["spec"]["nfs"]["path"].replace(ROOT, name)}}
            for pv in volumes
        }
        return Clones(copies)

    def unclone(self, _group: Group, _site: str, name: str) -> bool:
        found = name in self.copies
        self.copies.discard(name)
        return found


class KubeVirtApi(MemoryApi):
    """forced: VMs that were asked to end without any patience; none does by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.forced: list[str] = []

    def put_subresource(self, _path: str, body: dict[str, Any], on: str) -> None:
        assert body == {"gracePeriod": 0}
        self.forced.append(on)


class Replicated:
    """The plan's groups, all of one product."""

    def __init__(self, plan: Plan, provider: CopyingProvider) -> None:
        self.plan, self._provider = plan, provider

    def provider(self, _group: Group) -> CopyingProvider:
        return self._provider

    def check_covered(self, site: str, _pvc: Mapping[str, Any], pv: Mapping[str, Any]) -> None:
        assert self._provider.covers(self.plan.groups[0], site, pv)

    def of_claim(self, _pvc: Mapping[str, Any]) -> Group:
        return self.plan.groups[0]


class RehearsingSession(MemorySession):
    def __init__(self, api: MemoryApi, operation: str = REHEARSAL, check_mode: bool = False) -> None:
        super().__init__(api, PLAN, check_mode)
        self.run = replace(self.run, id=RUN, operation=operation)
        self.product = CopyingProvider()
        self.groups = Replicated(PLAN, self.product)
        self.here = [GroupStatus("payroll", "west", "secondary", "healthy", "incoming")]
        self.there = [GroupStatus("payroll", "east", "primary", "healthy", "outgoing")]


def cleaning(api: MemoryApi, check_mode: bool = False) -> RehearsingSession:
    return RehearsingSession(api, CLEANUP, check_mode)


def pv_of(name: str, path: str, space: str = SPACE) -> dict[str, Any]:
    spec = {"nfs": {"server": "west", "path": path}, "claimRef": {"namespace": space, "name": name}}
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": f"pv-{name}"}, "spec": spec}
