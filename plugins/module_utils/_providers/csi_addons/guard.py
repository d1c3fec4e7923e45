# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site's copy as the guard against a second primary looks at it.

The product's own `primary` forces by itself as soon as the storage objects, so whoever asks for it must know before.
"""

from __future__ import annotations

from ..last_primary import Copy, Object
from .status import ASKED, cannot_follow, describe, judge, may_write, volume_status


class ReplicatedCopy(Copy):
    def __init__(self, item: Object | None, site: str) -> None:
        self._item = item
        self._site = site

    @property
    def item(self) -> Object | None:
        return self._item

    @property
    def cannot_follow(self) -> bool:
        return self._item is not None and cannot_follow(self._item)

    def why_writable(self) -> str:
        return self._that(f"at {self._site} it is not proven to be demoted", may_write(self._item or {}))

    def why_forced(self) -> str:
        failed = volume_status("", self._item, "").health == "error"
        return self._that("its own replication has failed, and a promotion would be forced by the product", failed)

    def why_unproven(self) -> str:
        unproven = not judge(self._item or {}, "synced").done
        return self._that(f"at {self._site} it is demoted, but not proven to be synced", unproven)

    def why_not_primary(self) -> str:
        return self._that("here it is not asked to be primary", ASKED.read(self._item or {}) != "primary")

    def absent(self) -> str:
        return f"{self._site} has no object for it: nothing shows that it is demoted there"

    def newer(self) -> str:
        return self._that(f"the copy at {self._site} was primary last")

    def _that(self, said: str, so: bool = True) -> str:
        return f"{said}: {describe(self._item or {})}" if so else ""
