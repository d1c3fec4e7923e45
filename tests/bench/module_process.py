# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One module as Ansible runs it: a process of its own, with its arguments as JSON on standard input."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ansible_collections.ocpvirt.dr.tests.bench.process_cost import Cost, measured

PREFIX = "ansible_collections.ocpvirt.dr.plugins.modules"


@dataclass(frozen=True)
class Ran(Cost):
    """result: what the module returned. started: by the clock that its progress is written with."""

    result: dict[str, Any]
    started: datetime


def environment() -> dict[str, str]:
    """Of a process that finds the collection where this one does."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def run_module(name: str, **arguments: Any) -> Ran:
    body = {"ANSIBLE_MODULE_ARGS": {key: value for key, value in arguments.items() if value is not None}}
    started = datetime.now(UTC)
    words = [sys.executable, "-m", f"{PREFIX}.{name}"]
    status, output, cost = measured(words, environment(), json.dumps(body).encode())
    result = json.loads(output)
    if status or result.get("failed"):
        raise RuntimeError(f"module {name} failed: {result.get('msg', output.decode())}")
    return Ran(cost.seconds, cost.processor, cost.megabytes, result, started)
