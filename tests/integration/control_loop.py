# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The loop of a controller's double: it looks again and again, and comes by again where its site did not let it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from subprocess import CalledProcessError

from requests import RequestException

POLL = 0.5
ENDED_WITHIN = 30


@contextmanager
def control_loop(*reconcile: Callable[[], None]) -> Iterator[None]:
    """Each of these twice a second, until the block ends. What breaks the loop is raised there."""
    ended = threading.Event()

    def work() -> None:
        while not ended.wait(POLL):
            for once in reconcile:
                try:
                    once()
                except (RequestException, RuntimeError, CalledProcessError):
                    # the site is down, somebody else wrote the object meanwhile, or the lab was asked while it changed
                    continue

    pool = ThreadPoolExecutor(1)
    working = pool.submit(work)
    pool.shutdown(wait=False)
    try:
        yield
    finally:
        ended.set()
        # one that does not end would go on in the tests to come
        working.result(ENDED_WITHIN)
