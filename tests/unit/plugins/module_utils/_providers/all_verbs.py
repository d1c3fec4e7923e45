# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All verbs of a provider on its double: planned and forced, there and back, also with answers that are lost."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext, suppress
from typing import Any, Protocol

from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import Kind
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict, Refused, Timeout, Unsupported
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.base import Provider


class World(Protocol):
    apis: dict[str, Any]

    @property
    def group(self) -> Group:
        """The one that is switched."""

    @property
    def provider(self) -> Provider:
        """Of both sites."""

    def wait(self) -> None:
        """Until the product has looked at both sites."""


# a mirror of it that was failed over stands still, and each order would start it from the side that was given up
REFUSE_BESIDE_PRIMARY = frozenset({"ibm"})


def lose_answers(api: Any) -> None:
    """The first object of a kind is made, and the answer is the one to a request that was sent again."""
    create, lost = api.create, set()

    def created(kind: Kind, *given: Any, **named: Any) -> Any:
        stored = create(kind, *given, **named)
        if kind.kind not in lost:
            lost.add(kind.kind)
            raise Conflict("POST", site=api.site, seen="it exists already", status=409)
        return stored

    api.create = created


def walk(made: World, *own: Callable[[World], None]) -> None:
    """own: what this product is asked for besides, while west follows east."""
    look(made)
    made.provider.enable(made.group, "east", "west")
    for source, target in (("east", "west"), ("west", "east")) * 2:
        move(made, source, target)
    take_back(made, "east", "west")
    for ask in own:
        ask(made)
    fail_over(made, "east", "west")
    pause(made)
    end(made)


def ask_in_turn(made: World) -> None:
    """Of what is commanded beside the cluster: every verb, of which one may wait for the other side in vain."""
    look(made)
    provider, of = made.provider, made.group
    verbs: dict[str, tuple[Any, ...]] = {
        "enable": ("east", "west"),
        "demote": ("east",),
        "final_sync": ("east", "west"),
        "promote": ("west", False),
        "resync": ("east",),
        "pause": ("west",),
        "resume": ("west",),
        "clone": ("west", "rehearsal", ()),
        "unclone": ("west", "rehearsal"),
        "fence": ("west", "east"),
        "unfence": ("west", "east"),
        "disable": ("west",),
    }
    for verb, given in verbs.items():
        with suppress(Timeout, Unsupported):
            getattr(provider, verb)(of, *given)


def look(made: World) -> None:
    for site in ("east", "west"):
        handle = made.provider.sites[site]
        # every operation asks for these
        handle.volumes(made.group)
        made.provider.detect(made.group, handle)
        made.provider.observe_all([made.group], site)


def move(made: World, source: str, target: str) -> None:
    made.wait()
    made.provider.demote(made.group, source)
    made.wait()
    assert made.provider.final_sync(made.group, source, target).holds
    made.provider.promote(made.group, target, forced=False)
    made.wait()
    made.provider.resync(made.group, source)


def take_back(made: World, source: str, target: str) -> None:
    made.wait()
    if made.provider.capabilities.atomic_switch:
        return
    made.provider.demote(made.group, source)
    made.provider.promote(made.group, source, forced=False)


def fail_over(made: World, lost: str, survivor: str) -> None:
    made.wait()
    made.provider.promote(made.group, survivor, forced=True)
    made.wait()
    for verb in (made.provider.demote, made.provider.resync):
        with suppress(Refused) if made.provider.name in REFUSE_BESIDE_PRIMARY else nullcontext():
            verb(made.group, lost)
    made.wait()


def pause(made: World) -> None:
    with suppress(Unsupported):
        made.provider.pause(made.group, "west")
        made.provider.resume(made.group, "west")


def end(made: World) -> None:
    with suppress(Unsupported):
        made.provider.release(made.group, "west", ("payroll/disk-0",))
    for site in ("west", "east"):
        made.provider.disable(made.group, site)
