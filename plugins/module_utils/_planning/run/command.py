# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command by which a person goes on with a run. Pure."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

from ..._model.run import IN_PLACE, Run

NO_TARGET = ("failback", "reprotect")


def resuming_command(run: Run, plan_file: str | None, more: Mapping[str, Any], site: str | None = None) -> str:
    """site: the run's target, or its source, where everything was given back and the run has ended.

    more: variables beside those that the run was begun with.
    """
    site = site or run.target
    operation = run.operation if site == run.target else "start"
    given: dict[str, Any] = {"dr_plan": plan_file or "PLAN"}
    if operation in IN_PLACE:
        given["dr_site"] = site
    elif operation not in NO_TARGET:
        given["dr_target"] = run.target
    if site == run.target:
        declared = {
            "dr_declare_lost": run.declared_lost,
            "dr_waive_fencing": run.waived_fencing,
            "dr_recovery_point": run.recovery_point,
            "dr_fingerprint": run.approved,
        }
        given |= {name: value for name, value in declared.items() if value}
    options = [_option(name, value) for name, value in {**given, **more}.items()]
    return shlex.join(
        ["ansible-playbook", f"ocpvirt.dr.{operation}", *(part for option in options for part in ("-e", option))]
    )


def _option(name: str, value: Any) -> str:
    # the value of NAME=VALUE ends at a blank
    if not isinstance(value, str) or " " in value:
        return json.dumps({name: value})
    return f"{name}={value}"
