"""A command that runs another one at a site, as ssh to a machine of the site would: while the operator reaches it."""

from __future__ import annotations

import shlex
from pathlib import Path

from ocpvirt_lab.holder_client import Holder
from ocpvirt_lab.network import port
from ocpvirt_lab.state import LabFolder

SCRIPT = """#!/bin/sh
# Written by `lab up`. Exit code 255: the site is not reached, as with ssh.
if [ "$(awk '{{ print $22 }}' /proc/{pid}/stat 2>/dev/null)" != {starttime} ]; then
  echo "{site}: the lab is down" >&2
  exit 255
fi
if [ -z "$({hub} ip -brief link show up dev {port})" ]; then
  echo "{site}: no route to host" >&2
  exit 255
fi
CEPH_CONF={conf} exec {enter} "$@"
"""


def write(folder: LabFolder, holder: Holder, site: str, conf: Path) -> None:
    file = folder.entrance(site)
    draft = file.with_suffix(".new")
    draft.write_text(
        SCRIPT.format(
            pid=holder.record.pid,
            starttime=holder.record.starttime,
            site=site,
            port=port("mgmt", site),
            conf=shlex.quote(str(conf)),
            hub=shlex.join(holder.command([])),
            enter=shlex.join(holder.command([], site)),
        )
    )
    draft.chmod(0o700)
    draft.replace(file)
