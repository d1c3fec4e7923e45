# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of a group whose volumes are RBD images."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..._errors import Refused
from ..._model.duration import parse_duration
from ..._model.plan import Group
from ..group_options import check_known

NAME = re.compile(r"[A-Za-z0-9_.-]+")
PATH = re.compile(r"/[A-Za-z0-9_@+,=./-]+")
WORD = re.compile(r"[^\0]+")
# what the manager's rbd_support takes; it refuses seconds
SCHEDULE = re.compile(r"[1-9][0-9]{0,4}[mhd]")
MODES = ("snapshot", "journal")
# what a planned move compares where a journal is replayed
PROOFS = ("data", "positions")
TRANSFER = "6h"
KNOWN = {"mode", "schedule", "proof", "pool", "timeout", "command", "user", "conf", "fence"}


@dataclass(frozen=True)
class Access:
    """How one site's cluster is reached. command: words before the Python that runs beside the cluster."""

    command: tuple[str, ...]
    user: str
    conf: str


@dataclass(frozen=True)
class RbdOptions:
    """A group's options at one site. schedule: how often a mirror snapshot is taken; empty where somebody else cares.

    fence: addresses and networks of the clients of this site, for the other site's blocklist.
    timeout: seconds that a final sync or a resync may take. proof: with a journal, whether a final sync compares all
    data of the images, or only how far the journals were replayed.
    """

    access: Access
    pool: str
    mode: str
    schedule: str
    fence: tuple[str, ...]
    timeout: float
    proof: str = PROOFS[0]

    @classmethod
    def read(cls, group: Group, site: str) -> RbdOptions:
        """Checked options with their defaults. A refusal names the option, never its value."""
        options = group.options_at(site)
        check_known(group, site, options, KNOWN)
        schedule = _word(group, site, options, "schedule", SCHEDULE, "")
        mode = _word(group, site, options, "mode", re.compile("|".join(MODES)), MODES[0])
        if schedule and mode != "snapshot":
            raise _refused(group, site, "schedule", "no schedule with mode: journal, which sends every write")
        proof = _word(group, site, options, "proof", re.compile("|".join(PROOFS)), PROOFS[0])
        if "proof" in options and mode != "journal":
            raise _refused(group, site, "proof", "no proof with mode: snapshot, whose snapshots arrive whole or not")
        return cls(
            access=Access(
                command=tuple(_words(group, site, options, "command", WORD)),
                user=_word(group, site, options, "user", NAME, "admin"),
                conf=_word(group, site, options, "conf", PATH, ""),
            ),
            pool=_word(group, site, options, "pool", NAME, ""),
            mode=mode,
            schedule=schedule,
            fence=tuple(_network(group, site, text) for text in _words(group, site, options, "fence", WORD)),
            timeout=_seconds(group, site, options.get("timeout", TRANSFER)),
            proof=proof,
        )


def _words(group: Group, site: str, options: Mapping[str, Any], name: str, form: re.Pattern[str]) -> list[str]:
    given = options.get(name, [])
    if not isinstance(given, list) or not all(isinstance(word, str) and form.fullmatch(word) for word in given):
        raise _refused(group, site, name, "a list of words")
    return given


def _word(group: Group, site: str, options: Mapping[str, Any], name: str, form: re.Pattern[str], default: str) -> str:
    given = options.get(name, default)
    if given == default:
        return default
    if not isinstance(given, str) or not form.fullmatch(given):
        raise _refused(group, site, name, f"one word that matches {form.pattern}")
    return given


def _network(group: Group, site: str, text: str) -> str:
    try:
        return str(ipaddress.ip_network(text))
    except ValueError as error:
        raise _refused(group, site, "fence", "addresses or networks such as 192.0.2.0/24") from error


def _seconds(group: Group, site: str, given: Any) -> float:
    try:
        seconds = parse_duration(given).total_seconds()
    except ValueError as error:
        raise _refused(group, site, "timeout", str(error)) from error
    if not seconds:
        raise _refused(group, site, "timeout", "a second or more")
    return seconds


def _refused(group: Group, site: str, option: str, wanted: str) -> Refused:
    return Refused(
        f"read option {option}",
        site=site,
        on=f"group {group.name}",
        seen="not of the form that is needed",
        wanted=wanted,
        next_step=f"correct it in the plan, at replication.groups[].options or its sites.{site}.{option}",
    )
