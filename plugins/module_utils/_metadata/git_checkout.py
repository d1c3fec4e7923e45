# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan's folder in a checkout of Git where the playbook runs: looked at, written, committed. No other is touched."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .._cluster.clock import Clock
from .._errors import NotFound, Refused
from .git_lock import REBASING, git_path, held, on_disk
from .git_program import Git
from .git_remote import Remote

UNDER_WAY = (*REBASING, "MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "BISECT_LOG")


class GitCheckout:
    """place: metadata.gitops.volumes.commit. ours: whether a text is that of a file which the plan wrote."""

    def __init__(self, place: Mapping[str, Any], site: str, ending: str, ours: Callable[[str], bool], clock: Clock):
        self._branch: str = place["branch"]
        self._clock = clock
        self._ending = ending
        self._ours = ours
        self.path: str = place["path"][site]
        self.folder = os.path.expanduser(place["checkout"])
        self._git = Git(self.folder, place["author"])
        self._remote_name: str = place["remote"]
        self.remote: Remote | None = None
        if place["push"]:
            self.remote = Remote(self._git, self._remote_name, self._branch, self.path, clock)
        self._inside = Path(self.folder, self.path)
        # in the same folder, so that a rename brings it to its place
        self._partial = ".ocpvirt-dr.partial"

    @contextmanager
    def held(self) -> Iterator[None]:
        """As left by a run that was not killed, and for nobody else until the block ends."""
        self._check_folder()
        with held(self._git, self._branch, self._clock):
            self.look()
            self._discard()
            if self.remote is not None:
                self.remote.follow()
            yield

    def look(self) -> None:
        """Refused where a commit to the plan's folder would not be that alone."""
        self._check_folder()
        self._check_branch()
        if self._inside.resolve() != Path(self.folder).resolve() / self.path:
            raise self._refused(f"{self.path} leads elsewhere by a symbolic link", "a folder of the checkout")
        busy = [name for name in UNDER_WAY if git_path(self._git, name).exists()]
        if busy:
            raise self._refused(f"somebody's rebase, merge or the like is under way: {busy[0]}", "none", "end it there")
        if self.remote is not None and self._git.ask("config", f"remote.{self._remote_name}.url").code != 0:
            raise self._refused(f"it has no remote {self._remote_name}", "one to push to", "add it, or set push: false")
        strange = [path for path in self._dirty() if not self._is_leftover(path)]
        if strange:
            raise self._refused(
                f"{len(strange)} files are changed, staged or unknown to Git: {', '.join(strange[:5])}",
                "a clean checkout",
                "commit, remove or ignore them there",
            )

    def files(self) -> dict[str, str]:
        """Text by name of what lies in the plan's folder."""
        if not self._inside.is_dir():
            return {}
        with on_disk(self.folder):
            found = sorted(path for path in self._inside.iterdir() if path.suffix == self._ending and path.is_file())
            return {path.name: path.read_text(encoding="utf-8", errors="replace") for path in found}

    def write(self, texts: Mapping[str, str], gone: tuple[str, ...]) -> None:
        """Each whole or not at all."""
        partial = self._inside / self._partial
        with on_disk(self.folder):
            self._inside.mkdir(parents=True, exist_ok=True)
            for name, text in texts.items():
                partial.write_text(text, encoding="utf-8")
                partial.replace(self._inside / name)
            for name in gone:
                (self._inside / name).unlink(missing_ok=True)

    def commit(self, subject: str, body: str, wanted: list[str]) -> str:
        """The id of the commit that was made; empty when nothing had changed. wanted: names that it has to hold."""
        changed = self._dirty()
        names = "\0".join(changed)
        listed = ("--pathspec-from-file=-", "--pathspec-file-nul")
        if changed:
            self._git.run("add", "--all", *listed, stdin=names)
        known = self._tracked("ls-files", "-z")
        ignored = sorted(name for name in wanted if f"{self.path}/{name}" not in known)
        if ignored:
            raise self._refused(f"Git ignores {self.path}/{ignored[0]}", "its files tracked", "correct its .gitignore")
        if not changed:
            return ""
        self._git.run("commit", "--quiet", "--only", "-m", subject, "-m", body, *listed, stdin=names)
        return self._git.run("rev-parse", "HEAD").strip()

    @property
    def head(self) -> str:
        return self._git.run("rev-parse", "HEAD").strip()

    def _check_folder(self) -> None:
        if not os.path.isdir(self.folder):
            raise NotFound(
                "use the checkout of Git",
                on=self.folder,
                seen="it is not there",
                wanted=f"a clone on the branch {self._branch}, where the playbook runs",
                next_step="clone it there, or mount it into the execution environment",
            )
        top = self._git.ask("rev-parse", "--show-toplevel")
        if top.code != 0:
            raise self._refused(top.stderr or "no repository", "a clone with its files", "clone it there")
        if Path(top.stdout.rstrip("\n")).resolve() != Path(self.folder).resolve():
            raise self._refused("it lies in a checkout, and is not the top of it", "the top folder", "name that")

    def _check_branch(self) -> None:
        branch = self._git.ask("symbolic-ref", "--short", "--quiet", "HEAD").stdout.strip()
        if branch != self._branch:
            seen = f"it is on the branch {branch}" if branch else "it is on no branch"
            raise self._refused(seen, f"the branch {self._branch}", f"`git switch {self._branch}` there")
        if self._git.ask("rev-parse", "--verify", "--quiet", "HEAD").code != 0:
            raise self._refused(f"the branch {self._branch} has no commit", "one at least", "make a first commit")

    def _dirty(self) -> list[str]:
        """Paths that are not as in the last commit, but for what is ignored."""
        said = self._git.run("status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames")
        found = [entry[3:] for entry in said.split("\0") if entry]
        return [path for path in found if path != f"{self.path}/{self._partial}"]

    def _is_leftover(self, path: str) -> bool:
        """Whether a killed run left it: a file of the plan, written or removed and not committed yet."""
        folder, _slash, name = path.rpartition("/")
        if folder != self.path or not name.endswith(self._ending):
            return False
        file = self._inside / name
        if file.is_file() and not file.is_symlink():
            return self._ours(file.read_text(encoding="utf-8", errors="replace"))
        return not file.exists() and self._ours(self._git.ask("show", f"HEAD:{path}").stdout)

    def _discard(self) -> None:
        """What a killed run left is written anew, after what the remote has."""
        (self._inside / self._partial).unlink(missing_ok=True)
        leftovers = self._dirty()
        if not leftovers:
            return
        self._git.run("reset", "--quiet", "HEAD", "--", self.path)
        tracked = self._tracked("ls-tree", "-r", "-z", "--name-only", "HEAD")
        for path in leftovers:
            if path not in tracked:
                Path(self.folder, path).unlink(missing_ok=True)
        back = [path for path in leftovers if path in tracked]
        if back:
            listed = ("--pathspec-from-file=-", "--pathspec-file-nul")
            self._git.run("checkout", "--quiet", "HEAD", *listed, stdin="\0".join(back))

    def _tracked(self, *words: str) -> set[str]:
        return set(self._git.run(*words, "--", self.path).split("\0"))

    def _refused(self, seen: str, wanted: str, remedy: str = "correct it there") -> Refused:
        return Refused(
            "use the checkout of Git", on=self.folder, seen=seen, wanted=wanted, next_step=f"{remedy}, then start again"
        )
