# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is something of the plan up at the site where it does not live? Pure (P1, P10)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from ..._errors import Refused
from ..._model.finding import Finding


def check_nothing_there(plan: str, target: str, left: Sequence[str]) -> None:
    """Before a planned move stops anything. left: what of the plan could write at its target."""
    if not left:
        return
    more = f" and {len(left) - 5} more" if len(left) > 5 else ""
    raise Refused(
        "begin a planned move",
        site=target,
        on=f"plan {plan}",
        seen=", ".join(left[:5]) + more,
        wanted=f"nothing of the plan up at {target} before it is moved there",
        next_step="reprotect stops what is the plan's own; remove the rest; nothing was changed",
    )


def up_elsewhere(left: Sequence[str], at_home: Collection[str], target: str) -> Iterator[Finding]:
    """left: what of the plan could write at the site where it does not live. at_home: what does where it lives."""
    for on in left:
        kind = on.partition("/")[0]
        both = kind == "VirtualMachineInstance" and on in at_home
        yield Finding(
            "blocker",
            "RunningAtBoth" if both else "RunningElsewhere",
            on,
            "the VM runs at both sites" if both else "it is there although the plan does not live there",
            f"find out which one is used, and stop the other; reprotect does so where it is {target}",
            target,
        )
