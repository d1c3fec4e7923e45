# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The custom resources of VolSync as the conformance test looks at them. Pure."""

from __future__ import annotations

from typing import Any

from ..._cluster.kinds import REPLICATION_DESTINATION, REPLICATION_SOURCE
from ..custom_resource import CustomResource
from .objects import (
    listen_patch,
    manual_patch,
    mover_patch,
    pause_patch,
    replication_destination,
    replication_source,
    send_patch,
    tag,
)
from .options import VolsyncOptions
from .status import ADDRESS, BOTH, DESTINATION_CLAIMS, KEY_SECRET, MOVER, SENDS_TO, SOURCE_CLAIM

PLAIN = VolsyncOptions("dr-key", "*/5 * * * *", "", "")
FULL = VolsyncOptions("dr-key", "@hourly", "fast", "mover", "Clone", "ClusterIP", {"example.org/pool": "replication"})


def _sources() -> list[dict[str, Any]]:
    return [
        replication_source("payroll", "db", ("payroll", "disk-0"), PLAIN, ""),
        replication_source("payroll", "db", ("payroll", "disk-1"), FULL, "192.0.2.7"),
    ]


def _destinations() -> list[dict[str, Any]]:
    return [
        replication_destination("payroll", "db", ("payroll", "disk-0"), PLAIN, paused=True),
        replication_destination("payroll", "db", ("payroll", "disk-1"), FULL, paused=False),
    ]


def _mover_patches(samples: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """There and back."""
    plain, full = (MOVER.read(item) for item in samples)
    return [mover_patch(plain, full), mover_patch(full, plain)]


RESOURCES = (
    CustomResource(
        REPLICATION_SOURCE,
        (*BOTH, SOURCE_CLAIM, SENDS_TO, KEY_SECRET, MOVER),
        _sources,
        lambda: [
            manual_patch(tag("final", "0123")),
            send_patch("*/5 * * * *", "192.0.2.7"),
            send_patch("@daily", ""),
            pause_patch(True),
            *_mover_patches(_sources()),
        ],
    ),
    CustomResource(
        REPLICATION_DESTINATION,
        (*BOTH, *DESTINATION_CLAIMS, KEY_SECRET, ADDRESS, MOVER),
        _destinations,
        lambda: [
            manual_patch(tag("drain", "0123")),
            listen_patch(False),
            pause_patch(True),
            *_mover_patches(_destinations()),
        ],
    ),
)
