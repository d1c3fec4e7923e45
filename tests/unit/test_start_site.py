# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role start opens the latch and starts VMs at one and the same site."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

TASKS = Path(__file__).resolve().parents[2] / "roles" / "start" / "tasks"


@pytest.mark.parametrize(
    ("file", "module"),
    [("main.yml", "ocpvirt.dr.latch"), ("waves.yml", "ocpvirt.dr.vm_startup")],
    ids=lambda name: name,
)
def test_p1_what_opens_the_latch_and_what_starts_are_told_the_same_site(file: str, module: str) -> None:
    tasks = yaml.safe_load((TASKS / file).read_text(encoding="utf-8"))
    assert [task[module].get("site") for task in tasks if module in task] == ["{{ start_site }}"]
