"""What makes a site's NFS server an ordinary Linux host: OpenSSH's real server, and doubles of exportfs and cron.

The server is reached as root: by the operator through the relay, by the other site's server over the data network.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from ocpvirt_lab.errors import LabError
from ocpvirt_lab.holder_client import PACKAGE_ROOT, Holder
from ocpvirt_lab.layout import CONTROL_PORT, SITES, SSH_PORT
from ocpvirt_lab.process import Process, SiteContext
from ocpvirt_lab.state import LabFolder

SSHD = "sshd"
CRON = "cron"
PROGRAMS = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
# looked at more often than by cron: the agent knows itself when a transfer is due
CRON_SECONDS = 5
# SHLVL: a bash that sshd starts would read ~/.bashrc, which is not of the lab
CONFIG = """
ListenAddress {mgmt}:{port}
ListenAddress {nfs}:{port}
HostKey {host_key}
AuthorizedKeysFile {key}.pub
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
SetEnv PATH={bin}:{path} SHLVL=2
"""
EXPORTFS = """#!/bin/sh
PYTHONPATH={package} exec {python} -m ocpvirt_lab.exportfs {control} {root} "$@"
"""
# a sshd of root wants this folder, and the lab has a /run of its own
START = 'mkdir -p -m 755 /run/sshd; exec "$@"'


def require(holder: Holder) -> None:
    """sshd changes users, and a user namespace of an ordinary user has only one."""
    if holder.record.user_namespace:
        raise LabError("NFS servers with ssh need a lab of root: run `lab up --ssh` as root")


def processes(site: SiteContext) -> list[Process]:
    if not site.ssh:
        return []
    config = _keys(site.folder) / f"{site.name}.sshd_config"
    sshd = ["sh", "-ec", START, SSHD, _program(), "-D", "-e", "-f", str(config)]
    cron = [sys.executable, "-m", "ocpvirt_lab.cron", str(_host(site.folder, site.name) / "cron.d"), str(CRON_SECONDS)]
    return [
        Process(SSHD, sshd, f"ssh://{site.layout.mgmt}:{SSH_PORT}"),
        Process(CRON, cron, environment={"PYTHONPATH": str(PACKAGE_ROOT)}),
    ]


def prepare(site: SiteContext) -> None:
    """Keys, which stay over a reset, and the host's folders, which do not."""
    if not site.ssh:
        return
    keys, host = _keys(site.folder), _host(site.folder, site.name)
    for folder in (keys, host / "bin", host / "exports.d", host / "cron.d"):
        folder.mkdir(parents=True, exist_ok=True)
    host_key = keys / f"{site.name}_host_key"
    config = CONFIG.format(
        mgmt=site.layout.mgmt,
        nfs=site.layout.nfs,
        port=SSH_PORT,
        host_key=host_key,
        key=_key(site.folder),
        bin=host / "bin",
        path=PROGRAMS,
    )
    (keys / f"{site.name}.sshd_config").write_text(config)
    double = host / "bin/exportfs"
    double.write_text(
        EXPORTFS.format(
            package=shlex.quote(str(PACKAGE_ROOT)),
            python=shlex.quote(sys.executable),
            control=f"http://{site.layout.mgmt}:{CONTROL_PORT}",
            root=shlex.quote(str(site.folder.storage_root(site.name))),
        )
    )
    double.chmod(0o755)


def make_keys(folder: LabFolder) -> None:
    """Before the sites, which need each other's: one key that opens both servers, and a host key of each."""
    keys = _keys(folder)
    keys.mkdir(parents=True, exist_ok=True)
    known = []
    for name in SITES:
        public = _make_key(keys / f"{name}_host_key")
        known.append(f"{name} {public}")
    _make_key(_key(folder))
    _known_hosts(folder).write_text("".join(known))


def environment(folder: LabFolder, site: str, port: int) -> dict[str, Any]:
    """As options of the site in a plan whose provider is `nfs`."""
    options = ["-F", "none", "-i", str(_key(folder))]
    wanted = (f"HostKeyAlias={site}", f"UserKnownHostsFile={_known_hosts(folder)}", "IdentitiesOnly=yes")
    options += [word for option in wanted for word in ("-o", option)]
    host = _host(folder, site)
    return {
        "ssh": "root@127.0.0.1",
        "ssh_options": ["-p", str(port), *options],
        "peer": f"root@{SITES[site].nfs}",
        "peer_ssh_options": options,
        "state_dir": str(host / "state"),
        "exports_dir": str(host / "exports.d"),
        "cron_dir": str(host / "cron.d"),
    }


def _make_key(file: Path) -> str:
    public = file.with_suffix(".pub")
    if not public.exists():
        file.unlink(missing_ok=True)
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", file], check=True)
    return public.read_text()


def _program() -> str:
    """sshd insists on its absolute path."""
    found = shutil.which("sshd", path=PROGRAMS)
    if not found:
        raise LabError("there is no sshd: dev/system-packages installs it (Debian's package openssh-server)")
    return found


def _keys(folder: LabFolder) -> Path:
    return folder.path / "ssh"


def _key(folder: LabFolder) -> Path:
    return _keys(folder) / "key"


def _known_hosts(folder: LabFolder) -> Path:
    return _keys(folder) / "known_hosts"


def _host(folder: LabFolder, site: str) -> Path:
    return folder.site(site) / "nfs-host"
