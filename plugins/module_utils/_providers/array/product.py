# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an array product is to the provider `array`: its task files, its options, and what its answers mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..._model.group_status import GroupStatus, SyncProof


@dataclass(frozen=True)
class Seen:
    """What the files of a product gathered about a group at one site. here, there: the options of both sites."""

    group: str
    site: str
    here: Mapping[str, Any]
    there: Mapping[str, Any]
    raw: Mapping[str, Any]
    now: datetime

    def absent(self, what: str) -> GroupStatus:
        message = f"{what} is not there"
        return GroupStatus(self.group, self.site, "unknown", "unknown", "none", present=False, message=message)


Status = Callable[[Seen], GroupStatus]
Proof = Callable[[Seen, GroupStatus], SyncProof]
# of one site and of the other one: what is wrong with them, in words; empty where nothing is
Check = Callable[[Mapping[str, Any], Mapping[str, Any]], str]
Unsent = Callable[[GroupStatus], str]


def nothing_wrong(_here: Mapping[str, Any], _there: Mapping[str, Any]) -> str:
    return ""


def switch_shows_it(_source: GroupStatus) -> str:
    return ""


@dataclass(frozen=True)
class Product:
    """name: also the folder of its task files in the role `replication`. required: options of each site.

    resync_demotes: a site whose peer is primary too becomes a secondary by throwing its own data away, not by
    `demote`. proof: reads what the file for `final_sync` gathered; without it the demoted source's own word is taken.
    check: of options that say something wrong together. unsent: why the planned switch of a source would leave data
    behind; empty where the product finds that by itself. asks_both: its modules do nothing while the other site's array
    is silent.
    """

    name: str
    collection: str
    required: tuple[str, ...]
    status: Status
    resync_demotes: bool = True
    proof: Proof | None = None
    check: Check = nothing_wrong
    unsent: Unsent = switch_shows_it
    asks_both: bool = False
    verbs: frozenset[str] = field(default=frozenset({"observe", "promote", "demote", "resync"}))
