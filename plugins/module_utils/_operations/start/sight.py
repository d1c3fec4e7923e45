# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The time of a start, which stands still while its site cannot be seen."""

from __future__ import annotations

from collections.abc import Sequence

from ..._cluster.api import may_pass
from ..._cluster.clock import Clock
from ..._cluster.watching import Watch
from ..._errors import DrError

# seconds for which a server may refuse: one that has just started does not know all rights and kinds yet
REFUSES = 15.0
# seconds between a request's end and the look that takes it
LOOKED_AFTER = 5.0


class Sight:
    """What nobody can see is not late: it may have got ready meanwhile, and others in its place would be too many.

    blind: whether the site gave a watch no answer, or one of overload, at the last look. Another error is an answer.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._at = clock.monotonic()
        self._unseen = 0.0
        self._refused_since: float | None = None
        # when the site was out of sight last
        self._blind_at: float | None = None
        self.blind = False
        self.watches: Sequence[Watch] = ()

    def now(self) -> float:
        """Monotonic seconds, less those in which the site could not be seen."""
        at = self._clock.monotonic()
        if self.blind:
            self._unseen += at - self._at
        errors = [watch.error for watch in self.watches]
        self._at, self.blind = at, any(error is not None and may_pass(error) for error in errors)
        if self.blind:
            self._blind_at = at
        return at - self._unseen

    def explains(self, error: DrError) -> bool:
        """Whether a request failed in an outage of the site, and not by itself: it may be made again."""
        if self._blind_at is None or not may_pass(error):
            return False
        return self._at - self._blind_at <= (error.waited or 0.0) + LOOKED_AFTER

    def check(self) -> None:
        """Raises what a watch is refused with, once that lasts: its kind will not be seen any more."""
        errors = [watch.error for watch in self.watches]
        refused = next((error for error in errors if error is not None and not may_pass(error)), None)
        if refused is None:
            self._refused_since = None
            return
        at = self._clock.monotonic()
        if self._refused_since is None:
            self._refused_since = at
        elif at - self._refused_since >= REFUSES:
            refused.waited = at - self._refused_since
            raise refused
