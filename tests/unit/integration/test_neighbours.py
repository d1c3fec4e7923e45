# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""For how long a guest wrote nothing, told from looks at its disk."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.ocpvirt.dr.tests.integration.neighbours import PERIOD, Look, longest_silence

BEGAN = datetime(2026, 11, 27, 12, tzinfo=UTC)


def looks(*found: tuple[float, float, int]) -> list[Look]:
    """Of each look: when it was, when the last record was written, and its number."""
    return [
        Look(at(seen), {"ledger-0": {"last_t": f"{at(written):%Y-%m-%dT%H:%M:%S.%f}123Z", "last_n": number}})
        for seen, written, number in found
    ]


def at(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("found", "seconds"),
    [
        # one record each half second
        (looks((0.1, 0, 1), (1.1, 1, 3), (2.1, 2, 5)), PERIOD),
        # nothing for eight seconds, seen while it lasts
        (looks((0.1, 0, 1), (8, 0, 1), (9.1, 9, 3)), 8.5),
        # and between two looks, of which others in between failed
        (looks((0.1, 0, 1), (11, 11, 7)), 8.5),
        # it does not write any more
        (looks((0.1, 0, 1), (1.1, 1, 3), (21, 1, 3)), 20),
    ],
)
def test_the_longest_time_without_a_record_is_told(found: list[Look], seconds: float) -> None:
    assert longest_silence(found, "ledger-0") == pytest.approx(seconds)
