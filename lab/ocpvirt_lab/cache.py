"""Where built binaries lie: outside the checkout, one folder per component and content."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path


def cache_root() -> Path:
    if chosen := os.environ.get("OCPVIRT_DR_CACHE"):
        return Path(chosen) / "lab"
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "ocpvirt-dr" / "lab"


def sources(module_dir: Path) -> list[Path]:
    """What decides a build: go.mod, go.sum and the module's own files; tests do not."""
    return sorted(
        path
        for path in module_dir.rglob("*")
        if path.is_file()
        and (path.suffix == ".go" or path.name in ("go.mod", "go.sum"))
        and not path.name.endswith("_test.go")
    )


def content_key(module_dir: Path, facts: Iterable[str]) -> str:
    """A key over the module's content and `facts` (Go version, flags, names of the binaries)."""
    digest = hashlib.sha256()
    for fact in facts:
        digest.update(fact.encode() + b"\0")
    for path in sources(module_dir):
        digest.update(str(path.relative_to(module_dir)).encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


@contextlib.contextmanager
def exclusive(directory: Path) -> Iterator[None]:
    """Two labs that build the same thing: the second waits and then finds it."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    with directory.with_name(directory.name + ".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
