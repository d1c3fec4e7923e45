# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking the other site before something is written at this one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .._errors import Refused, Unreachable


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
