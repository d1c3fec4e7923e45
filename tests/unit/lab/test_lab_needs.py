# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the pages say that the lab needs is what its components ask for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
MODULES = sorted((ROOT / "lab" / "components").glob("*/go.mod"))


def asked(module: Path) -> tuple[int, ...]:
    found = re.search(r"^go (\d+)\.(\d+)", module.read_text(encoding="utf-8"), re.MULTILINE)
    assert found, f"{module} names no version of Go"
    return tuple(map(int, found.groups()))


@pytest.mark.parametrize("page", ["README.md", "lab/README.md"])
def test_the_oldest_go_that_is_named_builds_every_component(page: str) -> None:
    major, minor = max(map(asked, MODULES))
    assert f"Go {major}.{minor} or newer" in (ROOT / page).read_text(encoding="utf-8")
