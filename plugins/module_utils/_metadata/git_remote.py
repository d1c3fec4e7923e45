# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The branch at a remote: ours goes on from what is there, and is never forced."""

from __future__ import annotations

from collections.abc import Callable

from .._cluster.clock import Clock
from .._errors import Conflict, Failed, Refused
from .git_program import Git, Said, without_secrets

ATTEMPTS = 5
PAUSE = 1.0
# somebody else's push was faster
RACES = ("[rejected]", "cannot lock ref", "failed to update ref", "incorrect old value")
WITHOUT_GIT = "without metadata.gitops.volumes in the plan volumes are applied, and no remote is needed"


class Remote:
    """folder: what of the checkout may be pushed."""

    def __init__(self, git: Git, name: str, branch: str, folder: str, clock: Clock) -> None:
        self._git = git
        self._name = name
        self._branch = branch
        self._folder = folder
        self._clock = clock
        self._there = f"refs/remotes/{name}/{branch}"

    def check(self) -> None:
        """Whether it answers, lets us in and has the branch; nothing is written, here or there."""
        said = self._git.ask("ls-remote", "--exit-code", self._name, f"refs/heads/{self._branch}", network=True)
        if said.code != 0:
            raise self._silent("ls-remote", said)

    def follow(self) -> None:
        """Have what is there, and ours after it. Refused where something else than the plan's files would be pushed."""
        self._fetch()
        self._rebase()
        ahead = self._git.run("diff", "--name-only", "-z", f"{self._there}...HEAD")
        strange = [path for path in ahead.split("\0") if path and not path.startswith(f"{self._folder}/")]
        if strange:
            raise Refused(
                "push the commit of volumes",
                on=self._git.folder,
                seen=f"commits that {self._name} lacks change {', '.join(strange[:5])}",
                wanted=f"nothing but {self._folder}/ to push",
                next_step="push them or take them back, then start again",
            )

    def push(self, verify_lock: Callable[[], None]) -> bool:
        """Whether there was something to push. A rejected push is fetched, rebased and tried again."""
        words = ("push", "--porcelain", self._name, f"HEAD:refs/heads/{self._branch}")
        if self._git.run("rev-list", "--max-count=1", f"{self._there}..HEAD") == "":
            return False
        said = Said(0, "", "")
        for attempt in range(ATTEMPTS):
            if attempt:
                self._clock.sleep(PAUSE * attempt)
                self.follow()
            verify_lock()
            said = self._git.ask(*words, network=True)
            if said.code == 0:
                return True
            if not any(word in said.stdout + said.stderr for word in RACES):
                raise self._silent("push", said)
        raise Conflict(
            "push the commit of volumes",
            on=self._git.folder,
            seen=f"{ATTEMPTS} pushes were rejected, somebody else's were faster: {self._words(said)}",
            wanted="one that is taken",
            next_step="the commit is in the checkout: start again",
        )

    def _fetch(self) -> None:
        said = self._git.ask(
            "fetch", "--quiet", "--no-tags", self._name, f"+refs/heads/{self._branch}:{self._there}", network=True
        )
        if said.code != 0:
            raise self._silent("fetch", said)

    def _rebase(self) -> None:
        if self._git.ask("merge-base", "--is-ancestor", self._there, "HEAD").code == 0:
            return
        said = self._git.ask("rebase", "--quiet", self._there)
        if said.code == 0:
            return
        conflicts = self._git.run("diff", "--name-only", "--diff-filter=U", "-z").split("\0")
        self._git.ask("rebase", "--abort")
        named = ", ".join(path for path in conflicts[:5] if path)
        raise Conflict(
            "put the commit of volumes after what the remote has",
            on=self._git.folder,
            seen=f"both sides changed {named}" if named else self._words(said),
            wanted="files of the plan that nobody else writes",
            next_step="find out who writes them there. To give up what is only in the checkout: "
            f"`git reset --hard {self._name}/{self._branch}` in it, then start again",
        )

    def _silent(self, verb: str, said: Said) -> Failed:
        nobody = verb == "ls-remote" and said.code == 2 and not said.stderr
        return Failed(
            f"git {verb} of the branch {self._branch} at {self._name}",
            on=self._git.folder,
            seen=f"it has no such branch: {self._branch}" if nobody else self._words(said),
            wanted="a remote that lets the user of the playbook in without asking anything",
            next_step="run it there by hand as that user (credential helper, key of ssh, rights on the branch), "
            f"then start again; {WITHOUT_GIT}",
        )

    def _words(self, said: Said) -> str:
        refused = "\n".join(line for line in said.stdout.splitlines() if line.startswith("!"))
        return without_secrets(f"{refused}\n{said.stderr}") or f"exit status {said.code}"
