# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The loop of a controller's double: it looks again and again, and comes by again where its site did not let it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from requests import RequestException

POLL = 0.5


@contextmanager
def control_loop(*reconcile: Callable[[], None]) -> Iterator[None]:
    """Each of these twice a second, until the block ends."""
    ended = threading.Event()

    def work() -> None:
        while not ended.wait(POLL):
            for once in reconcile:
                try:
                    once()
                except (RequestException, RuntimeError):
                    # the site is down, or somebody else wrote the object meanwhile
                    continue

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    try:
        yield
    finally:
        ended.set()
        worker.join(30)
        assert not worker.is_alive(), "it would go on in the tests to come"
