# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much a planned move reads is said by the sizes of the volumes."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.practice.reading import reading_move, reads


def volumes(*sizes: str) -> list[dict[str, Any]]:
    return [{"spec": {"capacity": {"storage": size}}} for size in sizes]


@pytest.mark.parametrize(
    ("sizes", "said"),
    [(["40Gi", "512Mi"], "40.5 GiB"), (["10G"], "9.3 GiB"), ([], "0.0 GiB")],
)
def test_sizes_are_summed_in_one_unit(sizes: list[str], said: str) -> None:
    assert f"up to {said} are read at each site" in reads(volumes(*sizes))


def test_a_volume_that_tells_no_size_does_not_end_a_check() -> None:
    assert "the size of 1 volumes" in reads([{"spec": {}}])


def test_p10_it_is_no_warning_and_says_what_does_without() -> None:
    found = reading_move("db", volumes("1Gi"), "choose positions")
    assert (found.severity, found.on, found.remedy) == ("info", "group db", "choose positions")
