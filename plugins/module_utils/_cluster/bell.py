# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A condition that also says how often it was rung: nothing that happens while its owner works is slept over."""

from __future__ import annotations

import threading


class Bell(threading.Condition):
    """Read `rung`, look at all there is, then wait for more than that."""

    def __init__(self) -> None:
        super().__init__()
        self.rung = 0

    def notify_all(self) -> None:
        self.rung += 1
        super().notify_all()

    def wait_beyond(self, rung: int, seconds: float) -> None:
        """Until it is rung once more, or was already, or the seconds are over."""
        with self:
            if self.rung == rung:
                self.wait(seconds)
