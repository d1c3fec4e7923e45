# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two Linux NFS servers in two folders: the real agent and rsync; ssh and exportfs are doubles."""

from __future__ import annotations

import json
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.selector import LabelSelector
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.nfs.provider import NfsProvider
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.site_handle import SiteHandle
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, plan_of

# HOST/down: nobody answers there. HOST/apart: only the control reaches it. HOST/mute: the next command there is done,
# and its answer is lost. HOST/cut: bytes of a transfer after which the connection breaks. HOST/deaf: it is never told
# that a transfer was completed. HOST/held: a named pipe; who asks it next how it is has the answer of that moment once
# somebody has opened HOST/holding, which the pipe is called from then on. What runs at HOST finds it in `host`.
SSH = """#!/bin/sh
host= asks=peer
while :; do
  case $1 in
  -T) asks=control; shift ;;
  -l | -o) shift 2 ;;
  *) break ;; esac
done
export host={root}/${{1##*@}}
shift
if [ -e "$host/down" ] || {{ [ -e "$host/apart" ] && [ $asks = peer ]; }}; then
  echo 'ssh: Permission denied by the double' >&2
  exit 255
fi
if [ -e "$host/mute" ]; then
  rm "$host/mute"
  sh -c "$*" >/dev/null
  exit 255
fi
case $* in
*" received "*) ! [ -e "$host/deaf" ] || exit 255 ;;
*" hello "*)
  if [ -e "$host/held" ]; then
    answer=$(sh -c "$*")
    mv "$host/held" "$host/holding"
    cat "$host/holding"
    printf '%s\\n' "$answer"
    exit
  fi ;;
*--server*)
  if [ -e "$host/cut" ]; then
    cut="stdbuf -o0 head -c $(cat "$host/cut")"
    exec 3<&0
    # no trap: one that comes just before `wait` is not seen until a child ends
    $cut <&3 | sh -c "$*" | {{ $cut; kill -KILL $$; }} &
    exec 3<&- >&-
    wait
  fi ;;
esac
exec sh -c "$*"
"""
# what it is asked for last, as `CLIENT:PATH ro|rw|gone`, and all of that in exportfs.all. exportfs.held: a named pipe;
# the next call has done its work, and ends once somebody has opened exportfs.holding, as the pipe is called then.
EXPORTFS = """#!/bin/sh
case $1 in
-u) said="$2 gone" ;;
*) said="$3 ${{2%%,*}}" ;; esac
printf '%s\\n' "$said" | tee -a {root}/exportfs.all >{root}/exportfs
[ ! -e {root}/exportfs.held ] || {{ mv {root}/exportfs.held {root}/exportfs.holding && cat {root}/exportfs.holding; }}
"""
ASKED_WITHIN = 10


@dataclass
class Site:
    name: str
    root: Path

    @property
    def export(self) -> Path:
        return self.root / "export"

    def options(self) -> dict[str, Any]:
        return {
            "ssh": f"root@{self.name}",
            "peer": f"root@{self.name}",
            "server": "192.0.2.10",
            "path": str(self.export),
            "state_dir": str(self.root / "state"),
            "exports_dir": str(self.root / "exports.d"),
            "cron_dir": str(self.root / "cron.d"),
        }

    def write(self, content: bytes, file: str = "disk.img") -> None:
        (self.export / file).write_bytes(content)

    def read(self, file: str = "disk.img") -> bytes | None:
        path = self.export / file
        return path.read_bytes() if path.exists() else None

    def exported(self) -> str:
        """ro or rw, as the file for the next boot says."""
        (file,) = (self.root / "exports.d").glob("*.exports")
        return "rw" if "(rw," in file.read_text() else "ro"

    def agent(self, verb: str, *arguments: str) -> dict[str, Any]:
        """The answer of the installed agent, as cron and the peer call it."""
        state = self.root / "state"
        words = ["sh", state / "agent", state, verb, "payroll", *arguments]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return answer

    def tick(self) -> None:
        """What cron does every minute."""
        state = self.root / "state"
        subprocess.run(["sh", state / "agent", state, "tick", "payroll"], capture_output=True, check=True)

    def state(self) -> str:
        return (self.root / "state/payroll.state").read_text()

    def lose(self) -> None:
        (self.root / "down").touch()

    def lose_next_answer(self) -> None:
        (self.root / "mute").touch()

    def has_lost_its_answer(self) -> bool:
        return not (self.root / "mute").exists()

    def return_again(self) -> None:
        (self.root / "down").unlink()

    def deafen(self, deaf: bool) -> None:
        file = self.root / "deaf"
        if deaf:
            file.touch()
        else:
            file.unlink()

    def cut_transfers(self, after: int) -> None:
        (self.root / "cut").write_text(str(after))

    def hold_an_answer(self) -> None:
        os.mkfifo(self.root / "held")

    def await_held(self) -> None:
        deadline = time.monotonic() + ASKED_WITHIN
        while not (self.root / "holding").exists():
            assert time.monotonic() < deadline, "nobody asked"
            time.sleep(0.01)

    def let_go(self) -> None:
        """Of the answer that is held."""
        (self.root / "holding").write_bytes(b"")

    def mend_transfers(self) -> None:
        (self.root / "cut").unlink()


class Pair:
    """East is primary, if enabled; nothing has been transferred."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch, enabled: bool = True) -> None:
        self.root = root
        programs = root / "bin"
        programs.mkdir()
        for name, text in (("ssh", SSH), ("exportfs", EXPORTFS)):
            (programs / name).write_text(text.format(root=root))
            (programs / name).chmod(0o755)
        monkeypatch.setenv("PATH", str(programs), prepend=":")
        self.east, self.west = Site("east", root / "east"), Site("west", root / "west")
        for site in (self.east, self.west):
            for folder in ("export", "exports.d", "cron.d"):
                (site.root / folder).mkdir(parents=True)
        self.provider = NfsProvider({name: SiteHandle(name, plan_of(), MemoryApi) for name in ("east", "west")})
        sites = {site.name: site.options() for site in (self.east, self.west)}
        self.group = Group("payroll", LabelSelector(), options={"sites": sites})
        if enabled:
            self.provider.enable(self.group, "east", "west")

    def push(self, site: Site | None = None) -> None:
        assert (site or self.east).agent("push") == {"pushed": True}

    def status(self, site: str) -> GroupStatus:
        return self.provider.observe(self.group, site)

    def roles(self) -> tuple[str, str]:
        return self.status("east").role, self.status("west").role

    def cut(self) -> None:
        """The servers do not reach each other; the control reaches both."""
        for site in (self.east, self.west):
            (site.root / "apart").touch()

    def join(self) -> None:
        for site in (self.east, self.west):
            (site.root / "apart").unlink()

    def part(self) -> None:
        """West is promoted by force while east is lost; then both are primary and reach each other."""
        self.east.lose()
        self.provider.promote(self.group, "west", forced=True)
        self.east.return_again()
