# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site's copy as the guard against a second primary looks at it.

What a product's own promotion does when its peer is primary is not known here, so it is never tried.
"""

from __future__ import annotations

from ..last_primary import Copy, Object
from .description import Description
from .status import Sight, Unit, cannot_follow, described_state, role_of


class DescribedCopy(Copy):
    def __init__(self, unit: Unit, description: Description) -> None:
        self._unit = unit
        self._description = description

    @property
    def item(self) -> Object | None:
        return self._unit.item

    @property
    def cannot_follow(self) -> bool:
        return cannot_follow(self._description, self._unit)

    def why_writable(self) -> str:
        return self._that("the peer is not proven to be secondary", self._role != "secondary")

    def why_forced(self) -> str:
        return self._that("its own replication has failed, and the product may promote it by force", self.cannot_follow)

    def why_unproven(self) -> str:
        proof = self._unit.item and Sight(self._description, self._unit.item).proof
        return self._that("the peer is demoted, but status.proof shows nothing", not proof)

    def why_not_primary(self) -> str:
        return self._that("here it is not primary", self._role != "primary")

    def absent(self) -> str:
        kind = self._description.kind.kind
        return f"the peer has no {kind} for it: nothing shows that it is demoted there"

    def newer(self) -> str:
        return self._that("the peer's copy was primary last")

    @property
    def _role(self) -> str:
        return role_of(self._description, self._unit)

    def _that(self, said: str, so: bool = True) -> str:
        return f"{said}: {described_state(self._description, self._unit)}" if so else ""
