# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What unit tests put in the place of time and of an API server."""

from __future__ import annotations

import copy
import heapq
import itertools
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.clock import Clock
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import Kind
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.traffic import Traffic
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict, NotFound, Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan_parser import parse_plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run import Run

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class SimulatedTime:
    """Seconds that pass only when somebody sleeps; what is planned for a moment happens while it is slept over."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._planned: list[tuple[float, int, Callable[[], object]]] = []
        self._number = itertools.count()

    def clock(self, off_by: timedelta = timedelta()) -> Clock:
        """A clock of one machine; off_by: how wrong its wall clock is."""
        return Clock(
            monotonic=lambda: self.seconds,
            now=lambda: NOON + timedelta(seconds=self.seconds) + off_by,
            sleep=self.sleep,
        )

    def at(self, seconds: float, action: Callable[[], object]) -> None:
        heapq.heappush(self._planned, (seconds, next(self._number), action))

    def sleep(self, seconds: float) -> None:
        until = self.seconds + seconds
        while self._planned and self._planned[0][0] <= until:
            self.seconds, _number, action = heapq.heappop(self._planned)
            action()
        self.seconds = until


class MemoryApi:
    """The calls of Api that read and write single objects, with resourceVersions as an API server keeps them."""

    def __init__(self, site: str = "west", clock: Clock | None = None) -> None:
        self.site = site
        self.clock = clock or SimulatedTime().clock()
        self.objects: dict[tuple[str, str | None, str], dict[str, Any]] = {}
        self.writes: list[str] = []
        self.traffic = Traffic()
        self._version = 0
        self._lock = threading.RLock()

    def find(self, kind: Kind, name: str, namespace: str | None = None) -> dict[str, Any] | None:
        return copy.deepcopy(self.objects.get((kind.kind, namespace, name)))

    def get(self, kind: Kind, name: str, namespace: str | None = None) -> dict[str, Any]:
        found = self.find(kind, name, namespace)
        if found is None:
            raise NotFound("GET", site=self.site, on=f"{kind.kind}/{namespace}/{name}", status=404)
        return found

    def list(
        self,
        kind: Kind,
        namespace: str | None = None,
        labels: str | None = None,
        fields: str | None = None,
        keep: Callable[[dict[str, Any]], Any] = lambda item: item,
    ) -> list[Any]:
        if fields is not None and "," in fields:
            raise NotImplementedError("field selectors")
        field, _equals, wanted = (fields or "").partition("=")
        asked = [part.partition("=") for part in labels.split(",")] if labels else []
        return [
            keep(copy.deepcopy(item))
            for (of_kind, of_namespace, _name), item in self.objects.items()
            if of_kind == kind.kind
            and namespace in (None, of_namespace)
            and all(_has_label(item, *part) for part in asked)
            and (not field or _at(item, field) == wanted)
        ]

    def create(self, kind: Kind, body: dict[str, Any], strict: bool = False) -> dict[str, Any]:
        """strict: of a server that knows all fields."""
        key = self._key(kind, body)
        if key in self.objects:
            raise Conflict("POST", site=self.site, on="/".join(filter(None, key)), status=409)
        return self._store("create", key, body)

    def replace(self, kind: Kind, body: dict[str, Any]) -> dict[str, Any]:
        key = self._key(kind, body)
        stored = self.get(kind, key[2], key[1])
        if body["metadata"].get("resourceVersion") not in (None, stored["metadata"]["resourceVersion"]):
            raise Conflict("PUT", site=self.site, on="/".join(filter(None, key)), status=409)
        return self._store("replace", key, body)

    def patch(self, kind: Kind, name: str, namespace: str | None, body: dict[str, Any]) -> dict[str, Any]:
        """JSON merge patch; a resourceVersion in it makes somebody else's change meanwhile a Conflict."""
        stored = self.get(kind, name, namespace)
        if body.get("metadata", {}).get("resourceVersion") not in (None, stored["metadata"]["resourceVersion"]):
            raise Conflict("PATCH", site=self.site, on=f"{kind.kind}/{namespace}/{name}", status=409)
        return self._store("patch", (kind.kind, namespace, name), merged(stored, body))

    def apply(self, kind: Kind, body: dict[str, Any], force: bool = True) -> dict[str, Any]:
        """As the server does it, an equal object is not written again."""
        key = self._key(kind, body)
        stored = self.find(kind, key[2], key[1])
        if stored:
            del stored["metadata"]["resourceVersion"]
        if stored and stored != body and not force:
            raise Conflict("PATCH", site=self.site, on="/".join(filter(None, key)), status=409)
        return stored if stored == body else self._store("apply", key, body)

    def delete(self, kind: Kind, name: str, namespace: str | None = None, uid: str | None = None) -> bool:
        stored = self.find(kind, name, namespace)
        if stored and uid and stored["metadata"].get("uid") != uid:
            raise Conflict("DELETE", site=self.site, on=f"{kind.kind}/{namespace}/{name}", status=409)
        return self.objects.pop((kind.kind, namespace, name), None) is not None

    def _store(self, verb: str, key: tuple[str, str | None, str], body: dict[str, Any]) -> dict[str, Any]:
        stored = copy.deepcopy(body)
        with self._lock:
            self._version += 1
            stored["metadata"]["resourceVersion"] = str(self._version)
            self.writes.append(f"{verb} {'/'.join(filter(None, key))}")
            self.objects[key] = stored
        return copy.deepcopy(stored)

    def _key(self, kind: Kind, body: dict[str, Any]) -> tuple[str, str | None, str]:
        return kind.kind, body["metadata"].get("namespace"), body["metadata"]["name"]


def _at(item: dict[str, Any], path: str) -> Any:
    found: Any = item
    for name in path.split("."):
        found = found.get(name, {})
    return found


def merged(seen: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """A document after a JSON merge patch (RFC 7396)."""
    found = copy.deepcopy(seen)
    for key, value in patch.items():
        if value is None:
            found.pop(key, None)
        elif isinstance(value, dict):
            found[key] = merged(found[key] if isinstance(found.get(key), dict) else {}, value)
        else:
            found[key] = copy.deepcopy(value)
    return found


def _has_label(item: dict[str, Any], key: str, equals: str, value: str) -> bool:
    labels = item["metadata"].get("labels") or {}
    if key.startswith("!"):
        return key[1:] not in labels
    return labels.get(key) == value if equals else key in labels


def plan_of(**changes: Any) -> Plan:
    """A plan from east to west."""
    document = {
        "name": "payroll",
        "home": "east",
        "sites": {"east": {"kubeconfig": "east.yml"}, "west": {"kubeconfig": "west.yml"}},
        "protect": {"namespaces": ["payroll"], "selector": {"matchLabels": {"dr.ocpvirt.io/plan": "payroll"}}},
    }
    return parse_plan({**document, **changes})


class MemorySession:
    """A module's part in a run whose record is in memory. lock_holds: how many more looks find the lock ours."""

    def __init__(self, api: MemoryApi, plan: Plan | None = None, check_mode: bool = False) -> None:
        self.plan = plan or plan_of()
        self.api = api
        self.clock = api.clock
        self.check_mode = check_mode
        self.source, self.target = "east", "west"
        self.source_is_dead = self.source_storage_is_dead = False
        self.source_api = MemoryApi("east", api.clock)
        self.here: list[GroupStatus] = []
        self.there: list[GroupStatus] = []
        self.run = Run("r-1", self.plan.name, "failover", "east", "west", "f00d", NOON.isoformat())
        self.lock_holds: float = float("inf")
        self.lock_seconds = 0
        self.outlasted: list[int] = []
        self.record: dict[str, Any] = {}
        # of all steps
        self.summary: dict[str, Any] = {}
        self.lines: list[tuple[Any, ...]] = []
        self.progress = self

    def __call__(self, plan: Plan, _run_id: str, check_mode: bool = False) -> MemorySession:
        """In the place of the class Session."""
        self.plan, self.check_mode = plan, check_mode
        return self

    def __enter__(self) -> MemorySession:
        return self

    def __exit__(self, *_error: object) -> None:
        return

    def site_api(self, site: str) -> MemoryApi:
        return self.api if site == self.target else self.source_api

    def observe_groups(self) -> tuple[list[GroupStatus], list[GroupStatus]]:
        return self.here, self.there

    def note_silent_groups(self, there: Iterable[GroupStatus]) -> None:
        pass

    def verify_lock(self) -> None:
        if self.lock_holds <= 0:
            raise Refused("go on with the run", seen="another attempt holds the lock")
        self.lock_holds -= 1

    def extend_lock(self, seconds: int) -> None:
        self.lock_seconds = seconds

    @contextmanager
    def outlasting(self, seconds: int) -> Iterator[None]:
        self.outlasted.append(seconds)
        yield

    @contextmanager
    def step(self, _name: str) -> Iterator[dict[str, Any]]:
        summary: dict[str, Any] = {}
        yield summary
        self.summary |= summary

    def update(self, **changes: Any) -> None:
        self.run = replace(self.run, **changes)

    def put(self, topic: str, document: Any) -> None:
        self.record[topic] = copy.deepcopy(document)

    def load(self, topic: str) -> Any:
        return copy.deepcopy(self.record.get(topic))

    def emit(self, *line: Any, **named: Any) -> None:
        self.lines.append((*line, named))
