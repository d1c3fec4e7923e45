# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VMs and workloads that a run found at its target as captured, and starts without having written to them before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..run.session import Session


def taken_over(session: Session) -> frozenset[str]:
    """Their uids: a rerun after the start finds them running, and they are its own."""
    return frozenset(session.load("taken") or ())


def take_over(session: Session, items: Iterable[Mapping[str, Any]]) -> None:
    before = taken_over(session)
    now = before | {item["metadata"]["uid"] for item in items if item["metadata"].get("uid")}
    if now != before:
        session.put("taken", sorted(now))
