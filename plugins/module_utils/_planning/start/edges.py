# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who waits for whom during a start: counts of unmet needs, kept up to date edge by edge. Pure."""

from __future__ import annotations

from collections.abc import Container

from .needs import Needs


class StartEdges:
    """Each edge is looked at once or twice in a whole start. A need that is not part of the start is met."""

    def __init__(self, needs: Needs, keys: Container[str]) -> None:
        self._needs = needs
        self._unmet: dict[str, int] = {}
        self._dependents: dict[tuple[str, bool], list[str]] = {}
        self._over: set[str] = set()
        self._ready: set[str] = set()
        # what is behind a hook, or not named in a retry, is no part of the start either
        for key, edges in ((key, edges) for key, edges in needs.items() if key in keys):
            inside = [need for need in edges if need.key in keys]
            self._unmet[key] = len(inside)
            for need in inside:
                self._dependents.setdefault((need.key, need.blocking), []).append(key)

    def is_free(self, key: str) -> bool:
        return not self._unmet.get(key)

    def ended(self, key: str, ready: bool) -> list[str]:
        """Its start is over; what has nothing left to wait for because of that."""
        met: list[str] = []
        if key not in self._over:
            self._over.add(key)
            met += self._dependents.get((key, False), ())
        if ready and key not in self._ready:
            self._ready.add(key)
            met += self._dependents.get((key, True), ())
        free = []
        for dependent in met:
            self._unmet[dependent] -= 1
            if not self._unmet[dependent]:
                free.append(dependent)
        return free

    def missing(self, key: str) -> str | None:
        """The first blocking need whose start is over and which is not ready."""
        return next(
            (
                need.key
                for need in self._needs.get(key, ())
                if need.blocking and need.key in self._over and need.key not in self._ready
            ),
            None,
        )
