# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The primaries of NFS and Ceph send, whoever listens: after a failover from a dead site nothing replicates."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.guards.phase import phase_of
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.ceph_rbd.double import (
    group,
    impatient_pair,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.nfs.local_pair import Pair

SILENT_PEER = {"state": "stopped", "up": False, "description": "down", "at": "2026-11-22T10:30:20"}


def test_nfs_by_ssh_after_a_failover_from_a_dead_site(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = Pair(tmp_path, monkeypatch)
    pair.east.write(b"one")
    pair.push()
    pair.east.lose()
    pair.provider.promote(pair.group, "west", forced=True)
    assert phase_of("east", "west", [pair.status("east")], [pair.status("west")]) == "failed_over"


def test_ceph_rbd_after_a_failover_from_a_dead_site(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = impatient_pair(monkeypatch, "a")
    pair.pv_sites = {"west"}
    pair.silent = {"east"}
    pair.provider().promote(group(), "west", forced=True)
    pair.images["west"]["a"]["peers"] = [SILENT_PEER]
    provider = pair.provider()
    at_home, at_away = (provider.observe(group(), site) for site in ("east", "west"))
    assert phase_of("east", "west", [at_home], [at_away]) == "failed_over"
