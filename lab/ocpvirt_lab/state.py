"""A lab's folder: its state file, its lock, and where everything else of it lies."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ocpvirt_lab.errors import LabError

STATE_ROOT = Path(__file__).resolve().parent.parent / ".state"
DEFAULT_NAME = "default"
DEFAULT_NODES = 4
NFS, CEPH = "nfs", "ceph"


@dataclass
class HolderRecord:
    pid: int
    starttime: int
    """From /proc/PID/stat: tells a living holder from a stranger that got its pid."""
    user_namespace: bool


@dataclass
class State:
    ports: dict[str, int] = field(default_factory=dict)
    """Forward -> port on 127.0.0.1. Kept as long as the folder exists, so that kubeconfigs stay valid."""
    nodes: int = DEFAULT_NODES
    storage: str = NFS
    """What the lab has for volumes: NFS servers, or these and Ceph clusters."""
    csi_addons: bool = False
    ssh: bool = False
    """Whether the NFS servers are reached by ssh too."""
    holder: HolderRecord | None = None
    lost: list[str] = field(default_factory=list)


class LabFolder:
    def __init__(self, name: str, root: Path = STATE_ROOT) -> None:
        if not re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", name):
            raise LabError(f"{name!r} is no name for a lab: lower-case letters, digits and dashes only")
        self.name = name
        self.path = root / name

    @property
    def state_file(self) -> Path:
        return self.path / "state.json"

    @property
    def hub(self) -> Path:
        return self.path / "hub"

    def site(self, site: str) -> Path:
        return self.path / site

    def storage_root(self, site: str) -> Path:
        return self.site(site) / "storage"

    def kubeconfig(self, site: str) -> Path:
        return self.path / f"{site}.kubeconfig"

    def entrance(self, site: str) -> Path:
        """Runs a command at the site, as an administrator of its storage would through ssh."""
        return self.path / f"{site}.enter"

    def log(self, owner: str, component: str) -> Path:
        return self.path / owner / "logs" / f"{component}.log"

    def load(self) -> State:
        try:
            raw = json.loads(self.state_file.read_text())
        except FileNotFoundError:
            return State()
        except json.JSONDecodeError as error:
            raise LabError(f"{self.state_file} is not JSON ({error}); `lab down --purge` starts afresh") from error
        holder = raw.pop("holder", None)
        return State(**raw, holder=HolderRecord(**holder) if holder else None)

    def save(self, state: State) -> None:
        self.create()
        draft = self.state_file.with_suffix(".new")
        draft.write_text(json.dumps(asdict(state), indent=2) + "\n")
        draft.replace(self.state_file)

    def create(self) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        os.chmod(self.path, 0o700)

    def purge(self) -> None:
        shutil.rmtree(self.path, ignore_errors=False)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """One changing command at a time; the kernel frees the lock when its owner dies."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with (self.path.parent / f"{self.name}.lock").open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise LabError(f"another command is changing the lab {self.name!r}; wait for it to end") from None
            yield
