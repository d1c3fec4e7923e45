# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program git in a checkout: it asks nobody, ends in time, and what it says of a remote holds no secret."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from .._errors import Failed, Timeout

SECONDS = 120.0
# git's own limits end before: it is then git that says what is wrong
NETWORK_SECONDS = 90.0
QUIET = {"gc.auto": "0", "maintenance.auto": "false", "core.fsmonitor": "false", "rebase.autoStash": "false"}
QUIET |= {"http.lowSpeedLimit": "1000", "http.lowSpeedTime": "30", "rebase.autoSquash": "false"}
SSH_OPTIONS = "-oBatchMode=yes -oConnectTimeout=10 -oServerAliveInterval=5"
# they name another repository, or print headers
_SHED = re.compile(
    r"GIT_(DIR|WORK_TREE|INDEX_FILE|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES|COMMON_DIR|NAMESPACE|PREFIX"
    r"|TRACE.*|CURL_VERBOSE)"
)
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)([^\s'\"]*)")
_AUTHOR = re.compile(r"(?P<name>.*) <(?P<mail>.*)>")


@dataclass(frozen=True)
class Said:
    """What git left. stderr: without secrets, in one line."""

    code: int
    stdout: str
    stderr: str


class Git:
    """author: NAME <MAIL>, of whatever is committed. held: a file that local commands keep open."""

    def __init__(self, folder: str, author: str) -> None:
        self.folder = folder
        self.held: int | None = None
        self._author = author

    def ask(self, *words: str, stdin: str = "", network: bool = False) -> Said:
        """Run it to its end, whatever that is. Timeout, and Failed where there is no git."""
        options = [word for key, value in QUIET.items() for word in ("-c", f"{key}={value}")]
        seconds = NETWORK_SECONDS if network else SECONDS
        # A credential daemon that git starts for a remote would keep the file open for long.
        kept = () if network or self.held is None else (self.held,)
        try:
            process = subprocess.Popen(
                ["git", *options, "--literal-pathspecs", *words],
                cwd=self.folder,
                env=self._environment(network),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=kept,
                # without a terminal, so that nothing can ask there
                start_new_session=True,
            )
        except OSError as error:
            raise Failed(
                "run git",
                on=self.folder,
                seen=f"{error.strerror}: {error.filename}",
                wanted="the program git, and a folder that it may enter",
                next_step="install git where the playbook runs, or in the execution environment",
            ) from error
        with process:
            try:
                out, err = process.communicate(stdin.encode(), timeout=seconds)
            except subprocess.TimeoutExpired as error:
                os.killpg(process.pid, signal.SIGKILL)
                raise Timeout(
                    f"run git {words[0]}",
                    on=self.folder,
                    seen="no end of it",
                    waited=seconds,
                    next_step="run it there by hand as the user of the playbook, see what it waits for, start again",
                ) from error
        return Said(process.returncode, out.decode(errors="replace"), without_secrets(err.decode(errors="replace")))

    def run(self, *words: str, stdin: str = "", network: bool = False) -> str:
        """The same, for what has to succeed."""
        said = self.ask(*words, stdin=stdin, network=network)
        if said.code != 0:
            raise self.failed(said, *words)
        return said.stdout

    def failed(self, said: Said, *words: str) -> Failed:
        return Failed(
            f"run git {words[0]}",
            on=self.folder,
            seen=said.stderr or without_secrets(said.stdout) or f"exit status {said.code}",
            next_step="run it there by hand as the user of the playbook, correct what it says, then start again",
        )

    def _environment(self, network: bool) -> dict[str, str]:
        found = {key: value for key, value in os.environ.items() if not _SHED.fullmatch(key)}
        author = _AUTHOR.fullmatch(self._author)
        if author is None:
            raise ValueError(f"{self._author!r} is no author: the plan's validation lets none such pass")
        for part in ("AUTHOR", "COMMITTER"):
            found |= {f"GIT_{part}_NAME": author["name"], f"GIT_{part}_EMAIL": author["mail"]}
        found |= {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
        found |= {
            "GIT_EDITOR": "true",
            "GIT_SEQUENCE_EDITOR": "true",
            "GIT_PAGER": "cat",
            "SSH_ASKPASS_REQUIRE": "never",
        }
        if network:
            found |= self._ssh(found)
        return found

    def _ssh(self, environment: Mapping[str, str]) -> dict[str, str]:
        """The ssh that would be used anyway, asking nothing."""
        if "GIT_SSH" in environment and "GIT_SSH_COMMAND" not in environment:
            return {}
        program = environment.get("GIT_SSH_COMMAND") or self.ask("config", "core.sshCommand").stdout.strip() or "ssh"
        return {"GIT_SSH_COMMAND": f"{program} {SSH_OPTIONS}"}


def without_secrets(text: str) -> str:
    """In one line, and of every URL only the host: the rest may hold a password or a token."""
    shown = _URL.sub(lambda found: f"{found[1]}{_host(found[2])}/…", text)
    return "; ".join(part.strip() for part in shown.splitlines() if part.strip())[:600]


def _host(rest: str) -> str:
    return rest.rpartition("@")[2].partition("/")[0].partition("?")[0]
