# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode says of each group's final sync what it would read."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.replication import replication
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.site_handle import ClaimedVolume
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, MemorySession, plan_of


class Storage:
    """volumes: sizes of those whose data a move reads."""

    def __init__(self, *sizes: str) -> None:
        self.volumes = [ClaimedVolume({}, {"spec": {"capacity": {"storage": size}}}) for size in sizes]

    def read_in_move(self, _group: Any, site: str) -> list[ClaimedVolume]:
        assert site == "east"
        return self.volumes


def said(monkeypatch: pytest.MonkeyPatch, storage: Storage) -> str:
    session: Any = MemorySession(MemoryApi())
    session.groups = storage
    monkeypatch.setattr(replication, "Session", session)
    (decision,) = replication.prove_sync(plan_of(), "r-1", check_mode=True)["decisions"]
    return str(decision)


def test_p9_what_a_final_sync_would_read_is_said_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    decision = said(monkeypatch, Storage("20Gi", "4Gi"))
    assert decision.startswith("payroll: final sync; up to 24.0 GiB are read at each site with all VMs off")


def test_a_final_sync_that_reads_nothing_says_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    assert said(monkeypatch, Storage()) == "payroll: final sync"
