# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""May a copy become primary without force? Pure: over the objects of both sites.

What a product's own promotion does when its peer is primary is not known here, so it is never tried.
"""

from __future__ import annotations

from ..ownership import SPLIT
from .description import Description
from .status import Sight, Unit, cannot_follow, demotion, described_state, is_split, role_of


def against_promotion(mine: Unit, theirs: Unit, here: Description, there: Description) -> str:
    """Why not; empty when the promotion loses nothing and makes no second primary."""
    if theirs.item is not None and role_of(there, theirs) != "secondary":
        return f"the peer is not proven to be secondary: {described_state(there, theirs)}"
    if cannot_follow(here, mine):
        return f"its own replication has failed, and the product may promote it by force: {described_state(here, mine)}"
    # of two demoted copies the one that was demoted last holds everything: a planned move is taken back. Not where the
    # other one has failed to follow: it may hold what this one lacks
    if not cannot_follow(there, theirs) and demotion(mine.item) > demotion(theirs.item):
        return ""
    if theirs.item is None:
        return f"the peer has no {there.kind.kind} for it: nothing shows that it is demoted there"
    if not Sight(there, theirs.item).proof:
        return f"the peer is demoted, but status.proof shows nothing: {described_state(there, theirs)}"
    return ""


def against_enabling(mine: Unit, theirs: Unit, here: Description, there: Description) -> str:
    """Why the copy must not be declared primary from the start."""
    if mine.item is not None and role_of(here, mine) != "primary":
        return f"here it is not primary: {described_state(here, mine)}"
    if theirs.item is None:
        return ""
    if role_of(there, theirs) != "secondary":
        return f"the peer is not proven to be secondary: {described_state(there, theirs)}"
    if demotion(theirs.item) > demotion(mine.item):
        return f"the peer's copy was primary last: {described_state(there, theirs)}"
    return ""


def count_of_demotion(mine: Unit, theirs: Unit, there: Description) -> int:
    """What a copy that is primary is counted with when it is demoted now: the next number if it alone was written to.

    Of two copies that were primary at once neither holds everything, whichever is demoted last.
    """
    if theirs.item is not None and role_of(there, theirs) != "secondary":
        return SPLIT
    if is_split(theirs.item) or cannot_follow(there, theirs):
        return 0
    return max(demotion(mine.item), demotion(theirs.item)) + 1
