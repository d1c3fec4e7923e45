# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The wall clock of every Python process below a controller is wrong by WRONG_BY seconds; on PYTHONPATH of a test."""

from __future__ import annotations

import datetime
import os
import time

_WRONG_BY = float(os.environ.get("WRONG_BY", "0"))
_time = time.time


@classmethod
def _now(cls: type[datetime.datetime], tz: datetime.tzinfo | None = None) -> datetime.datetime:
    return cls.fromtimestamp(_time() + _WRONG_BY, tz)


time.time = lambda: _time() + _WRONG_BY
# Ansible writes a moment's text into the program of a module: it has to name what that knows
datetime.datetime = type("datetime.datetime", (datetime.datetime,), {"now": _now})
