# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a verb would do, told by the verb itself (P9): it goes on until it is about to change something, and no further.

So check mode decides, and refuses, as the run does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, cast

from .._cluster.api import Api


class WouldChange(Exception):
    """In place of the first change. No DrError, which says that something failed and is collected by who does many."""


class ForetellingApi:
    """An API server that is read as ever, and at which nothing is changed or waited for."""

    def __init__(self, api: Api) -> None:
        self.__dict__.update(_api=api, clock=replace(api.clock, waits=False))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._api, name)

    def __setattr__(self, name: str, value: Any) -> None:
        """A clock is for the waits of verbs; all else is the server's own, as its patience."""
        if name == "clock":
            self.__dict__[name] = value
        else:
            setattr(self._api, name, value)

    def create(self, *_given: Any, **_named: Any) -> Mapping[str, Any]:
        raise WouldChange

    replace = apply = patch = delete = put_subresource = create


def foretelling(api: Api) -> Api:
    """The same server."""
    return cast(Api, ForetellingApi(api))


def would_change(verb: Callable[[], bool]) -> bool:
    """verb: of a provider whose sites foretell; its answer, as it would be after a whole run."""
    try:
        return verb()
    except WouldChange:
        return True
