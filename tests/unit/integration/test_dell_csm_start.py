# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's Dell is started once both of its monitors have told how the group is."""

from __future__ import annotations

from contextlib import nullcontext

from ansible_collections.ocpvirt.dr.tests.integration.products import dell_csm
from ansible_collections.ocpvirt.dr.tests.integration.products.dell_csm import DEFINITION, DellCsm
from demo.storages import STORAGES

SITES = {
    site: {"kubeconfig": site, "storage_url": f"http://{site}", "nfs_server": site, "export_prefix": f"/{site}"}
    for site in ("east", "west")
}


class Cluster:
    """Its monitor has looked when it is asked for the third time."""

    def __init__(self, kubeconfig):
        self.asked = 0

    def list(self, kind):
        return [{"metadata": {"name": DEFINITION}}] if kind == "CustomResourceDefinition" else []

    def call(self, method, path, *_body):
        if method != "GET" or not path.endswith("/rg"):
            return {}
        self.asked += 1
        return {"status": {"replicationLinkState": {"isSource": True}} if self.asked > 2 else {}}


def test_a_group_is_there_when_both_monitors_have_looked(monkeypatch):
    monkeypatch.setattr(dell_csm, "Cluster", Cluster)
    monkeypatch.setattr(dell_csm, "control_loop", lambda *_loops: nullcontext())
    product = DellCsm(SITES, "rg", STORAGES["dell_csm"], ["db-0"])
    product.start()
    assert [cluster.asked for cluster in product._clusters.values()] == [3, 3]
