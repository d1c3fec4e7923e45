# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long something took, by the times of a record."""

from __future__ import annotations

from datetime import datetime


def seconds_between(started: str, ended: str) -> float:
    return round((datetime.fromisoformat(ended) - datetime.fromisoformat(started)).total_seconds(), 1)
