# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links between the pages lead somewhere, also in the published archive, which has no lab and not all tests."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
GALAXY = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))
ABSENT = GALAXY["build_ignore"]
REPOSITORY = f"{GALAXY['repository']}/blob/main/"
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md")), *sorted(ROOT.glob("roles/*/README.md"))]
LINK = re.compile(r"\]\((?!https?:)([^)\s]+)")
IN_REPOSITORY = re.compile(rf"\]\({re.escape(REPOSITORY)}([^)\s]+)")
CODE = re.compile(r"```.*?```", re.DOTALL)


def anchors_of(page: Path) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.*)$", CODE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    shown = (re.sub(r"\[(.*?)\]\(.*?\)", r"\1", heading).lower() for heading in headings)
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in shown}


def broken(page: Path, links: list[str], base: Path) -> list[str]:
    found = []
    for link in links:
        path, _hash, anchor = link.partition("#")
        file = (base / path).resolve() if path else page
        if not file.exists() or (anchor and anchor not in anchors_of(file)):
            found.append(link)
    return found


def is_published(file: Path) -> bool:
    inside = file.relative_to(ROOT)
    return not any(fnmatch(str(part), name) for name in ABSENT for part in (inside, *inside.parents))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_what_is_there_and_is_published(page: Path) -> None:
    text = CODE.sub("", page.read_text(encoding="utf-8"))
    links = LINK.findall(text)
    assert broken(page, links, page.parent) == []
    assert [link for link in links if not is_published((page.parent / link.partition("#")[0]).resolve())] == []
    assert broken(page, IN_REPOSITORY.findall(text), ROOT) == []


def test_what_is_left_out_of_the_archive_is_not_published() -> None:
    assert is_published(ROOT / "docs" / "plan.md")
    assert not is_published(ROOT / "lab" / "README.md")


def test_anchors_are_those_of_headings(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# What it *can*, and [how](x.md)\n```sh\n# no heading\n```\n## `dr_plan`: name, home\n", encoding="utf-8"
    )
    assert anchors_of(page) == {"what-it-can-and-how", "dr_plan-name-home"}
