# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real repositories of Git in a folder: a bare remote, the checkout of the plan, and one of somebody else."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.clock import Clock
from ansible_collections.ocpvirt.dr.plugins.module_utils._metadata.git_checkout import GitCheckout

MARK = "    mine: payroll\n"
PATHS = {"east": "clusters/east/volumes", "west": "clusters/west/volumes"}


def git(folder: Path, *words: str) -> str:
    named = {f"GIT_{part}_{of}": "them@example.org" for part in ("AUTHOR", "COMMITTER") for of in ("NAME", "EMAIL")}
    environment = {**os.environ, **named, "GIT_TERMINAL_PROMPT": "0"}
    done = subprocess.run(
        ["git", *words], cwd=folder, env=environment, check=True, capture_output=True, text=True, timeout=60
    )
    return done.stdout.strip()


class GitWorld:
    def __init__(self, folder: Path) -> None:
        self.remote, self.checkout, self.theirs = (folder / name for name in ("remote.git", "checkout", "theirs"))
        git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(self.remote))
        git(folder, "clone", "--quiet", str(self.remote), str(self.theirs))
        git(self.theirs, "switch", "--quiet", "--create", "main")
        self.push_theirs("README.md", "ours and theirs\n")
        git(folder, "clone", "--quiet", str(self.remote), str(self.checkout))

    def push_theirs(self, name: str, text: str) -> None:
        """Somebody else's commit at the remote."""
        if git(self.theirs, "ls-remote", "origin", "main"):
            git(self.theirs, "pull", "--quiet", "--rebase", "origin", "main")
        path = self.theirs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        git(self.theirs, "add", "--all")
        git(self.theirs, "commit", "--quiet", "-m", f"Theirs: {name}")
        git(self.theirs, "push", "--quiet", "origin", "HEAD:main")

    def place(self, **changes: Any) -> dict[str, Any]:
        """As a plan that was read has it."""
        author = "Recovery <dr@example.org>"
        whole = {"checkout": str(self.checkout), "branch": "main", "remote": "origin", "path": PATHS, "push": True}
        return {**whole, "author": author, **changes}

    def open(self, clock: Clock, **changes: Any) -> GitCheckout:
        return GitCheckout(self.place(**changes), "west", ".yaml", lambda text: MARK in text, clock)

    def subjects(self, folder: Path | None = None) -> list[str]:
        """Of the branch, newest first."""
        return git(folder or self.remote, "log", "--format=%s", "main").splitlines()

    def pushed(self) -> dict[str, str]:
        """What the remote's branch holds in the folder of west."""
        folder = PATHS["west"]
        names = git(self.remote, "ls-tree", "--name-only", "main", f"{folder}/").splitlines()
        return {Path(name).name: git(self.remote, "show", f"main:{name}") for name in names}

    def forbid_pushes(self) -> None:
        """As a protected branch does."""
        hook = self.remote / "hooks" / "pre-receive"
        hook.write_text("#!/bin/sh\necho 'protected branch' >&2\nexit 1\n")
        hook.chmod(0o755)
