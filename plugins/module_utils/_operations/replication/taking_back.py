# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making the source of a planned move primary again (P3)."""

from __future__ import annotations

from contextlib import suppress

from ..._errors import Refused, Unreachable
from ..._model.plan import Group
from ..._providers.base import Provider


def take_back(provider: Provider, group: Group, source: str, target: str, forced: bool) -> bool:
    """The guard has read the target: it is secondary, or one action has made it primary and nobody has used it."""
    if provider.capabilities.atomic_switch and provider.has_switched(group, source, target):
        return _switch_back(provider, group, source, target)
    if not forced:
        # The products may not reach each other. We do: the target is secondary and this run has not promoted it, so
        # the source has everything (P3). The copy at the target has to be resynchronised later.
        with suppress(Unreachable):
            return provider.promote(group, source, False)
    # a promotion of the target that a killed run left behind may have begun after that look
    provider.rule_out(group, target)
    return provider.promote(group, source, True)


def _switch_back(provider: Provider, group: Group, source: str, target: str) -> bool:
    """What took the group to the target brings it back: another planned switch, with a proof of its own."""
    provider.promote(group, target, forced=False)
    provider.demote(group, target)
    proof = provider.final_sync(group, target, source)
    if not proof.holds:
        raise Refused(
            "promote the source again",
            site=source,
            on=f"group {group.name}",
            seen=f"{proof.target} at {source}",
            wanted=f"{proof.source}, as at {target} ({proof.compared})",
            next_step="nothing was started: look at the replication, then run the same command again",
        )
    provider.promote(group, source, forced=False)
    return True
