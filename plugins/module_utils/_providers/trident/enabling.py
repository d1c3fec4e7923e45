# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making a group replicate: its source promoted, and mirrors of it at the other site. The mirror's relationship is made
before its claim, as Trident wants it: by that it makes the claim's volume a destination."""

from __future__ import annotations

from typing import Literal

from ..._errors import NotFound
from .objects import following, promoted
from .side import Mirror, Object, Side
from .status import ASKED, FOLLOWING, describe, handle, is_primary, is_stuck, mirrors, owner, remote_of
from .switch import check_source


def enable_group(here: Side, there: Side) -> bool:
    """here: where the plan lives. Both sides are looked at before anything is written."""
    keys = here.keys()
    if not keys:
        raise here.refused(
            "mirror the group",
            None,
            "none of its claims is here",
            "its claims with their volumes",
            "correct the group's selector",
        )
    sources, copies = here.matched(keys), there.matched(keys)
    for source, copy in zip(sources, copies, strict=True):
        if why := _against(source, copy, there.site.name):
            raise here.refused(
                "mirror the group",
                source,
                why,
                f"promoted here, and at {there.site.name} absent or a mirror of it",
                f"find out which side holds the data; run reprotect if {there.site.name} is to be a copy again",
            )
    here.check_ours(sources)
    there.check_ours(copies, follower=True)
    todo = [mirror for mirror in sources if not is_primary(mirror.item) or not owner(mirror.item or {})]
    here.settle(here.ask(todo, lambda _mirror: promoted()), "primary")
    handles = {mirror.key: handle(mirror.item or {}) for mirror in here.matched(keys)}
    for copy in copies:
        check_source(there, here, copy, handles[copy.key])
    apart = [copy for copy in copies if not _is_ours(copy, handles[copy.key])]
    options = there.options

    def established(mirror: Mirror) -> Object:
        if mirrors(mirror.item, handles[mirror.key]):
            # it only becomes ours: Trident says nothing of a spec that changes nothing for it
            return {}
        again = mirror.item is not None and ASKED.read(mirror.item) == "reestablished"
        state: Literal["established", "reestablished"] = "reestablished" if again else "established"
        return following(state, mirror.key[1], handles[mirror.key], options.policy, options.schedule)

    claimed = set(there.keys())
    try:
        asked = there.ask(apart, established)
    except NotFound as error:
        error.next_step = f"create the namespace at {there.site.name}, then start again"
        raise
    there.settle([mirror for mirror in asked if mirror.key in claimed], "accepted")
    return bool(todo or apart)


def _against(source: Mirror, copy: Mirror, target: str) -> str:
    """Why the volumes must not be made a pair in this direction; empty where they may."""
    if source.item and ASKED.read(source.item) in FOLLOWING:
        return f"here it is a mirror itself: {describe(source.item)}"
    if copy.item and ASKED.read(copy.item) == "promoted":
        return f"promoted at {target} as well: {describe(copy.item)}"
    return ""


def _is_ours(copy: Mirror, source: str) -> bool:
    """A mirror of that volume already, or on the way to it."""
    if copy.item is None or not owner(copy.item) or is_stuck(copy.item):
        return False
    return ASKED.read(copy.item) in FOLLOWING and remote_of(copy.item) == source
