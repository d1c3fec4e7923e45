# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.run.check_store import CheckStore


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CheckStore:
    monkeypatch.setenv("OCPVIRT_DR_PROGRESS_DIR", str(tmp_path / "progress"))
    return CheckStore()


def test_p9_what_a_check_mode_run_records_is_read_back(store: CheckStore) -> None:
    store.put("r-1", "payroll", "capture", {"name": "payroll-east-1"})
    assert store.load("r-1", "capture") == {"name": "payroll-east-1"}


def test_p9_a_check_mode_run_has_a_head(store: CheckStore) -> None:
    store.put_head("r-1", "payroll", {"id": "r-1"})
    assert store.head("r-1") == {"id": "r-1"}


def test_what_was_never_recorded_is_none(store: CheckStore) -> None:
    assert (store.head("r-1"), store.load("r-1", "capture")) == (None, None)


def test_p9_runs_keep_apart(store: CheckStore) -> None:
    store.put("r-1", "payroll", "capture", 1)
    assert store.load("r-2", "capture") is None
