# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a site's API server takes our requests: what it refused for now, what failed, and how long it took."""

from __future__ import annotations

import threading
from dataclasses import dataclass


@dataclass
class Seen:
    """throttled, errors: answers 429, and 5xx or none at all. answered: requests, which took so many seconds."""

    throttled: int = 0
    errors: int = 0
    answered: int = 0
    seconds: float = 0.0

    @property
    def latency(self) -> float | None:
        """Mean seconds of a request; None without any."""
        return self.seconds / self.answered if self.answered else None


class Traffic:
    """Counts since the last look. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen = Seen()

    def note(self, status: int | None, seconds: float, expected: bool = False) -> None:
        """status: None where no answer came. expected: by who asked, so that it is an answer like others."""
        with self._lock:
            if expected:
                self._seen.answered += 1
                self._seen.seconds += seconds
            elif status is None or status >= 500:
                self._seen.errors += 1
            elif status == 429:
                self._seen.throttled += 1
            else:
                self._seen.answered += 1
                self._seen.seconds += seconds

    def take(self) -> Seen:
        with self._lock:
            seen, self._seen = self._seen, Seen()
        return seen
