"""Official release binaries, pinned to the version of go.mod and checked against the vendor's published sha256."""

from __future__ import annotations

import hashlib
import platform
import re
import tarfile
from dataclasses import dataclass
from pathlib import Path

import requests

from ocpvirt_lab.components import pinned
from ocpvirt_lab.errors import LabError

KUBERNETES_HOST = "https://dl.k8s.io/release"
ETCD_HOST = "https://github.com/etcd-io/etcd/releases/download"
CONNECT_TIMEOUT = 3
READ_TIMEOUT = 30
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


class Unavailable(Exception):
    """The release cannot be had from here; a build can."""


@dataclass(frozen=True)
class Release:
    url: str
    checksum_url: str
    member: str | None = None
    """The binary's path when the release is an archive."""


def releases() -> dict[str, Release]:
    """Binary -> its official release, for this machine."""
    arch = ARCHITECTURES.get(platform.machine())
    if arch is None:
        return {}
    kubernetes = f"{KUBERNETES_HOST}/{pinned('kubernetes', 'k8s.io/kubernetes')}/bin/linux/{arch}"
    version = pinned("kubernetes", "go.etcd.io/etcd/server/v3")
    folder = f"etcd-{version}-linux-{arch}"
    table = {
        name: Release(f"{kubernetes}/{name}", f"{kubernetes}/{name}.sha256")
        for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
    }
    table["etcd"] = Release(
        f"{ETCD_HOST}/{version}/{folder}.tar.gz", f"{ETCD_HOST}/{version}/SHA256SUMS", f"{folder}/etcd"
    )
    return table


def fetch(release: Release, target: Path) -> None:
    """Downloads, checks and unpacks one binary. Raises Unavailable when the host does not answer."""
    try:
        wanted = _published_checksum(release)
        download = target.with_name(target.name + ".download")
        seen = _download(release.url, download)
    except requests.RequestException as error:
        raise Unavailable(f"{release.url}: {error}") from error
    if seen != wanted:
        download.unlink()
        raise LabError(f"{release.url} has sha256 {seen}, its publisher says {wanted}: not used")
    if release.member is None:
        download.replace(target)
    else:
        with tarfile.open(download) as archive:
            member = archive.extractfile(release.member)
            if member is None:
                raise LabError(f"{release.url} does not hold {release.member}")
            target.write_bytes(member.read())
        download.unlink()
    target.chmod(0o755)


def _published_checksum(release: Release) -> str:
    response = requests.get(release.checksum_url, timeout=(CONNECT_TIMEOUT, READ_TIMEOUT))
    response.raise_for_status()
    name = release.url.rsplit("/", 1)[1]
    for line in response.text.splitlines():
        found = re.fullmatch(r"([0-9a-f]{64})(?:\s+\*?(\S+))?", line.strip())
        if found and found[2] in (None, name):
            return found[1]
    raise LabError(f"{release.checksum_url} names no sha256 for {name}")


def _download(url: str, target: Path) -> str:
    digest = hashlib.sha256()
    with requests.get(url, stream=True, timeout=(CONNECT_TIMEOUT, READ_TIMEOUT)) as response:
        response.raise_for_status()
        with target.open("wb") as out:
            for chunk in response.iter_content(1 << 20):
                digest.update(chunk)
                out.write(chunk)
    return digest.hexdigest()
