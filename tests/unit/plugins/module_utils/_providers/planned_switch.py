# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A planned switch of a world's group, as a run does it."""

from __future__ import annotations

from typing import Protocol

from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.base import Provider


class World(Protocol):
    @property
    def group(self) -> Group:
        """The one that is switched."""

    @property
    def provider(self) -> Provider:
        """Of both sites."""


def switch(made: World, source: str, target: str) -> None:
    """From its beginning: the source is primary until then."""
    assert made.provider.demote(made.group, source) is True
    assert made.provider.final_sync(made.group, source, target).holds
    made.provider.promote(made.group, target, forced=False)


def switch_on(made: World, source: str, target: str) -> None:
    """From wherever it was cut: what is done already is not done again."""
    made.provider.demote(made.group, source)
    assert made.provider.final_sync(made.group, source, target).holds
    made.provider.promote(made.group, target, forced=False)
