# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Argument specs, one per concern. Each has its twin of the same name in plugins/doc_fragments."""

from __future__ import annotations

from typing import Any

PLAN: dict[str, Any] = {"plan": {"type": "raw", "required": True}}

RUN: dict[str, Any] = {"run_id": {"type": "str", "required": True}}

SITE: dict[str, Any] = {"site": {"type": "str", "required": True}}

ROUND: dict[str, Any] = {"round_timeout": {"type": "int"}}

WAIT: dict[str, Any] = {"wait_timeout": {"type": "int", "default": 300}}


def merge(*specs: dict[str, Any]) -> dict[str, Any]:
    """One argument spec of several; a name in two of them is a programming error."""
    merged: dict[str, Any] = {}
    for spec in specs:
        twice = merged.keys() & spec.keys()
        if twice:
            raise ValueError(f"argument defined twice: {', '.join(sorted(twice))}")
        merged.update(spec)
    return merged
