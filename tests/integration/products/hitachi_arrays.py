# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pair of arrays for Hitachi's replication operator: two exports of the lab that behave as P-VOL and S-VOL do.

A P-VOL is never locked. A split ends with everything sent. What has taken over can only be turned round.
"""

from __future__ import annotations

import time
from typing import Any

import requests
from ansible_collections.ocpvirt.dr.tests.integration.products.exports import ON_ITS_WAY, Exports

FOLLOWS_WITHIN = 30.0
# for how long a storage that did not answer is not asked again: each of many volumes would wait for it
SILENT_FOR = 10.0


class Rejected(Exception):
    """What an array answered in place of doing it."""


class Pairs:
    """As one site's array knows them. was_source: whether its volume was the P-VOL when that could be seen last."""

    def __init__(self, here: Exports, there: Exports) -> None:
        self._here = here
        self._there = there
        self._silent_until = 0.0

    def look(self, export: str, was_source: bool) -> tuple[bool, str]:
        """Whether the volume here is the P-VOL, and the pair's status."""
        mine = self._here.look(export)
        try:
            theirs = self._look_there(export)
        except requests.RequestException:
            return was_source, "PSUE" if was_source or mine["role"] != "primary" else "SSWS"
        roles = (mine["role"], theirs["role"])
        if roles == ("primary", "primary"):
            return was_source, "SSWS"
        if roles == ("secondary", "secondary"):
            return was_source, "COPY"
        source = mine["role"] == "primary"
        return source, _status(mine if source else theirs, theirs if source else mine)

    def _look_there(self, export: str) -> dict[str, Any]:
        if time.monotonic() < self._silent_until:
            raise requests.ConnectionError("it did not answer a moment ago")
        try:
            return self._there.look(export)
        except requests.RequestException:
            self._silent_until = time.monotonic() + SILENT_FOR
            raise

    def execute(self, word: str, export: str, was_source: bool) -> None:
        """Words that it does not know it takes, and does nothing."""
        verbs = {
            "pair": self._pair,
            "split": self._split,
            "failover": self._failover,
            "swap-resync": self._swap_resync,
        }
        try:
            if word in verbs:
                verbs[word](export, was_source)
        except (RuntimeError, requests.RequestException) as error:
            raise Rejected(str(error)) from error

    def _pair(self, export: str, was_source: bool) -> None:
        source, status = self.look(export, was_source)
        if status == "PAIR":
            return
        if status == "SSWS" or not source:
            raise Rejected("the delta of the S-VOL is dominant: only a swap resync is accepted")
        self._here.resume(export)
        self._there.resume(export)
        self._there.follow(export, FOLLOWS_WITHIN)

    def _split(self, export: str, was_source: bool) -> None:
        source, status = self.look(export, was_source)
        if status == "SSWS":
            raise Rejected("the S-VOL has been taken over")
        sender, receiver = (self._here, self._there) if source else (self._there, self._here)
        sender.sync(export)
        sender.pause(export)
        receiver.pause(export)

    def _failover(self, export: str, was_source: bool) -> None:
        """Nothing of the other array is needed."""
        if self._here.look(export)["role"] == "primary":
            if was_source:
                raise Rejected("the volume is no S-VOL")
            return
        self._here.promote(export, force=True)
        self._here.pause(export)

    def _swap_resync(self, export: str, was_source: bool) -> None:
        source, status = self.look(export, was_source)
        if source and status == "PAIR":
            return
        if source:
            # turned round before, over a path that was cut then
            self._there.follow(export, FOLLOWS_WITHIN)
            return
        if status != "SSWS":
            raise Rejected("the volume is no S-VOL that has taken over")
        self._here.resume(export)
        self._there.resume(export)
        self._there.follow(export, FOLLOWS_WITHIN)


def _status(sender: dict[str, Any], receiver: dict[str, Any]) -> str:
    if sender["paused"]:
        return "PSUS"
    problems = [item["error"] for item in (sender, receiver) if item["health"] != "healthy"]
    if any(not any(text in problem for text in ON_ITS_WAY) for problem in problems):
        return "PSUE"
    return "COPY" if problems else "PAIR"
