# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pair of arrays for Dell's sidecar: exports of the lab that switch as one PowerStore session does."""

from __future__ import annotations

import time
from typing import Any

import requests
from ansible_collections.ocpvirt.dr.tests.integration.products.exports import ON_ITS_WAY, POLL, Exports

OTHER = {"east": "west", "west": "east"}
# of a transfer that shows whether the arrays reach each other, and of one that makes a copy follow
TRANSFERRED_WITHIN = 10.0
FOLLOWS_WITHIN = 30.0


class Internal(Exception):
    """An error of the array, which the sidecar tries again."""


class Arrays:
    """sites: of `lab env`. volumes: exports that are one group.

    to: the site that it was failed over to, until it is reprotected. unaware: who has not noticed that.
    """

    def __init__(self, sites: dict[str, dict[str, Any]], volumes: list[str]) -> None:
        self._sites = sites
        self._volumes = volumes
        self._suspended = False
        self._to = ""
        self._unaware: set[str] = set()

    def link(self, site: str) -> tuple[str, bool]:
        """State and side, as one site's driver tells them: a failover turns the sides at once."""
        if site in self._unaware:
            return "SUSPENDED", True
        if self._to:
            return "FAILEDOVER", site == self._to
        seen = [self._status(site, volume) for volume in self._volumes]
        roles = {item["role"] for item in seen}
        if len(roles) > 1:
            return "INVALID", "primary" in roles
        source = roles == {"primary"}
        problems = [item["error"] for item in seen if item["health"] != "healthy"]
        if self._suspended or any(not any(text in problem for text in ON_ITS_WAY) for problem in problems):
            return "SUSPENDED", source
        return "SYNC_IN_PROGRESS" if problems else "SYNCHRONIZED", source

    def execute(self, site: str, action: str) -> None:
        try:
            getattr(self, f"_{action.lower()}")(site)
        except requests.RequestException as error:
            raise Internal(str(error)) from error

    def _failover_remote(self, site: str) -> None:
        """The last data first: what does not arrive leaves the source as it was. One that failed half-way goes on."""
        target = OTHER[site]
        if self._to == target:
            return
        if self._to or self._suspended:
            raise Internal("the session is in a state that permits no failover")
        self._await_transfer(site, self._in_role(site, "primary"))
        self._all(site, "demote")
        for volume in self._in_role(target, "secondary"):
            self._post(site, volume, "sync")
        self._all(target, "promote", {"force": False})
        self._all(target, "pause")
        self._to = target

    def _unplanned_failover_local(self, site: str) -> None:
        self._all(site, "promote", {"force": True})
        self._all(site, "pause")
        self._to = site
        self._unaware.add(OTHER[site])

    def _reprotect_local(self, site: str) -> None:
        if self._to != site:
            raise Internal("the session is in a state that permits no reprotect")
        copy = OTHER[site]
        self._all(site, "resume")
        for volume in self._volumes:
            self._follow(copy, volume)
        self._to = ""
        self._unaware.clear()

    def _suspend(self, site: str) -> None:
        self._all(site, "pause")
        self._suspended = True

    def _resume(self, _site: str) -> None:
        for site in OTHER:
            self._all(site, "resume")
        self._suspended = False

    def _follow(self, site: str, volume: str) -> None:
        try:
            Exports(self._sites[site]).follow(volume, FOLLOWS_WITHIN)
        except RuntimeError as error:
            raise Internal(str(error)) from error

    def _in_role(self, site: str, role: str) -> list[str]:
        return [volume for volume in self._volumes if self._status(site, volume)["role"] == role]

    def _await_transfer(self, site: str, volumes: list[str]) -> None:
        """As the sender has it: no clock of anybody else."""
        before = {volume: self._status(site, volume).get("last_sync") for volume in volumes}
        end = time.monotonic() + TRANSFERRED_WITHIN
        while left := [name for name, last in before.items() if self._status(site, name).get("last_sync") == last]:
            if time.monotonic() > end:
                raise Internal(f"nothing of {left[0]} arrives")
            time.sleep(POLL)

    def _all(self, site: str, verb: str, body: dict[str, Any] | None = None) -> None:
        for volume in self._volumes:
            self._post(site, volume, verb, body)

    def _post(self, site: str, volume: str, verb: str, body: dict[str, Any] | None = None) -> None:
        url = f"{self._sites[site]['storage_url']}/v1/exports/{volume}/{verb}"
        answer = requests.post(url, json=body or {}, timeout=30)
        if not answer.ok:
            raise Internal(f"{verb} of {volume} at {site}: HTTP {answer.status_code}: {answer.text[:200]}")

    def _status(self, site: str, volume: str) -> dict[str, Any]:
        answer = requests.get(f"{self._sites[site]['storage_url']}/v1/exports/{volume}", timeout=30)
        answer.raise_for_status()
        return dict(answer.json())
