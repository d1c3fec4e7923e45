# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""May a copy become primary without force? Pure: over the objects of both sites.

What a product's own promotion does when its peer is primary is not known here, so it is never tried.
"""

from __future__ import annotations

from .description import Description
from .status import Sight, Unit, demotion, described_state, role_of


def against_promotion(mine: Unit, theirs: Unit, here: Description, there: Description) -> str:
    """Why not; empty when the promotion loses nothing and makes no second primary."""
    if theirs.item is not None and role_of(there, theirs) != "secondary":
        return f"the peer is not proven to be secondary: {described_state(there, theirs)}"
    # of two demoted copies the one that was demoted last holds everything: a planned move is taken back
    if demotion(mine.item) > demotion(theirs.item):
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
