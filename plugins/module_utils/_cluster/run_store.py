# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run records on the surviving site: a head per run, and documents in shards below the object limit (P5)."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from typing import Any

from .._errors import Conflict, Failed, NotFound
from .._model.run import Run
from .api import Api, Object
from .kinds import CONFIG_MAP, NAMESPACE

# a ConfigMap may hold 1 MiB; the rest is room for metadata
SHARD = 900_000
PLAN_LABEL = "dr.ocpvirt.io/run-of-plan"
RUN = "dr.ocpvirt.io/run"
RECORD = "dr.ocpvirt.io/record"
PART_LABEL = "dr.ocpvirt.io/part"


class RunStore:
    """ConfigMaps in one namespace of one site."""

    def __init__(self, api: Api, namespace: str) -> None:
        self._api = api
        self._namespace = namespace
        self.site = api.site

    def prepare(self) -> None:
        """Make the namespace if it is absent."""
        if self._api.find(NAMESPACE, self._namespace) is None:
            body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self._namespace}}
            try:
                self._api.create(NAMESPACE, body)
            except Conflict:
                return  # somebody else made it in this moment

    def heads(self, plan: str) -> list[Object]:
        """The heads of a plan's runs, oldest first."""
        found = self._api.list(CONFIG_MAP, self._namespace, labels=f"{PLAN_LABEL}={plan},{PART_LABEL}=head")
        return sorted(map(self._head, found), key=_order)

    def heads_of_all(self) -> list[Object]:
        """The same of all plans."""
        found = self._api.list(CONFIG_MAP, self._namespace, labels=f"{PART_LABEL}=head")
        return sorted(map(self._head, found), key=_order)

    def runs(self, plan: str) -> list[Run]:
        """The same, read."""
        return [self._run(head) for head in self.heads(plan)]

    def head(self, run_id: str) -> Object | None:
        item = self._api.find(CONFIG_MAP, _name(run_id, "head"), self._namespace)
        return self._head(item) if item else None

    def put_head(self, run_id: str, plan: str, head: Object) -> None:
        self._put(_name(run_id, "head"), plan, "head", {RUN: run_id}, {"head": json.dumps(head, sort_keys=True)})

    def put(self, run_id: str, plan: str, topic: str, document: Any) -> None:
        """Record a document; an older one of the same topic is replaced."""
        # a run id may be longer than a label's value
        self._put_document(_name(run_id, topic), plan, topic, {RUN: run_id}, document)

    def load(self, run_id: str, topic: str) -> Any | None:
        """The document, or None when it was never recorded."""
        return self._load_document(_name(run_id, topic))

    def drop(self, run_id: str, plan: str) -> None:
        """Remove a run's record, its head last: what is left of a removal that was killed is found by it."""
        items = self._api.list(CONFIG_MAP, self._namespace, labels=f"{PLAN_LABEL}={plan}")
        names = [i["metadata"]["name"] for i in items if (i["metadata"].get("annotations") or {}).get(RUN) == run_id]
        for name in sorted(names, key=lambda name: name == _name(run_id, "head")):
            self._api.delete(CONFIG_MAP, name, self._namespace)

    def put_syncs(self, plan: str, syncs: Object) -> None:
        """Record what is known of a plan's groups outside of any run."""
        self._put_document(_syncs(plan), plan, "syncs", {}, syncs)

    def syncs(self, plan: str) -> dict[str, Any]:
        """By group what was recorded of its syncs; empty when nothing was, or its parts do not belong together.

        It says how much a failover loses, and must not stop one; the next record writes it anew.
        """
        try:
            return self._load_document(_syncs(plan)) or {}
        except (Failed, NotFound) as error:
            if error.status not in (None, 404):
                raise
            return {}

    def has_syncs(self, plan: str) -> bool:
        return bool(self._sync_maps(plan))

    def remove_syncs(self, plan: str) -> None:
        for name in self._sync_maps(plan):
            self._api.delete(CONFIG_MAP, name, self._namespace)

    def _sync_maps(self, plan: str) -> list[str]:
        found = self._api.list(CONFIG_MAP, self._namespace, labels=f"{PLAN_LABEL}={plan},{PART_LABEL}=syncs")
        return sorted(item["metadata"]["name"] for item in found)

    def put_record(self, plan: str, name: str, facts: dict[str, str], document: Any) -> None:
        """Keep a document of a plan outside of any run, with facts about it that a list shows."""
        self._put_document(_record(name), plan, "record", {RECORD: name, **facts}, document)

    def records(self, plan: str) -> list[tuple[str, dict[str, str]]]:
        """Name and facts of a plan's records."""
        items = self._api.list(CONFIG_MAP, self._namespace, labels=f"{PLAN_LABEL}={plan},{PART_LABEL}=record")
        found = [(item["metadata"]["annotations"], item["data"]) for item in items]
        # one that has no first shard was not finished
        return [(facts[RECORD], facts) for facts, data in found if "shards" in data]

    def load_record(self, name: str) -> Any | None:
        return self._load_document(_record(name))

    def annotate_record(self, name: str, facts: dict[str, str]) -> None:
        body = {"metadata": {"annotations": facts}}
        self._api.patch(CONFIG_MAP, f"{_record(name)}-0", self._namespace, body)

    def drop_record(self, name: str) -> None:
        """The first shard goes first: without it there is no record."""
        first = self._api.find(CONFIG_MAP, f"{_record(name)}-0", self._namespace)
        for number in range(int(first["data"]["shards"]) if first else 0):
            self._api.delete(CONFIG_MAP, f"{_record(name)}-{number}", self._namespace)

    def _head(self, item: Object) -> Object:
        name = item["metadata"]["name"]
        try:
            head: Object = json.loads(item["data"]["head"])
        except (KeyError, TypeError, ValueError) as error:
            raise self._unreadable(name, error) from error
        if not isinstance(head, dict) or "id" not in head:
            raise self._unreadable(name, KeyError("id"))
        return head

    def _run(self, head: Object) -> Run:
        try:
            return Run.from_dict(head)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise self._unreadable(_name(head["id"], "head"), error) from error

    def _unreadable(self, name: str, error: Exception) -> Failed:
        return Failed(
            "read the record of a run",
            site=self.site,
            on=f"ConfigMap/{self._namespace}/{name}",
            seen=f"{type(error).__name__}: {error}",
            wanted="the record as it was written",
            next_step="put it back as it was; if nobody can, delete this ConfigMap: the run is then begun anew, or"
            " refused with what to do",
        )

    def _put_document(self, name: str, plan: str, part: str, annotations: dict[str, str], document: Any) -> None:
        """Shard by shard, the first one last: it names the number of shards and their digest, so that a torn write is
        noticed."""
        text = base64.b64encode(gzip.compress(json.dumps(document, sort_keys=True).encode(), mtime=0)).decode()
        shards = [text[start : start + SHARD] for start in range(0, len(text), SHARD)] or [""]
        for number in reversed(range(len(shards))):
            data = {"shard": shards[number]}
            if number == 0:
                data |= {"shards": str(len(shards)), "sha256": _digest(text)}
            self._put(f"{name}-{number}", plan, part, annotations, data)

    def _load_document(self, name: str) -> Any | None:
        first = self._api.find(CONFIG_MAP, f"{name}-0", self._namespace)
        if first is None:
            return None
        parts = [first["data"]["shard"]]
        for number in range(1, int(first["data"]["shards"])):
            parts.append(self._api.get(CONFIG_MAP, f"{name}-{number}", self._namespace)["data"]["shard"])
        text = "".join(parts)
        if _digest(text) != first["data"]["sha256"]:
            raise Failed(
                "read the run's record",
                site=self.site,
                on=f"ConfigMap/{self._namespace}/{name}-0",
                seen=f"{len(parts)} shards that do not belong together",
                wanted=f"SHA-256 {first['data']['sha256']}",
                next_step="start the playbook again: the step is recorded anew",
            )
        return json.loads(gzip.decompress(base64.b64decode(text)))

    def _put(self, name: str, plan: str, part: str, annotations: dict[str, str], data: dict[str, str]) -> None:
        body = {
            "metadata": {
                "name": name,
                "namespace": self._namespace,
                "labels": {PLAN_LABEL: plan, PART_LABEL: part},
                "annotations": annotations,
            },
            "data": data,
        }
        self._api.apply(CONFIG_MAP, body)


def _order(head: Object) -> tuple[int, str]:
    """As `Run.order`, of a head whose other fields nobody has read yet."""
    number = head.get("number", 0)
    return number if isinstance(number, int) else 0, str(head.get("started", ""))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _syncs(plan: str) -> str:
    return f"plan-{plan}-syncs"


def _record(name: str) -> str:
    return f"record-{name}"


def _name(run_id: str, part: str) -> str:
    return f"run-{run_id}-{part}"
