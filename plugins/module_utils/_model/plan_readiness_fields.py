# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Readiness as the plan, its waves and annotations of a VM or workload say it; one schema for all of them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from .names import READINESS
from .plan_collections import Field, Keys
from .plan_hook_fields import HookFile
from .plan_problem import Path
from .plan_schema import INVALID, Choice, Duration, Flag, Node, Reading, Text, Whole, matching

# a probe holds one of few threads
LONGEST_PROBE = timedelta(seconds=10)

_NETWORK = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
_PATH = re.compile(r"/[!-~]{0,2000}")
_HOST = re.compile(r"[A-Za-z0-9.:\[\]_-]{1,255}")


@dataclass(frozen=True)
class Unless:
    """What the node reads, or false where a wider rule is not to hold."""

    node: Node

    def read(self, value: Any, at: Path, reading: Reading) -> Any:
        return False if value is False else self.node.read(value, at, reading)


def _check_status(status: dict[str, Any], at: Path, reading: Reading) -> None:
    lowest, highest = status.get("from"), status.get("to")
    if isinstance(lowest, int) and isinstance(highest, int) and highest < lowest:
        reading.problem((*at, "to"), f"got {highest}, which is below from ({lowest})")


_PROBE = {
    "port": Field(Whole(1, 65535), required=True),
    "network": Field(Text(matching(_NETWORK, "not the name of a VM's interface"), "the name of a VM's interface")),
    "timeout": Field(Duration(maximum=LONGEST_PROBE), default="2s"),
}
_TCP = Unless(Keys(_PROBE))
_HTTP = Unless(
    Keys(
        {
            **_PROBE,
            "scheme": Field(Choice("http", "https"), default="http"),
            "path": Field(Text(matching(_PATH, "not a path that begins with '/'"), "a path"), default="/"),
            "host": Field(Text(matching(_HOST, "not the name of a host"), "a host's name")),
            "status": Field(
                Keys(
                    {"from": Field(Whole(100, 599), default=200), "to": Field(Whole(100, 599), default=399)},
                    check=_check_status,
                ),
                default={},
            ),
        }
    )
)
_ANY = {"timeout": Field(Duration()), "delay": Field(Duration())}
_VM = {**_ANY, "agent": Field(Flag()), "tcp": Field(_TCP), "http": Field(_HTTP)}
# no hook in an annotation: who may write a VM must not choose what the controller executes
_OF_VM, _OF_WORKLOAD = Keys(_VM), Keys(_ANY)
WAVE_READINESS = Keys({**_VM, "hook": Field(Unless(HookFile()))})
PLAN_READINESS = Keys(
    {
        **_VM,
        "agent": Field(Flag(), default=True),
        "timeout": Field(Duration(), default="5m"),
        "hook": Field(HookFile()),
    }
)


def readiness_on(kind: str, meta: Mapping[str, Any], on: str) -> Mapping[str, Any]:
    """What its annotation says; a bad one is a ValueError that names the object and the annotation."""
    text = (meta.get("annotations") or {}).get(READINESS)
    if text is None:
        return {}
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        wanted = 'JSON such as {"agent": false, "tcp": {"port": 5432}}'
        raise ValueError(f"{on}: {READINESS} is {text[:200]!r}, wanted {wanted}") from error
    reading = Reading()
    found = (_OF_VM if kind == "VirtualMachine" else _OF_WORKLOAD).read(document, ("readiness",), reading)
    if reading.problems or found is INVALID:
        raise ValueError(f"{on}: {READINESS}: {'; '.join(str(problem) for problem in reading.problems)}")
    return dict(found)
