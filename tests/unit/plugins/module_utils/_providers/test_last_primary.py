# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of two copies may be primary, whatever product says of itself what is written here by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.last_primary import (
    Copy,
    against_enabling,
    against_promotion,
    count_of_demotion,
    demotion,
    is_split,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ownership import DEMOTION, SPLIT


@dataclass(frozen=True)
class Told(Copy):
    """mark: of its demotion; None where it has none. broken: a demoted copy that cannot follow."""

    role: str = "secondary"
    mark: Any = None
    there: bool = True
    broken: bool = False
    proven: bool = False

    @property
    def item(self) -> dict[str, Any] | None:
        annotations = {} if self.mark is None else {"annotations": {DEMOTION: str(self.mark)}}
        return {"metadata": {"name": "disk-0", **annotations}} if self.there else None

    @property
    def cannot_follow(self) -> bool:
        return self.broken

    def why_writable(self) -> str:
        return "" if self.role == "secondary" else "writable"

    def why_forced(self) -> str:
        return "forced" if self.broken else ""

    def why_unproven(self) -> str:
        return "" if self.proven else "unproven"

    def why_not_primary(self) -> str:
        return "" if self.role == "primary" else "not primary"

    def absent(self) -> str:
        return "absent"

    def newer(self) -> str:
        return "newer"


PRIMARY, SECONDARY, ABSENT = Told("primary"), Told(), Told(there=False)
PROVEN, BROKEN = Told(proven=True), Told(broken=True)


@pytest.mark.parametrize(
    ("mine", "theirs", "why"),
    [
        (SECONDARY, PROVEN, ""),
        (ABSENT, PROVEN, ""),
        (SECONDARY, PRIMARY, "writable"),
        (SECONDARY, ABSENT, "absent"),
        (SECONDARY, SECONDARY, "unproven"),
        (BROKEN, PROVEN, "forced"),
        # the one that was demoted last holds everything
        (Told(mark=2), Told(mark=1), ""),
        (Told(mark=1), ABSENT, ""),
        (Told(mark=1), Told(mark=1), "unproven"),
        (Told(mark=1), Told(mark=2), "unproven"),
        # but for what the other one alone may hold, and beside a primary
        (Told(mark=2), BROKEN, "unproven"),
        (Told(mark=2), PRIMARY, "writable"),
        (Told(mark=2, broken=True), SECONDARY, "forced"),
        (Told(mark=SPLIT), SECONDARY, "unproven"),
        (Told(mark=0), Told(mark=SPLIT), "unproven"),
    ],
)
def test_p1_what_permits_a_promotion_without_force(mine: Copy, theirs: Copy, why: str) -> None:
    assert against_promotion(mine, theirs) == why


@pytest.mark.parametrize(
    ("mine", "theirs", "why"),
    [
        (ABSENT, ABSENT, ""),
        (ABSENT, SECONDARY, ""),
        (PRIMARY, ABSENT, ""),
        (SECONDARY, ABSENT, "not primary"),
        (PRIMARY, PRIMARY, "writable"),
        (ABSENT, Told(mark=1), "newer"),
        (Told("primary", mark=1), Told(mark=1), ""),
    ],
)
def test_p1_what_permits_a_primary_from_the_start(mine: Copy, theirs: Copy, why: str) -> None:
    assert against_enabling(mine, theirs) == why


@pytest.mark.parametrize(
    ("mine", "theirs", "count"),
    [
        (PRIMARY, SECONDARY, 1),
        (PRIMARY, ABSENT, 1),
        (Told("primary", mark=1), Told(mark=2), 3),
        (Told("primary", mark=3), Told(mark=2), 4),
        (Told("primary", mark=SPLIT), SECONDARY, 1),
        # neither of two primaries holds everything, whichever is demoted last
        (Told("primary", mark=3), Told("primary", mark=2), SPLIT),
        (Told("primary", mark=3), Told(mark=SPLIT), 0),
        (Told("primary", mark=3), Told(mark=2, broken=True), 0),
    ],
)
def test_p1_a_demotion_counts_only_where_one_copy_alone_was_written_to(mine: Copy, theirs: Copy, count: int) -> None:
    assert count_of_demotion(mine, theirs) == count


@pytest.mark.parametrize(
    ("mark", "number", "split"), [(None, 0, False), ("7", 7, False), (SPLIT, 0, True), ("by hand", 0, False)]
)
def test_a_mark_is_a_count_a_split_or_none(mark: Any, number: int, split: bool) -> None:
    item = Told(mark=mark).item
    assert (demotion(item), is_split(item)) == (number, split)
