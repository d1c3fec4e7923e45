# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manifests that we write ourselves, to a directory or to S3: no OADP is needed.

Below <plan>/ lie blobs/<digest>, an object each, and captures/<name>.json.gz, the indexes that name them.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from .._cluster.api import Api
from .._cluster.bulk import for_each
from .._cluster.clock import Deadline
from .._errors import DrError, NotFound, TerminalState, Timeout
from .._model.capture import Capture, CaptureInfo
from .._model.plan import Plan
from .base import MetadataSource
from .export_form import canonical, cleaned, digest_of, packed, read_object
from .export_index import CaptureName, Entry, Index, read_index, write_index
from .export_kinds import collect
from .export_restore import Rules, restore_objects, unserved
from .export_retention import GRACE, LONGEST_CAPTURE, Stored, age_order, collectable, expired, lasting
from .export_store import Store

INDEX = ".json.gz"
MARK = ".incomplete"


class ExportSource(MetadataSource):
    """One store serves both sites: what is written is known at both."""

    title = "the export"

    def __init__(self, plan: Plan, store: Store) -> None:
        self._plan = plan
        self._store = store
        # a capture never changes
        self._contents: dict[str, Capture] = {}
        self._captures = f"{plan.name}/captures/"
        self._blobs = f"{plan.name}/blobs/"

    def label(self, name: str) -> str:
        return f"capture {name} in {self._store.where}"

    def capture(self, api: Api, timeout: float) -> str:
        deadline = Deadline(api.clock, min(timeout, LONGEST_CAPTURE.total_seconds()))
        name = CaptureName.new(self._plan.name, api.site, api.clock.now(), secrets.token_hex(2))
        contents: dict[str, bytes] = {}
        entries = []
        for resource, item in collect(self._plan, api):
            content = canonical(cleaned(item))
            meta, digest = item["metadata"], digest_of(content)
            contents[digest] = content
            entries.append(Entry(resource, meta.get("namespace"), meta["name"], digest))
        known = self._whole(contents.keys() & self._lasting(api.clock.now()))
        fresh = {digest: content for digest, content in contents.items() if digest not in known}
        self._write(fresh, api, name, deadline)
        self._check_time(api, name, deadline)
        index = Index(self._plan.name, api.site, name.created.isoformat(), tuple(entries))
        self._store.put(self._index_key(name.text), write_index(index))
        # retention of another capture, stalled since before this one began, may have removed what it relied on
        while gone := contents.keys() - {_digest_in(key) for key in self._store.list(self._blobs)}:
            self._write({digest: contents[digest] for digest in gone}, api, name, deadline)
        return name.text

    def mark_incomplete(self, api: Api, name: str, reason: str) -> None:
        self._store.put(self._captures + name + MARK, canonical({"reason": reason[:500]}))

    def catalog(self, api: Api) -> list[CaptureInfo]:
        return [
            CaptureInfo(
                name=item.name.text,
                site=item.name.site,
                created=item.name.created.isoformat(),
                phase="Completed" if item.complete else "Incomplete",
                complete=item.complete,
            )
            for item in sorted(self._listed(), key=age_order, reverse=True)
        ]

    def manifests(self, api: Api, name: str) -> Capture:
        if name not in self._contents:
            self._contents[name] = self._content(name)
        return self._contents[name]

    def left_out(self, api: Api, capture: Capture, exclude: Sequence[str]) -> list[str]:
        return unserved(api, capture, exclude)

    def restore(
        self,
        api: Api,
        name: str,
        run_id: str,
        exclude: Sequence[str],
        timeout: float,
        update: bool,
        verify_lock: Callable[[], None],
    ) -> dict[str, int]:
        deadline = Deadline(api.clock, timeout)
        rules = Rules(self._plan.name, run_id, update, verify_lock)
        return restore_objects(api, self.manifests(api, name), exclude, deadline, rules)

    def remove(self, here: Api, there: Api, name: str) -> None:
        """The index first: what is left of a capture that was removed half way does not exist."""
        self._store.delete(self._index_key(name))
        self._store.delete(self._captures + name + MARK)
        if not self._listed():
            for key in self._store.list(self._blobs):
                self._store.delete(key)

    def prune(self) -> None:
        """Captures that are too old, then contents that no capture names."""
        # listed first: what is written after this is no candidate
        blobs = self._store.list(self._blobs)
        captures = self._listed()
        if not captures:
            return
        now = max(item.written for item in captures)
        gone = set(expired(captures, now, self._plan.metadata.keep))
        for name in sorted(gone):
            self._store.delete(self._index_key(name))
            # after the index: an incomplete capture never looks complete
            self._store.delete(self._captures + name + MARK)
        referenced = {
            self._blob_key(digest)
            for item in captures
            if item.name.text not in gone
            for digest in self._digests(item.name.text)
        }
        for key in collectable(blobs, referenced, now):
            # once more: a capture that needs it again has written it anew
            if collectable(self._store.list(key), referenced, now):
                self._store.delete(key)
        self._store.sweep(f"{self._plan.name}/", now - GRACE)

    def _content(self, name: str) -> Capture:
        index = self._index(name)
        outcome = for_each(sorted({entry.digest for entry in index.entries}), self._read)
        for digest, error in outcome.failed:
            if isinstance(error, NotFound):
                raise self._broken(name, f"the object {_first(index, digest)} is gone from it") from error
            raise error
        objects: dict[str, list[Mapping[str, Any]]] = {}
        found = dict(outcome.done)
        for entry in index.entries:
            objects.setdefault(entry.resource, []).append(self._checked(name, entry, found[entry.digest]))
        return Capture(name, objects)

    def _lasting(self, here: datetime) -> set[str]:
        """Digests that a capture need not write: an index that stays names them. here: this machine's time."""
        captures = self._listed()
        now = max([here, *(item.written for item in captures)])
        found: set[str] = set()
        for name in lasting(captures, now, self._plan.metadata.keep):
            try:
                found |= self._digests(name)
            except (NotFound, TerminalState):
                # removed meanwhile, or damaged: nothing relies on it
                continue
        return found

    def _whole(self, digests: set[str]) -> set[str]:
        """Those whose content is there and as it was written: a new capture mends what was damaged since."""

        def is_whole(digest: str) -> bool:
            try:
                read_object(self._read(digest), digest)
            except (NotFound, ValueError):
                return False
            return True

        outcome = for_each(sorted(digests), is_whole)
        for _digest, error in outcome.failed:
            raise error
        return {digest for digest, whole in outcome.done if whole}

    def _write(self, contents: Mapping[str, bytes], api: Api, name: CaptureName, deadline: Deadline) -> None:
        outcome = for_each(
            contents.items(),
            lambda item: self._store.put(self._blob_key(item[0]), packed(item[1])),
            before_batch=lambda: self._check_time(api, name, deadline),
        )
        for _item, error in outcome.failed:
            raise error

    def _check_time(self, api: Api, name: CaptureName, deadline: Deadline) -> None:
        if deadline.over:
            raise Timeout(
                "write the capture",
                site=api.site,
                on=self.label(name.text),
                seen="it is not written wholly",
                wanted="its index",
                waited=deadline.elapsed,
                next_step="without an index it does not exist: start again with a longer timeout",
            )

    def _read(self, digest: str) -> bytes:
        return self._store.get(self._blob_key(digest))

    def _checked(self, name: str, entry: Entry, stored: bytes) -> Mapping[str, Any]:
        try:
            item = read_object(stored, entry.digest)
        except ValueError as error:
            raise self._broken(name, f"the object {entry.on}: {error}") from error
        meta = item["metadata"]
        if (meta.get("namespace"), meta.get("name")) != (entry.namespace, entry.name):
            raise self._broken(name, f"the object {entry.on} is {meta.get('namespace')}/{meta.get('name')}")
        return item

    def _index(self, name: str) -> Index:
        known = CaptureName.read(name, self._plan.name, self._plan.sites)
        if known is None:
            raise self._broken(name, f"its name is none of plan {self._plan.name}")
        try:
            index = read_index(self._store.get(self._index_key(name)))
        except ValueError as error:
            raise self._broken(name, f"its index: {error}") from error
        if (index.plan, index.site) != (self._plan.name, known.site):
            raise self._broken(name, f"its index is of plan {index.plan} at {index.site}")
        return index

    def _digests(self, name: str) -> set[str]:
        return {entry.digest for entry in self._index(name).entries}

    def _listed(self) -> list[Stored]:
        keys = self._store.list(self._captures)
        found = []
        for key, written in keys.items():
            text = key.removeprefix(self._captures).removesuffix(INDEX)
            name = CaptureName.read(text, self._plan.name, self._plan.sites) if key.endswith(INDEX) else None
            if name is not None:
                found.append(Stored(name, written, complete=self._captures + text + MARK not in keys))
        return found

    def _broken(self, name: str, seen: str) -> DrError:
        return TerminalState(
            "read the capture",
            on=self.label(name),
            seen=seen,
            wanted="as it was written",
            next_step="another capture is needed: take one, and find out who changes the store",
        )

    def _index_key(self, name: str) -> str:
        return f"{self._captures}{name}{INDEX}"

    def _blob_key(self, digest: str) -> str:
        return f"{self._blobs}{digest[:2]}/{digest}{INDEX}"


def _digest_in(key: str) -> str:
    return key.rpartition("/")[2].removesuffix(INDEX)


def _first(index: Index, digest: str) -> str:
    return next(entry.on for entry in index.entries if entry.digest == digest)
