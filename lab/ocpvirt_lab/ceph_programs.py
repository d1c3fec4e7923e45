"""The programs of Ceph, which the system's packages bring."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from ocpvirt_lab.errors import LabError

HEADERS = Path("/usr/include/rbd/librbd.h")
PACKAGES = {
    "ceph-mon": "ceph-mon",
    "ceph-mgr": "ceph-mgr",
    "ceph-osd": "ceph-osd",
    "rbd-mirror": "rbd-mirror",
    "ceph": "ceph-common",
    "rbd": "ceph-common",
    "monmaptool": "ceph-base",
    "gcc": "gcc",
    "awk": "mawk",
}
SYSTEM_FOLDERS = "/usr/sbin:/sbin"


def program(name: str) -> str:
    return _find(name) or name


def require() -> None:
    missing = {package for name, package in PACKAGES.items() if not _find(name)}
    if not HEADERS.exists():
        missing |= {"librbd-dev", "librados-dev"}
    if missing:
        raise LabError(
            f"a lab with Ceph needs these Debian packages: {' '.join(sorted(missing))}.\n"
            "`dev/system-packages ceph` installs them as root on Debian and starts no daemon of theirs"
        )


def _find(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:{SYSTEM_FOLDERS}")
