# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's hub of Ramen goes on without a cluster that is lost."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.tests.integration.products import ramen
from ansible_collections.ocpvirt.dr.tests.integration.products.ramen import Ramen, Stays
from requests import ConnectTimeout

SITES = {site: {"kubeconfig": site, "storage_url": f"http://{site}"} for site in ("east", "west")}


class Cluster:
    def __init__(self, kubeconfig):
        self.lost = False
        self.asked = 0

    def call(self, *_arguments):
        self.asked += 1
        if self.lost:
            raise ConnectTimeout
        return {"metadata": {"generation": 1}}


@pytest.fixture
def product(monkeypatch):
    monkeypatch.setattr(ramen, "Cluster", Cluster)
    return Ramen(SITES, "payroll", [], Stays())


def test_a_lost_cluster_is_not_waited_for_at_each_look(product):
    """A failover that asked it each time would take minutes, of questions that nobody answers."""
    east = product._clusters["east"]
    east.lost = True
    assert [set(product._views()) for _look in range(5)] == [{"west"}] * 5
    assert east.asked == 1


def test_a_cluster_that_is_back_is_seen_again(product, monkeypatch):
    product._clusters["east"].lost = True
    product._views()
    product._clusters["east"].lost = False
    later = ramen.time.monotonic() + ramen.RETURNS_AFTER
    monkeypatch.setattr(ramen.time, "monotonic", lambda: later)
    assert set(product._views()) == {"east", "west"}
