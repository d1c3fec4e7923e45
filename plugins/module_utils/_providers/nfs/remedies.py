# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to do where a server refuses a promotion, or to rule one out; both controls have the same reasons for it."""

from __future__ import annotations

from ..._errors import DrError

CHOOSE = "choose the site whose data counts, demote the group at the other one and resync it there"

# by reason: what was wanted, and the next step
_OF_RULING_OUT = {
    "PeerIsPrimary": (
        "a copy that nobody has promoted",
        "nothing was promoted by it: run the same command again; it finishes the move",
    ),
    "Busy": (
        "nothing else that changes the role of the export",
        "nothing was promoted by it: run the same command again in a minute; if it stays so, look for an exportfs that "
        "hangs there",
    ),
}
_OF_PROMOTION = {
    "NoCopy": (
        "one transfer that was completed",
        "nothing was changed: restore the volumes from a backup, or bring the other site's server back and wait for "
        "the first copy",
    ),
    "HalfResynced": (
        "a resync that was completed",
        "nothing was changed: bring the other site's server back and resync again, or restore the volumes from a "
        "backup",
    ),
    "PeerIsPrimary": (
        "the other side demoted",
        "demote the group at the other site; if that site is lost, promote by force",
    ),
    "PeerUnreachable": (
        "the word of the other side's server",
        "bring that server back; if its site is lost, promote by force",
    ),
    "Busy": (
        "nothing else that changes the export or fills it",
        "run the same command again in a minute; if it stays so, look for a transfer or an exportfs that hangs there",
    ),
    "Diverged": ("copies of one history", CHOOSE),
    "NotSynced": (
        "all data of the side that was demoted",
        "let the other side send the rest, as relocate does, or promote the demoted side again",
    ),
}


def with_remedy(error: DrError, verb: str, reason: str) -> DrError:
    """The error with `wanted` and `next_step`, where they are known."""
    remedies = {"promote": _OF_PROMOTION, "rule_out": _OF_RULING_OUT}.get(verb, {})
    if reason in remedies:
        error.wanted, error.next_step = remedies[reason]
    return error
