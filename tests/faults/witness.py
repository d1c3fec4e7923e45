# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks at both sites all the time: VMIs by a watch on each API server, the guests' records by reading the disks."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from typing import Any

from ansible_collections.ocpvirt.dr.tests.faults.lives import (
    Life,
    Outage,
    double_lives,
    lives_at,
    lives_on,
    made_again,
)
from ansible_collections.ocpvirt.dr.tests.faults.losses import newest_own
from ansible_collections.ocpvirt.dr.tests.integration.world import World
from demo.workload import NAMESPACE
from ocpvirt_lab.start_history import VM, VMI, Seen
from ocpvirt_lab.start_watch import StartWatch

# a disk keeps what its last guest wrote for longer than that, and a record tells its own time
EVERY = 1.0


@dataclass(frozen=True)
class _Told:
    """What a watch told that was given up; until: see lives_at."""

    site: str
    events: list[Seen]
    until: float


class Witness:
    """Use as a context manager around everything that is to be seen. written: by site what newest_own tells."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._reader = world.lab.read("build", "site").split()[-1]
        self._watches: dict[str, StartWatch] = {}
        self._told: list[_Told] = []
        self._guests: list[Life] = []
        self._ended = threading.Event()
        self._looking = threading.Lock()
        self.outages: list[Outage] = []
        self.written: dict[str, dict[str, int]] = {site: {} for site in world.sites}

    def __enter__(self) -> Witness:
        for site in self._world.sites:
            self._watch(site)
        self._look()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_failure: object) -> None:
        self._ended.set()
        self._thread.join(10)
        for watch in self._watches.values():
            watch.abandon()

    def forget_written(self) -> None:
        """Before a move: what an earlier one lost as it said is not lost again."""
        with self._looking:
            self.written = {site: newest_own({}, self.disks(site), site) for site in self._world.sites}

    def lost(self, site: str) -> None:
        """All its processes were killed in this moment."""
        self.outages.append(Outage(site, time.time()))
        self._give_up(site, time.time())

    def back(self, site: str, since: float) -> None:
        """It was started again then; what it starts by itself is known for what it is until `asked`."""
        self.outages[-1] = replace(self.outages[-1], back=since)
        self._watch(site)

    def asked(self) -> None:
        """From now on a run deals with the site that came back."""
        if self.outages:
            self.outages[-1] = replace(self.outages[-1], known=time.time())

    def unseen(self, site: str) -> None:
        """It was cut off and is seen again: nobody told meanwhile, and a watch may hang on its dead connection."""
        self._give_up(site, time.time())
        self._watch(site)

    def double_starts(self) -> list[str]:
        """By the watches, and on their own by the disks."""
        lives = self._lives()
        self._look()
        return double_lives(lives, self.outages) + double_lives(self._guests, self.outages)

    def made_again(self, site: str, since: float) -> list[str]:
        """VMs that were started, or created, more than once."""
        told = {"started": self._lives(VMI), "created": self._lives(VM)}
        found = [(word, text) for word, lives in told.items() for text in made_again(lives, site, since, time.time())]
        return [f"{text}: {word} again" for word, text in found]

    def disks(self, site: str) -> dict[str, dict[str, Any]]:
        """By claim what its disk holds, read below the storage, whether its site lives or not."""
        root = self._world.sites[site]["storage_root"]
        done = subprocess.run([self._reader, "records", f"--root={root}", "--json"], stdout=subprocess.PIPE, check=True)
        return {volume["disk"] or volume["volume"]: volume for volume in json.loads(done.stdout)["volumes"]}

    def _watch(self, site: str) -> None:
        watch = StartWatch(Path(self._world.sites[site]["kubeconfig"]), [NAMESPACE])
        self._watches[site] = watch.__enter__()

    def _give_up(self, site: str, until: float) -> None:
        watch = self._watches.pop(site)
        watch.abandon()
        self._told.append(_Told(site, watch.events, until))

    def _lives(self, kind: str = VMI) -> list[Life]:
        for watch in self._watches.values():
            watch.settle()
        told = [*self._told, *(_Told(site, watch.events, inf) for site, watch in self._watches.items())]
        # StartWatch tells times of the monotonic clock
        offset = time.time() - time.monotonic()
        return [
            life
            for one in told
            for life in lives_at(
                one.site, [replace(event, at=event.at + offset) for event in one.events], one.until, kind
            )
        ]

    def _follow(self) -> None:
        while not self._ended.wait(EVERY):
            # a disk may be replaced in the moment when it is read
            with suppress(subprocess.CalledProcessError):
                self._look()

    def _look(self) -> None:
        with self._looking:
            for site in self._world.sites:
                disks = self.disks(site)
                self.written[site] = newest_own(self.written[site], disks, site)
                self._guests = lives_on(disks.values(), self._guests)
