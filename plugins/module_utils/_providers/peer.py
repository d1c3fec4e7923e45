# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking the other site before something is written at this one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from .._errors import Refused, TerminalState, Unreachable
from .object_wait import SHOWN


@contextmanager
def asking_peer(group: str, here: str, peer: str) -> Iterator[None]:
    """Its silence is no permission (P1)."""
    try:
        yield
    except Unreachable as error:
        raise Refused(
            "ask the peer",
            site=peer,
            on=f"group {group}",
            seen=f"no answer: {error}",
            wanted=f"its state; nothing was written at {here}",
            next_step=f"bring {peer} back, or declare it lost",
        ) from error


def split_brain(group: str, here: str, peer: str, both: Sequence[str]) -> TerminalState:
    """What a planned promotion ends with where both sites are primary: as done it must not be taken.

    both: the volumes or groups that are; a few are named.
    """
    more = f" and {len(both) - SHOWN} more" if len(both) > SHOWN else ""
    return TerminalState(
        "promote",
        site=here,
        on=f"group {group}",
        seen=f"split-brain: primary at {peer} and at {here}: {', '.join(both[:SHOWN])}{more}",
        wanted="one primary",
        next_step=f"choose the site whose data counts, then reprotect with dr_target={here} or dr_target={peer}: what"
        " the other one has written is thrown away; nothing was changed",
    )
