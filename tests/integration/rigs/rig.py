# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the contract test needs of a product: one group that replicates from east to west, and a way to see its data."""

from __future__ import annotations

from typing import Protocol

from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.base import Provider


class Rig(Protocol):
    """Real storage. Made before `enable`; provider is a fresh one at each call, as in each module's process.

    server: of the lab's components at a site, the one that answers for the product.
    """

    group: Group
    server: str

    @property
    def provider(self) -> Provider: ...

    def write(self, site: str, text: str) -> None:
        """Put the text on the group's volume at its primary site."""

    def read(self, site: str) -> str:
        """The text that the site's copy holds, whatever its role; empty when there is none."""

    def await_arrived(self, site: str) -> None:
        """Until the site's copy holds all that was written at its primary before this call."""

    def cut(self) -> None:
        """The two storages do not reach each other any more; both answer us."""

    def join(self) -> None:
        """They do again."""

    def without_answer(self, site: str) -> tuple[Provider, Group]:
        """A provider, and the group for it, that gets no answer from a site."""

    def impatient(self) -> tuple[Provider, Group]:
        """A provider, and the group for it, whose waits end after a few seconds."""

    def remove(self) -> None:
        """Take the group and its data away at both sites."""


def roles(rig: Rig) -> tuple[str, str]:
    """Of east and west."""
    return status(rig, "east").role, status(rig, "west").role


def status(rig: Rig, site: str) -> GroupStatus:
    return rig.provider.observe(rig.group, site)
