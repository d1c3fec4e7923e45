"""What the lab runs: one description per process, started by the holder."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from ocpvirt_lab.layout import SITES, SiteLayout
from ocpvirt_lab.pki import SitePki
from ocpvirt_lab.state import LabFolder

HUB = "hub"


@dataclass(frozen=True)
class Process:
    name: str
    argv: list[str]
    health: str | None = None
    """What `probe` asks inside the process's namespaces; None: alive is all there is to know."""
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SiteContext:
    """All that a site's processes and objects are made from."""

    name: str
    folder: LabFolder
    binaries: dict[str, Path]
    ports: dict[str, int]
    nodes: int
    storage: str
    ssh: bool = False

    @property
    def layout(self) -> SiteLayout:
        return SITES[self.name]

    @property
    def export_prefix(self) -> str:
        return export_prefix(self.folder, self.name, ssh=self.ssh)

    @property
    def directory(self) -> Path:
        return self.folder.site(self.name)

    @property
    def pki(self) -> SitePki:
        return SitePki(self.directory / "pki", self.layout)

    def binary(self, name: str) -> str:
        return str(self.binaries[name])


def export_prefix(folder: LabFolder, site: str, *, ssh: bool) -> str:
    """rsync has to find an export where PVs name it: with ssh the server exports its folders by their own paths."""
    return str(folder.storage_root(site)) if ssh else SITES[site].export_prefix


def base_environment(home: Path) -> dict[str, str]:
    """Nothing of the caller's environment: no proxies, no cloud credentials, no kubeconfig."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "AWS_EC2_METADATA_DISABLED": "true",
        # a quarter less CPU while two control planes start on two cores, for memory within a limit
        "GOGC": "400",
        "GOMEMLIMIT": "2GiB",
    }
