# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A world whose verbs are foretold, each time before they are done: check mode must say what the run does then."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial
from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import DrError
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.base import Provider
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.foretelling import would_change

VERBS = frozenset({"enable", "pause", "resume", "resync"})
Look = Callable[[], Any]


def foretelling(provider: Provider) -> Provider:
    """The same one, as check mode has it."""
    sites = {name: copy.copy(handle) for name, handle in provider.sites.items()}
    for handle in sites.values():
        handle.foretells = True
        for known in ("api", "_volumes"):
            handle.__dict__.pop(known, None)
    return type(provider)(sites)


class Foretold:
    """Stands for the world, and with its name for the provider. look: all that could be changed there."""

    def __init__(self, made: Any, look: Look) -> None:
        self.made = made
        self.told: list[tuple[str, Any]] = []
        self._look = look

    def __getattr__(self, name: str) -> Any:
        return getattr(self.made, name)

    @property
    def provider(self) -> Any:
        return _Provider(self)

    def foretell(self, verb: str, *given: Any) -> Any:
        """What is told, or the kind of error; nothing was changed by it."""
        before = self._look()
        told = partial(getattr(foretelling(self.made.provider), verb), *given)
        raised, found = _outcome(lambda: would_change(told))
        assert self._look() == before, f"{verb} was foretold, and has changed something"
        return type(raised) if raised else found


class _Provider:
    def __init__(self, world: Foretold) -> None:
        self._world = world

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._world.made.provider, name)
        if name not in VERBS:
            return real

        def verb(*given: Any) -> Any:
            foretold = self._world.foretell(name, *given)
            raised, done = _outcome(lambda: real(*given))
            told = type(raised) if raised else done
            assert foretold == told, f"{name} was foretold as {foretold}, and was {raised or done}"
            if raised:
                raise raised
            self._world.told.append((name, done))
            return done

        return verb


def _outcome(verb: Callable[[], bool]) -> tuple[DrError | None, Any]:
    """Its error, or its answer."""
    try:
        return None, verb()
    except DrError as error:
        return error, None
