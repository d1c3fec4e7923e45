# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A double of Flux: it applies what a folder of a branch holds to its site, again and again, by server-side apply."""

from __future__ import annotations

import subprocess
from contextlib import AbstractContextManager
from pathlib import Path

import yaml
from ansible_collections.ocpvirt.dr.tests.integration.control_loop import control_loop
from demo.cluster import Cluster, path_of

APPLY = "application/apply-patch+yaml"


def git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=Operator", "-c", "user.email=operator@example.org")
    done = subprocess.run(
        ["git", *identity, *words], cwd=folder, check=True, capture_output=True, text=True, timeout=60
    )
    return done.stdout.strip()


class Repository:
    """A bare one with one commit on main, and the checkout in which the playbooks commit."""

    def __init__(self, folder: Path) -> None:
        self.bare, self.checkout = folder / "git.git", folder / "checkout"
        git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(self.bare))
        git(folder, "clone", "--quiet", str(self.bare), str(self.checkout))
        git(self.checkout, "switch", "--quiet", "--create", "main")
        git(self.checkout, "commit", "--quiet", "--allow-empty", "-m", "Begin")
        git(self.checkout, "push", "--quiet", "origin", "main")

    def subjects(self) -> list[str]:
        """Of the commits that were pushed, newest first."""
        return git(self.bare, "log", "--format=%s", "main").splitlines()


class Flux:
    """One Kustomization: a folder and a site. It waits while it is suspended."""

    def __init__(self, repository: Repository, path: str, cluster: Cluster) -> None:
        self.suspended = False
        self.applied: set[str] = set()
        self._repository = repository
        self._path = path
        self._cluster = Cluster(cluster.kubeconfig)

    def reconcile(self) -> None:
        if self.suspended:
            return
        bare = self._repository.bare
        for name in git(bare, "ls-tree", "--name-only", "main", f"{self._path}/").splitlines():
            for item in yaml.safe_load_all(git(bare, "show", f"main:{name}")):
                meta = item["metadata"]
                path = f"{path_of(item['kind'], meta.get('namespace'))}/{meta['name']}"
                self._cluster.call("PATCH", f"{path}?fieldManager=flux&force=true", item, APPLY)
            self.applied.add(name)


def reconciling(*instances: Flux) -> AbstractContextManager[None]:
    return control_loop(*(instance.reconcile for instance in instances))
