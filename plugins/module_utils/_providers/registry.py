# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which providers there are. Plain imports: Ansible ships to a module only what it imports statically."""

from __future__ import annotations

from .._errors import Unsupported
from .._model.plan import Group, Plan
from .base import Provider
from .nfs import NfsProvider

PROVIDERS: dict[str, type[Provider]] = {NfsProvider.name: NfsProvider}


def provider_for(plan: Plan, group: Group) -> Provider:
    """The provider that the group or the plan names."""
    name = group.provider or plan.provider
    if name not in PROVIDERS:
        raise Unsupported(
            "choose the replication provider",
            on=f"group {plan.name}/{group.name}",
            seen=f"provider {name!r}" if name else "none named in the plan",
            wanted=f"one of: {', '.join(sorted(PROVIDERS))}",
            next_step="set replication.provider in the plan",
        )
    return PROVIDERS[name]()
