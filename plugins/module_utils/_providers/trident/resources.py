# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The custom resources of Trident as the conformance test looks at them. Pure."""

from __future__ import annotations

from typing import Any

from ..._cluster.kinds import TRIDENT_ACTION_MIRROR_UPDATE, TRIDENT_MIRROR_RELATIONSHIP
from ..custom_resource import CustomResource
from .objects import following, handover, look_patch, mirror_update, promoted, relationship, spec_patch
from .status import ACTION, RELATIONSHIP

SOURCE = "svm-east:trident_pvc_7b00e3f2"


def _specs() -> list[dict[str, Any]]:
    return [
        promoted(),
        following("established", "disk-0", SOURCE, "", ""),
        following("reestablished", "disk-0", SOURCE, "MirrorAllSnapshots", "5min"),
    ]


def _relationships() -> list[dict[str, Any]]:
    return [
        {**body, "metadata": {**body["metadata"], "name": f"disk-{number}"}}
        for number, spec in enumerate(_specs())
        for body in [relationship("payroll", "db", "payroll", "disk-0", spec)]
    ]


def _patches() -> list[dict[str, Any]]:
    source = {"metadata": {"uid": "7b00e3f2", "generation": 3}}
    return [
        *(spec_patch("payroll", "db", spec, handover("disk-0-20260301", source), adopted=True) for spec in _specs()),
        look_patch(),
    ]


RESOURCES = (
    CustomResource(TRIDENT_MIRROR_RELATIONSHIP, RELATIONSHIP, _relationships, _patches),
    CustomResource(
        TRIDENT_ACTION_MIRROR_UPDATE,
        ACTION,
        lambda: [mirror_update("payroll", "db", "payroll", "disk-0-20260301", "disk-0")],
    ),
)
