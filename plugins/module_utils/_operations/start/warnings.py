# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The warnings of a namespace, read once for all that failed in it."""

from __future__ import annotations

from ..._cluster.api import Api, Object
from ..._cluster.kinds import EVENT
from ..._errors import DrError

# seconds for which one reading is good
FRESH = 10.0


class Warnings:
    """Events of type Warning."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._read: dict[str, tuple[float, list[Object] | str]] = {}

    def of(self, namespace: str) -> list[Object] | str:
        """The events, or why they could not be read: a failure is told without them too."""
        now = self._api.clock.monotonic()
        read = self._read.get(namespace)
        if read is None or now - read[0] > FRESH:
            read = self._read[namespace] = (now, self._list(namespace))
        return read[1]

    def _list(self, namespace: str) -> list[Object] | str:
        try:
            return self._api.list(EVENT, namespace, fields="type=Warning")
        except DrError as error:
            return f"could not be read: {error.seen or error}"
