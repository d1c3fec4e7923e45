# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies of plain data as JSON holds it: several times faster than copy.deepcopy, which matters for 20,000 volumes."""

from __future__ import annotations

from typing import Any


def copied(value: Any) -> Any:
    """value: mappings are dicts, as what was parsed."""
    if isinstance(value, dict):
        return {key: copied(item) if isinstance(item, (dict, list)) else item for key, item in value.items()}
    if isinstance(value, list):
        return [copied(item) if isinstance(item, (dict, list)) else item for item in value]
    return value
