# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans with something wrong in them: how it is put there, and what is said of it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan_parser import parse_plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan_problem import PlanInvalid, Problem

Document = dict[str, Any]
Keys = tuple[Any, ...]

RULE: Keys = ("volumes", "rules", 0)
GONE = object()
WAVE_SELECTOR = {"matchLabels": {"tier": "db"}}


def put(document: Document, keys: Keys, value: object) -> Document:
    place: Any = document
    for key in keys[:-1]:
        place = place[key]
    if value is GONE:
        del place[keys[-1]]
    else:
        place[keys[-1]] = value
    return document


def wave(name: str, *after: str) -> Document:
    return {"name": name, "selector": WAVE_SELECTOR, "after": list(after)}


def problems_of(document: object) -> tuple[Problem, ...]:
    with pytest.raises(PlanInvalid) as caught:
        parse_plan(document)  # type: ignore[arg-type]
    return caught.value.problems
