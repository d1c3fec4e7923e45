"""Two NFS servers on loopback: real sshd and real rsync. Kernel NFS can't be had here, so exportfs is a double."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# the double: records what it is asked for, as `CLIENT:PATH ro|rw|gone`
EXPORTFS = """#!/bin/sh
case $1 in
-o) printf '%s %s\\n' "$3" "${{2%%,*}}" ;;
-u) printf '%s gone\\n' "$2" ;;
*) exit 2 ;;
esac >>{record}
"""
# SHLVL: a bash that sshd starts would read ~/.bashrc, which is not of the test
SSHD_CONFIG = """
Port {port}
ListenAddress 127.0.0.1
HostKey {root}/host_key
AuthorizedKeysFile {key}.pub
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
SetEnv PATH={root}/bin:{path} SHLVL=2
"""
PROGRAMS = os.environ["PATH"] + ":/usr/sbin:/sbin"
# of a verb of the agent; a few MB are transferred
ENDED_WITHIN = 120


def make_key(file: Path) -> Path:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file], check=True)
    return file


@dataclass
class NfsServer:
    root: Path
    key: Path
    port: int = field(init=False)
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        for folder in ("bin", "export", "exports.d", "cron.d"):
            (self.root / folder).mkdir(parents=True)
        double = self.root / "bin/exportfs"
        double.write_text(EXPORTFS.format(record=self.root / "exported"))
        double.chmod(0o755)
        host_key = make_key(self.root / "host_key")
        public = host_key.with_suffix(".pub").read_text()
        (self.root / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {public}")
        self.config = self.root / "sshd_config"
        self.config.write_text(SSHD_CONFIG.format(port=self.port, root=self.root, key=self.key, path=PROGRAMS))

    @property
    def export(self) -> Path:
        return self.root / "export"

    def options(self) -> dict[str, Any]:
        known = f"UserKnownHostsFile={self.root / 'known_hosts'}"
        ssh_options = ["-p", str(self.port), "-i", str(self.key), "-o", known, "-o", "IdentitiesOnly=yes"]
        destination = f"{getpass.getuser()}@127.0.0.1"
        return {
            "ssh": destination,
            "ssh_options": ssh_options,
            "server": "192.0.2.10",
            "path": str(self.export),
            "peer": destination,
            "peer_ssh_options": ssh_options,
            "state_dir": str(self.root / "state"),
            "exports_dir": str(self.root / "exports.d"),
            "cron_dir": str(self.root / "cron.d"),
        }

    def start(self) -> None:
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # wanted by a sshd of root
        sshd = shutil.which("sshd", path=PROGRAMS)
        assert sshd, "no sshd: dev/system-packages installs it"
        self.process = subprocess.Popen([sshd, "-D", "-f", self.config, "-E", self.root / "sshd.log"])
        deadline = time.monotonic() + 10
        while socket.socket().connect_ex(("127.0.0.1", self.port)):
            assert time.monotonic() < deadline, (self.root / "sshd.log").read_text()
            time.sleep(0.05)

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(10)
            self.process = None

    def agent(self, verb: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The installed agent, as cron and the peer call it."""
        state = self.root / "state"
        words = ["sh", state / "agent", state, verb, "payroll", *arguments]
        return subprocess.run(words, capture_output=True, text=True, timeout=ENDED_WITHIN, check=False)

    def cron_minute(self) -> None:
        """Runs what cron would, with cron's PATH."""
        (entry,) = (self.root / "cron.d").glob("*")
        *_minute_to_weekday, command = entry.read_text().split(maxsplit=6)
        subprocess.run(["sh", "-c", command], env={"PATH": "/usr/bin:/bin"}, timeout=ENDED_WITHIN, check=True)

    def exported(self) -> str:
        """ro or rw, as exportfs was asked for last; the file for the next boot must say the same."""
        mode = (self.root / "exported").read_text().split()[-1]
        (file,) = (self.root / "exports.d").glob("*.exports")
        assert file.read_text() == f"{self.export} *({mode},sync,no_subtree_check)\n"
        return mode

    def content(self) -> dict[str, bytes]:
        found = (path for path in self.export.rglob("*") if path.is_file() and path.name != ".ocpvirt-dr")
        return {str(path.relative_to(self.export)): path.read_bytes() for path in found}
