# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import timedelta

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.duration import (
    LONGEST,
    format_duration,
    parse_duration,
)


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("90s", timedelta(seconds=90)),
        ("15m", timedelta(minutes=15)),
        ("1h30m", timedelta(minutes=90)),
        ("14d", timedelta(days=14)),
        ("2w", timedelta(days=14)),
        ("0s", timedelta(0)),
        (45, timedelta(seconds=45)),
        (0, timedelta(0)),
    ],
)
def test_a_duration_is_read(text: str | int, duration: timedelta) -> None:
    assert parse_duration(text) == duration


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        "15",
        "15 m",
        "m",
        "30m1h",
        "1h1h",
        "-5m",
        "1.5h",
        "15M",
        "\u0661m",
        "9" * 40 + "s",
        -1,
        1.5,
        True,
        None,
        [],
    ],
)
def test_anything_else_is_refused_with_the_wanted_form(value: object) -> None:
    with pytest.raises(ValueError, match="wanted a duration such as 90s, 15m, 1h30m or 14d"):
        parse_duration(value)


@pytest.mark.parametrize("value", ["999999999w", 10**30, "3651d"])
def test_a_duration_beyond_ten_years_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="cannot be longer than 3650d"):
        parse_duration(value)


def test_a_number_in_quotes_gets_the_advice_to_add_a_unit() -> None:
    with pytest.raises(ValueError, match="add a unit: 900s"):
        parse_duration("900")


@pytest.mark.parametrize(
    ("given", "shortest"),
    [("90s", "1m30s"), ("60m", "1h"), ("1w", "7d"), (0, "0s"), ("36h", "1d12h"), (3661, "1h1m1s")],
)
def test_the_shortest_spelling_is_kept_and_read_back(given: str | int, shortest: str) -> None:
    assert format_duration(parse_duration(given)) == shortest
    assert parse_duration(shortest) == parse_duration(given)


def test_the_longest_duration_is_read() -> None:
    assert parse_duration(format_duration(LONGEST)) == LONGEST


def test_a_negative_duration_is_not_formatted() -> None:
    with pytest.raises(ValueError, match="negative"):
        format_duration(timedelta(seconds=-1))
