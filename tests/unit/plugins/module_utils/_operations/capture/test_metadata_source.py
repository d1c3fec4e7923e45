# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which source a plan means, and where the keys of its store come from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._metadata import export_s3
from ansible_collections.ocpvirt.dr.plugins.module_utils._metadata.export import ExportSource
from ansible_collections.ocpvirt.dr.plugins.module_utils._metadata.gitops import GitopsSource
from ansible_collections.ocpvirt.dr.plugins.module_utils._metadata.oadp import OadpSource
from ansible_collections.ocpvirt.dr.plugins.module_utils._metadata.vendor import VendorSource
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.capture.metadata_source import (
    makes_volumes,
    needs_of,
    restores,
    source_of,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, plan_of


def exporting(**export: Any) -> Plan:
    return plan_of(metadata={"source": "export", "export": export})


def s3(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "secret").write_text("wJalrXUtnFEMI\n")
    return {
        "endpoint": "https://s3.example.org",
        "bucket": "disaster",
        "access_key_env": "DR_ACCESS",
        "secret_key_file": str(tmp_path / "secret"),
    }


def test_a_plan_that_says_nothing_means_velero() -> None:
    assert isinstance(source_of(plan_of()), OadpSource)
    assert needs_of(plan_of()) == {"velero"}


def test_an_export_needs_no_product(tmp_path: Path) -> None:
    plan = exporting(directory=str(tmp_path))
    assert isinstance(source_of(plan), ExportSource)
    assert needs_of(plan) == frozenset()


def test_a_product_that_restores_needs_nothing_of_ours() -> None:
    plan = plan_of(metadata={"source": "vendor"})
    assert isinstance(source_of(plan), VendorSource)
    assert needs_of(plan) == frozenset()
    assert restores(plan) is False
    assert restores(plan_of()) is True


def test_of_what_git_brings_volumes_are_ours() -> None:
    plan = plan_of(metadata={"source": "gitops"})
    assert isinstance(source_of(plan), GitopsSource)
    assert (restores(plan), makes_volumes(plan)) == (False, True)
    assert makes_volumes(plan_of(metadata={"source": "vendor"})) is False


def test_a_home_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "captures").mkdir()
    assert source_of(exporting(directory="~/captures")).catalog(MemoryApi()) == []  # type: ignore[arg-type]


def test_keys_are_read_where_the_plan_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {}
    monkeypatch.setattr(export_s3, "S3Store", given.update)
    monkeypatch.setenv("DR_ACCESS", "AKIAEXAMPLE")
    source_of(exporting(s3=s3(tmp_path)))
    assert (given["access_key"], given["secret_key"]) == ("AKIAEXAMPLE", "wJalrXUtnFEMI")
    assert given["region"] == "us-east-1"


def test_p10_a_key_that_is_not_there_is_named_and_no_other_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DR_ACCESS", raising=False)
    with pytest.raises(Refused, match=r"environment variable DR_ACCESS.*it is not set") as raised:
        source_of(exporting(s3=s3(tmp_path)))
    assert "wJalrXUtnFEMI" not in str(raised.value)
