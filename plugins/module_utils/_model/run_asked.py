# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person asks for when a run begins."""

from __future__ import annotations

from dataclasses import dataclass, field

from .steps_asked import StepsAsked


@dataclass(frozen=True)
class RunAsked:
    """target: None where the operation finds it out.

    declare_lost: the other site, when a person has decided that it is lost. waive_fencing: why it is left unfenced.
    accept_loss: what a failover may lose, in place of the plan's max_lag.
    recovery_point: from whose clones VMs are to start; empty for the newest copies.
    open_gates: waves whose gate the start may pass.
    fingerprint: of the world that was approved; empty where nobody was asked.
    steps: of the playbook, and which of them are wanted now.
    """

    operation: str
    target: str | None = None
    declare_lost: str | None = None
    waive_fencing: str | None = None
    accept_loss: str | None = None
    recovery_point: str = ""
    open_gates: tuple[str, ...] = ()
    fingerprint: str = ""
    steps: StepsAsked = field(default_factory=StepsAsked)
