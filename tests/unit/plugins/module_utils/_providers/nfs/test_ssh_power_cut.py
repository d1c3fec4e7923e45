# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an ordinary server has noted of an export is on its disk before the verb says that it is done."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.nfs.local_pair import Pair

# tells in which order files are renamed and what is forced to the disk
RECORDED = """#!/bin/sh
printf '{name} %s\\n' "$*" >>{record}
exec {program} "$@"
"""


@pytest.fixture
def record(tmp_path: Path) -> Path:
    return tmp_path / "record"


@pytest.fixture
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record: Path) -> Pair:
    made = Pair(tmp_path, monkeypatch)
    for name in ("mv", "sync"):
        double = tmp_path / "bin" / name
        program = shutil.which(name, path="/usr/bin:/bin")
        double.write_text(RECORDED.format(name=name, record=record, program=program))
        double.chmod(0o755)
    return made


def test_p1_a_demotion_survives_a_power_cut_with_its_export_of_the_next_boot(pair: Pair, record: Path) -> None:
    """A file that was renamed has its new name on the disk only once its folder is there too."""
    pair.provider.demote(pair.group, "east")
    done = record.read_text().splitlines()
    for file in (pair.east.root / "exports.d/ocpvirt-dr-payroll.exports", pair.east.root / "state/payroll.state"):
        renamed = next(number for number, line in enumerate(done) if line.startswith("mv") and line.endswith(f"{file}"))
        assert f"sync {file.parent}" in done[renamed:], done


def test_p3_what_a_final_sync_has_compared_survives_a_power_cut_of_the_target(pair: Pair, record: Path) -> None:
    """What was compared in memory only would be lost after the source was given up."""
    pair.east.write(b"last words")
    pair.provider.demote(pair.group, "east")
    assert pair.provider.final_sync(pair.group, "east", "west").holds
    assert f"sync -f {pair.west.export}" in record.read_text().splitlines()
