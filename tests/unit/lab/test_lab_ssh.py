"""NFS servers of the lab that are reached by ssh: what runs there, what `env` tells of it, and the doubles."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.nfs.ssh_options import Server
from ocpvirt_lab import cron, exportfs, ssh, storage
from ocpvirt_lab.errors import LabError
from ocpvirt_lab.holder_client import Holder
from ocpvirt_lab.lab import Lab
from ocpvirt_lab.layout import relayed
from ocpvirt_lab.process import SiteContext
from ocpvirt_lab.progress import Progress
from ocpvirt_lab.state import NFS, HolderRecord, LabFolder, State
from ocpvirt_lab.status import environment


def _site(tmp_path: Path, name: str = "east", *, with_ssh: bool = True) -> SiteContext:
    binaries = {"site": tmp_path / "site"}
    return SiteContext(name, LabFolder("one", tmp_path), binaries, {}, 4, NFS, with_ssh)


def _environment(tmp_path: Path, *, with_ssh: bool) -> dict[str, Any]:
    folder = LabFolder("one", tmp_path)
    folder.save(State(ports=dict.fromkeys(relayed(), 4022), ssh=with_ssh))
    return environment(Lab(folder, Progress()))["sites"]


def test_only_a_lab_that_wants_it_has_servers_of_ssh(tmp_path: Path) -> None:
    assert ssh.processes(_site(tmp_path, with_ssh=False)) == []
    assert [process.name for process in ssh.processes(_site(tmp_path))] == ["sshd", "cron"]
    assert [site["ssh"] for site in _environment(tmp_path, with_ssh=False).values()] == [None, None]


def test_an_export_has_the_path_under_which_rsync_finds_it(tmp_path: Path) -> None:
    """As a server of the kernel has it, whose exports are folders of its own."""
    for name, site in _environment(tmp_path, with_ssh=True).items():
        assert site["export_prefix"] == site["storage_root"]
        assert f"--prefix={site['storage_root']}" in storage.server(_site(tmp_path, name)).argv
    prefixes = [site["export_prefix"] for site in _environment(tmp_path, with_ssh=False).values()]
    assert prefixes == ["/exports", "/dr"]


def test_what_env_tells_are_options_of_the_provider(tmp_path: Path) -> None:
    for name, site in _environment(tmp_path, with_ssh=True).items():
        server = Server.read(name, "payroll", {"path": "/exports/payroll", **site["ssh"]})
        assert f"HostKeyAlias={name}" in server.peer_ssh_options
        assert server.state_dir.startswith(str(tmp_path))


def test_a_lab_of_an_ordinary_user_is_refused_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="as root"):
        ssh.require(Holder(LabFolder("one", tmp_path), HolderRecord(1, 2, True)))


def test_keys_stay_and_each_site_knows_the_other(tmp_path: Path) -> None:
    folder = LabFolder("one", tmp_path)
    ssh.make_keys(folder)
    before = {file.name: file.read_bytes() for file in (folder.path / "ssh").iterdir()}
    ssh.make_keys(folder)
    assert {file.name: file.read_bytes() for file in (folder.path / "ssh").iterdir()} == before
    assert [line.split()[0] for line in before["known_hosts"].decode().splitlines()] == ["east", "west"]


def test_cron_runs_what_entries_say_and_ignores_names_with_a_dot(tmp_path: Path) -> None:
    command = "sh agent state tick payroll >/dev/null 2>&1"
    (tmp_path / "ocpvirt-dr-payroll").write_text(f"# note\n\n* * * * * root {command}\n")
    (tmp_path / ".ocpvirt-dr-payroll.new").write_text("* * * * * root false\n")
    assert cron.commands(tmp_path) == [command]


@dataclass
class Storage:
    """The control API of a storage server, as far as exportfs asks it."""

    exports: dict[str, dict[str, Any]] = field(default_factory=dict)
    url: str = ""

    def answer(self, method: str, name: str, verb: str, body: dict[str, Any]) -> dict[str, Any] | None:
        if method == "PUT":
            self.exports[name] = body
        seen = self.exports.get(name)
        if seen and verb:
            seen["role"] = {"promote": "primary", "demote": "secondary"}[verb]
        if method == "DELETE":
            self.exports.pop(name)
        return seen


@pytest.fixture
def server() -> Iterator[Storage]:
    found = Storage()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            name, _, verb = self.path.removeprefix("/v1/exports/").partition("/")
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
            said = found.answer(self.command, name, verb, body)
            self.send_response(404 if said is None else 200)
            self.end_headers()
            self.wfile.write(json.dumps(said or {}).encode())

        do_GET = do_PUT = do_POST = do_DELETE = answer

        def log_message(self, *_arguments: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        found.url = f"http://127.0.0.1:{listening.server_address[1]}"
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield found
        listening.shutdown()


def _exportfs(server: Storage, root: Path, *words: str) -> int:
    return exportfs.main([server.url, str(root), *words])


def test_exportfs_gives_a_new_export_the_role_and_changes_that_of_another(server: Storage, tmp_path: Path) -> None:
    target = f"*:{tmp_path}/payroll"
    (tmp_path / "payroll").mkdir()
    for mode, role in (("ro", "secondary"), ("rw", "primary"), ("rw", "primary"), ("ro", "secondary")):
        assert _exportfs(server, tmp_path, "-o", f"{mode},sync,no_subtree_check", target) == 0
        assert (server.exports["payroll"]["role"], server.exports["payroll"]["peer"]) == (role, "")
    assert _exportfs(server, tmp_path, "-u", target) == 0
    assert server.exports == {}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-o", "ro,sync", "*:{root}/missing"), "No such file"),
        (("-o", "ro,sync", "*:/elsewhere/payroll"), "folders of"),
        (("-u", "*:{root}/missing"), "Could not find"),
        (("-o", "rw,sync", "*:{root}/mirrored"), "replicated by the lab"),
        (("-r",), "does not know -r"),
    ],
)
def test_exportfs_fails_with_one_line_and_changes_nothing(
    server: Storage, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    (tmp_path / "mirrored").mkdir()
    server.exports["mirrored"] = {"role": "secondary", "peer": "http://192.0.2.1:8050"}
    assert _exportfs(server, tmp_path, *(word.format(root=tmp_path) for word in words)) == 1
    assert said in capsys.readouterr().err
    assert server.exports == {"mirrored": {"role": "secondary", "peer": "http://192.0.2.1:8050"}}
