# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""May a copy become primary without force? Pure: over the replication objects of both sites.

The product's own `primary` forces by itself as soon as the storage objects, so whoever asks for it must know before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..ownership import SPLIT
from .status import ASKED, cannot_follow, demotion, describe, is_split, judge, may_write, volume_status

Object = Mapping[str, Any]


def against_promotion(mine: Object | None, theirs: Object | None, peer: str) -> str:
    """Why not; empty when the promotion loses nothing and makes no second primary.

    mine: the object of the copy that is to become primary; absent where nothing has asked for it yet. theirs: at the
    peer.
    """
    if theirs is not None and may_write(theirs):
        return f"at {peer} it is not proven to be demoted: {describe(theirs)}"
    if mine is not None and volume_status("", mine, "").health == "error":
        return f"its own replication has failed, and a promotion would be forced by the product: {describe(mine)}"
    # of two demoted copies the one that was demoted last holds everything: a planned move is taken back, also while the
    # two don't reach each other. Not where the other one has failed to follow: it may hold what this one lacks
    failed = theirs is not None and cannot_follow(theirs)
    if mine is not None and not failed and demotion(mine) > demotion(theirs):
        return ""
    if theirs is None:
        return f"{peer} has no object for it: nothing shows that it is demoted there"
    if not judge(theirs, "synced").done:
        return f"at {peer} it is demoted, but not proven to be synced: {describe(theirs)}"
    return ""


def against_enabling(mine: Object | None, theirs: Object | None, peer: str) -> str:
    """Why the copy must not be declared primary from the start."""
    if mine is not None and ASKED.read(mine) != "primary":
        return f"here it is not asked to be primary: {describe(mine)}"
    if theirs is None:
        return ""
    if may_write(theirs):
        return f"at {peer} it is not proven to be demoted: {describe(theirs)}"
    if demotion(theirs) > demotion(mine):
        return f"the copy at {peer} was primary last: {describe(theirs)}"
    return ""


def count_of_demotion(mine: Object, theirs: Object | None) -> int:
    """What a copy that is primary is counted with when it is demoted now: the next number if it alone was written to.

    Of two copies that were primary at once neither holds everything, whichever is demoted last.
    """
    if theirs is not None and may_write(theirs):
        return SPLIT
    if theirs is not None and (is_split(theirs) or cannot_follow(theirs)):
        return 0
    return max(demotion(mine), demotion(theirs)) + 1
