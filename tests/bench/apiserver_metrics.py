# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a site's API server counts of its own requests: writes so far, and watches now."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterator
from types import TracebackType

from ocpvirt_lab.site_client import SiteClient

WRITES = {"POST", "PUT", "PATCH", "APPLY", "DELETE", "DELETECOLLECTION"}
REQUESTS, LONG_RUNNING = "apiserver_request_total", "apiserver_longrunning_requests"
SAMPLE_EVERY = 3.0


def writes(client: SiteClient, but: str) -> int:
    """Of everybody, to every resource but that one."""
    return sum(count for (_verb, resource), count in written(client).items() if resource != but)


def written(client: SiteClient) -> Counter[tuple[str, str]]:
    """(verb, resource) to the number of such writes, of everybody."""
    counted: Counter[tuple[str, str]] = Counter()
    for labels, value in _series(client, REQUESTS):
        if labels["verb"] in WRITES:
            counted[labels["verb"], labels["resource"]] += value
    return counted


def watches(client: SiteClient) -> Counter[str]:
    """Resource to the number of watches on it."""
    counted: Counter[str] = Counter()
    for labels, value in _series(client, LONG_RUNNING):
        if labels["verb"] == "WATCH":
            counted[labels["resource"]] += value
    return counted


class WatchesMeanwhile(threading.Thread):
    """most: the highest number of watches on one resource that began and ended while this was entered.

    What is there before it or after it is somebody else's: the garbage collector of a new site begins to watch the
    kinds of its definitions when it comes to it. In two looks one after the other: a watch whose time is over is
    counted for a moment beside the one that follows it.
    """

    def __init__(self, client: SiteClient) -> None:
        super().__init__(name="watches", daemon=True)
        self.most: Counter[str] = Counter()
        self._client = client
        self._of_others: Counter[str] = Counter()
        self._ended = threading.Event()

    def __enter__(self) -> WatchesMeanwhile:
        self._of_others = watches(self._client)
        self.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self.join()
        self.most -= self._of_others | watches(self._client)

    def run(self) -> None:
        last: Counter[str] = Counter()
        while not self._ended.wait(SAMPLE_EVERY):
            seen = watches(self._client)
            self.most |= seen & last
            last = seen


def _series(client: SiteClient, name: str) -> Iterator[tuple[dict[str, str], int]]:
    for line in client.call("GET", "/metrics").decode().splitlines():
        if found := re.fullmatch(rf"{name}\{{(.*)\}} (\S+)", line):
            yield dict(re.findall(r'(\w+)="([^"]*)"', found[1])), int(float(found[2]))
