# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Directories of the lab's storage, copied by doubles of products that move data without the storage's help."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from ansible_collections.ocpvirt.dr.tests.integration.products.exports import export_of
from demo.cluster import Cluster


def export_of_claim(cluster: Cluster, claim: str, namespace: str) -> str:
    """Name of the export behind a bound claim; both sites know it by the same."""
    pvc = cluster.get("PersistentVolumeClaim", claim, namespace)
    pv = cluster.get("PersistentVolume", pvc["spec"]["volumeName"])
    return export_of(pv["spec"]["csi"]["volumeHandle"])


def folder_of(facts: dict[str, Any], export: str) -> Path:
    """facts: of the site in `lab env`."""
    return Path(facts["storage_root"]) / export


def copy_of(folder: Path, owner: str) -> Path:
    """What a transfer under way sends. owner: in the name of the temporary directory.

    RuntimeError where a file went between the look at the folder and the look at the file: to be done again.
    """
    copied = Path(tempfile.mkdtemp(prefix=f"{owner}-"))
    try:
        shutil.copytree(folder, copied, dirs_exist_ok=True)
    except (shutil.Error, FileNotFoundError) as error:
        shutil.rmtree(copied)
        raise RuntimeError(f"{folder} was changed meanwhile: {error}") from error
    return copied


def make_equal(source: Path, target: Path) -> None:
    """As rsync --delete does: new files under another name first, then what is too many goes."""
    shutil.copytree(source, target, dirs_exist_ok=True)
    for file in sorted(target.rglob("*"), reverse=True):
        if not (source / file.relative_to(target)).exists():
            file.rmdir() if file.is_dir() else file.unlink()
