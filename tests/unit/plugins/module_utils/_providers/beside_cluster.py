# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Worlds for products that are commanded beside the cluster, which has the claims and their volumes only."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import PV, PVC
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.names import protected_label
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.base import Provider
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ceph_rbd.provider import CephRbdProvider
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.nfs.provider import NfsProvider
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.registry import PROVIDERS
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.site_handle import SiteHandle
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.ceph_rbd.double import (
    DRIVER,
    group,
    impatient_pair,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.nfs.local_pair import Pair
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, plan_of

RBD = {"csi": {"driver": DRIVER, "volumeAttributes": {"pool": "rbd", "imageName": "disk-0"}}}
NFS = {"nfs": {"server": "192.0.2.10", "path": "/exports/payroll"}}


class Claimed:
    """Both sites have the claim, and its volume of this source."""

    def __init__(self, source: dict[str, Any]) -> None:
        self.plan = plan_of()
        self.apis = {site: MemoryApi(site) for site in ("east", "west")}
        meta = {"name": "disk-0", "namespace": "payroll", "labels": {protected_label("payroll"): "true"}}
        for api in self.apis.values():
            api.create(PV, {"metadata": {"name": "pv-disk-0"}, "spec": source})
            api.create(PVC, {"metadata": meta, "spec": {"volumeName": "pv-disk-0"}})

    def handles(self, **more: Any) -> dict[str, SiteHandle]:
        """more: by name the site's own."""
        of_sites = {site: {name: given[site] for name, given in more.items()} for site in self.apis}
        return {site: SiteHandle(site, self.plan, partial(self.apis.get, site), **of_sites[site]) for site in self.apis}


class CephWorld(Claimed):
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(RBD)
        self._pair = impatient_pair(monkeypatch, "disk-0")
        self.group = group(timeout="1s", sites={site: {"command": ["ssh", site]} for site in self.apis})

    @property
    def provider(self) -> CephRbdProvider:
        return CephRbdProvider(self.handles(run={site: self._pair.run(site) for site in self.apis}))


class NfsWorld(Claimed):
    """By ssh."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(NFS)
        self._pair = Pair(root, monkeypatch)
        self.group = self._pair.group

    @property
    def provider(self) -> NfsProvider:
        return NfsProvider(self.handles())


class Seen(Claimed):
    """Of a product whose verbs are playbooks that see no cluster, or that has none."""

    def __init__(self, name: str) -> None:
        super().__init__(NFS)
        self.group: Group = self.plan.groups[0]
        self.provider: Provider = PROVIDERS[name]()(self.handles())
