# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""May a copy become primary without force, and which of two was it last? Pure: over the objects of both sites.

For products whose own promotion does not ask whether the peer is primary. Each site's object carries our count of
demotions: of two demoted copies the one that was demoted last holds everything.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from .ownership import DEMOTION, SPLIT

Object = Mapping[str, Any]


class Copy(ABC):
    """One site's copy of a volume, as its object shows it.

    A reason is in the product's words, and empty where there is none.
    """

    @property
    @abstractmethod
    def item(self) -> Object | None:
        """What replicates it; None where nothing has asked for it yet."""

    @property
    @abstractmethod
    def cannot_follow(self) -> bool:
        """Whether it is demoted and has failed to take its primary's data, as after a split brain."""

    @abstractmethod
    def why_writable(self) -> str:
        """Why its item does not prove that it is demoted."""

    @abstractmethod
    def why_forced(self) -> str:
        """Why the product's promotion of it might be a forced one."""

    @abstractmethod
    def why_unproven(self) -> str:
        """Why its item, demoted, does not prove that the other copy has all of it."""

    @abstractmethod
    def why_not_primary(self) -> str:
        """Why its item is none of a primary."""

    @abstractmethod
    def absent(self) -> str:
        """That it has no item, and what that leaves open."""

    @abstractmethod
    def newer(self) -> str:
        """That it was primary last."""


def against_promotion(mine: Copy, theirs: Copy) -> str:
    """Why not; empty when the promotion loses nothing and makes no second primary. theirs: at the peer."""
    if theirs.item is not None and (why := theirs.why_writable()):
        return why
    if mine.item is not None and (why := mine.why_forced()):
        return why
    # a planned move is taken back, also while the two don't reach each other. Not where the other one has failed to
    # follow: it may hold what this one lacks
    if demotion(mine.item) > demotion(theirs.item) and not theirs.cannot_follow:
        return ""
    return theirs.absent() if theirs.item is None else theirs.why_unproven()


def against_enabling(mine: Copy, theirs: Copy) -> str:
    """Why the copy must not be declared primary from the start."""
    if mine.item is not None and (why := mine.why_not_primary()):
        return why
    if theirs.item is None:
        return ""
    if why := theirs.why_writable():
        return why
    return theirs.newer() if demotion(theirs.item) > demotion(mine.item) else ""


def count_of_demotion(mine: Copy, theirs: Copy) -> int:
    """What a copy that is primary is counted with when it is demoted now: the next number if it alone was written to.

    Of two copies that were primary at once neither holds everything, whichever is demoted last.
    """
    if theirs.item is not None and theirs.why_writable():
        return SPLIT
    if is_split(theirs.item) or theirs.cannot_follow:
        return 0
    return max(demotion(mine.item), demotion(theirs.item)) + 1


def demotion(item: Object | None) -> int:
    """How often, counted over both sites, the copy had been demoted when this one was; 0: never by us."""
    text = _mark(item)
    return int(text) if text.isdecimal() else 0


def is_split(item: Object | None) -> bool:
    """Whether the copy was demoted beside another primary, and has not given way to it since."""
    return _mark(item) == str(SPLIT)


def _mark(item: Object | None) -> str:
    annotations = item["metadata"].get("annotations") if item else None
    return str((annotations or {}).get(DEMOTION, ""))
