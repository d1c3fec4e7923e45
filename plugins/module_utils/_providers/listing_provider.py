# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a product is observed whose objects the API server lists: all groups share the lists of one moment."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from .._errors import DrError
from .._model.group_status import GroupStatus, unknown
from .._model.plan import Group
from .base import Provider, at_once


class ListingProvider(Provider):
    def observe(self, group: Group, site: str) -> GroupStatus:
        return self._observe(group, site, self._moment())

    def observe_all(self, groups: Sequence[Group], site: str) -> list[GroupStatus]:
        """One list of each kind, and of each namespace where it has some, for all groups."""
        since = self._moment()
        return at_once(lambda group: self._observe(group, site, since), groups)

    @abstractmethod
    def _moment(self) -> int:
        """Now, as the lists that the groups share count their requests."""

    @abstractmethod
    def _look(self, group: Group, site: str, since: int) -> GroupStatus:
        """By lists that are asked for after the moment. An error is no status yet."""

    def _observe(self, group: Group, site: str, since: int) -> GroupStatus:
        try:
            return self._look(group, site, since)
        except DrError as error:
            return unknown(group.name, site, error)
