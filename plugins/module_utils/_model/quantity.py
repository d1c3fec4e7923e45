# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Amounts as Kubernetes writes them: `10Gi`, `500M`, `10737418240`."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

_FORM = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?P<unit>[numkKMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]{1,2})?")
_DECIMAL = {"n": -3, "u": -2, "m": -1, "": 0, "k": 1, "K": 1, "M": 2, "G": 3, "T": 4, "P": 5, "E": 6}
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}


def parse_quantity(text: str) -> Fraction:
    """The amount; ValueError when it is none."""
    found = _FORM.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is no amount such as 10Gi")
    number, unit = Fraction(found["number"]), found["unit"] or ""
    if unit in _BINARY:
        return number * Fraction(1024) ** _BINARY[unit]
    if unit in _DECIMAL:
        return number * Fraction(1000) ** _DECIMAL[unit]
    return number * Fraction(10) ** int(unit[1:])


def same_quantity(one: Any, other: Any) -> bool:
    """Whether two values are amounts, and the same."""
    try:
        return parse_quantity(str(one)) == parse_quantity(str(other))
    except ValueError:
        return False
