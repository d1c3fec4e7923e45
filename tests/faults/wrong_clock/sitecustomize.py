# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The wall clock of every Python process below a controller is wrong by WRONG_BY seconds; on PYTHONPATH of a test."""

from __future__ import annotations

import datetime
import os
import time

_WRONG_BY = float(os.environ.get("WRONG_BY", "0"))
_time = time.time


class _Datetime(datetime.datetime):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:
        return super().now(tz) + datetime.timedelta(seconds=_WRONG_BY)


time.time = lambda: _time() + _WRONG_BY
datetime.datetime = _Datetime
