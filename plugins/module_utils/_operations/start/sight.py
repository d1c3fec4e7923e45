# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The time of a start, which stands still while its site cannot be seen."""

from __future__ import annotations

from collections.abc import Sequence

from ..._cluster.clock import Clock
from ..._cluster.watching import Watch


class Sight:
    """What nobody can see is not late: it may have got ready meanwhile, and others in its place would be too many."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._at = clock.monotonic()
        self._blind = False
        self._unseen = 0.0
        self.watches: Sequence[Watch] = ()

    def now(self) -> float:
        """Monotonic seconds, less those in which a watch had no answer."""
        at = self._clock.monotonic()
        if self._blind:
            self._unseen += at - self._at
        self._at, self._blind = at, any(watch.error for watch in self.watches)
        return at - self._unseen
