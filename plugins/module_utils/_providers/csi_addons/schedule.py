# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How late the product tells of a sync, by the VolumeReplicationClass. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from ..._model.duration import parse_duration

INTERVAL = "schedulingInterval"
# the manager's own, where the class has none or one that it cannot read
MANAGERS_DEFAULT = 3600.0
# below these two minutes it looks once in an interval, else twice
LOOKS_TWICE_FROM = 120.0


def latest_report(parameters: Mapping[str, str]) -> float:
    """Seconds until a sync that follows a moment is in the primary's status: until it begins, and until the manager
    looks. How long it takes comes on top."""
    text = str(parameters.get(INTERVAL) or "")
    interval = _seconds(text)
    # days are the storage's word: the manager does not know them
    read = 0.0 if set("dw") & set(text) else interval
    look = MANAGERS_DEFAULT if not read else read if read < LOOKS_TWICE_FROM else read / 2
    return interval + look


def _seconds(text: str) -> float:
    try:
        return parse_duration(text).total_seconds()
    except ValueError:
        return 0.0
