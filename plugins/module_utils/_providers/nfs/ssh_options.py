# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of a site whose NFS server is reached by ssh. They become words of shell, cron, exports and rsync."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..._errors import Refused

# cron ignores files with a dot in their name
EXPORT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
# user@host or an alias of ssh's configuration; no IPv6 literal, which rsync and ssh write differently
DESTINATION = re.compile(r"([A-Za-z0-9_][A-Za-z0-9_.-]*@)?[A-Za-z0-9][A-Za-z0-9_.-]*")
PATH = re.compile(r"(/(?!\.{1,2}(/|$))[A-Za-z0-9_@+,=.-]+)+/?")
CLIENT = re.compile(r"[A-Za-z0-9_.*?@\[][A-Za-z0-9_.*?@:/\[\]-]*")
EXPORT_OPTIONS = re.compile(r"(?!(.*,)?r[ow](,|$))[a-z0-9_=.:-]+(,[a-z0-9_=.:-]+)*")
SSH_WORD = re.compile(r"[A-Za-z0-9._/@:=,+%~-]+")


@dataclass(frozen=True)
class Server:
    """ssh_options: of the control's ssh, free as no shell sees them. peer_ssh_options: of the other server's."""

    ssh: str
    ssh_options: tuple[str, ...]
    path: str
    clients: str
    export_options: str
    state_dir: str
    peer_ssh_options: str
    exports_dir: str
    cron_dir: str

    @classmethod
    def read(cls, site: str, export: str, options: Mapping[str, Any]) -> Server:
        """Checked options with their defaults. A refusal names the option, never its value."""

        def words(name: str, form: re.Pattern[str], default: list[str]) -> list[str]:
            given = options.get(name, default)
            listed = [given] if isinstance(given, str) else given
            whole = isinstance(listed, list) and all(isinstance(word, str) and form.fullmatch(word) for word in listed)
            if not whole:
                raise _refused(site, export, name, form)
            return listed

        def word(name: str, form: re.Pattern[str], default: str | None = None) -> str:
            found = words(name, form, [] if default is None else [default])
            if len(found) != 1:
                raise _refused(site, export, name, form)
            return found[0]

        if not EXPORT.fullmatch(export):
            raise _refused(site, export, "export", EXPORT)
        word("peer", DESTINATION)
        return cls(
            ssh=word("ssh", DESTINATION),
            ssh_options=tuple(words("ssh_options", re.compile(r"[^\0]*"), [])),
            path=word("path", PATH).rstrip("/"),
            clients=" ".join(words("clients", CLIENT, ["*"])),
            export_options=word("export_options", EXPORT_OPTIONS, "sync,no_subtree_check"),
            state_dir=word("state_dir", PATH, "/var/lib/ocpvirt-dr"),
            peer_ssh_options=" ".join(words("peer_ssh_options", SSH_WORD, [])),
            exports_dir=word("exports_dir", PATH, "/etc/exports.d"),
            cron_dir=word("cron_dir", PATH, "/etc/cron.d"),
        )


def _refused(site: str, export: str, option: str, form: re.Pattern[str]) -> Refused:
    return Refused(
        "read the options of the NFS server",
        site=site,
        on=f"export {export!r}",
        seen=f"{option} is missing, or not of the form that is safe here",
        wanted=f"{option} that matches {form.pattern}",
        next_step=f"set it in the plan, at replication.groups[].options or its sites.<site>.{option}",
    )
