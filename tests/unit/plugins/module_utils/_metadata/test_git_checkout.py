# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commits in a real checkout with a real remote: one for each change, killed and refused at every point."""

from __future__ import annotations

import fcntl
import http.server
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import (
    Conflict,
    DrError,
    Failed,
    NotFound,
    Refused,
    Timeout,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._metadata import git_program
from ansible_collections.ocpvirt.dr.plugins.module_utils._metadata.git_checkout import GitCheckout
from ansible_collections.ocpvirt.dr.plugins.module_utils._metadata.git_program import without_secrets
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._metadata.git_world import (
    MARK,
    PATHS,
    GitWorld,
    git,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import SimulatedTime

DB = {"payroll.db.yaml": f"db\n{MARK}"}
FOLDER = PATHS["west"]


@pytest.fixture
def world(tmp_path: Path) -> GitWorld:
    return GitWorld(tmp_path)


@pytest.fixture
def time() -> SimulatedTime:
    return SimulatedTime()


def nothing() -> None:
    """The lock is ours."""


def bring(checkout: GitCheckout, texts: dict[str, str], gone: tuple[str, ...] = ()) -> tuple[str, bool]:
    """Id of the commit, and whether it was pushed."""
    with checkout.held():
        checkout.write(texts, gone)
        made = checkout.commit("Volumes", "Plan: payroll", list(texts))
        return made, checkout.remote is not None and checkout.remote.push(nothing)


def test_files_are_committed_and_pushed_by_the_plans_author(world: GitWorld, time: SimulatedTime) -> None:
    made, pushed = bring(world.open(time.clock()), DB)
    assert (made, pushed) == (git(world.remote, "rev-parse", "main"), True)
    assert world.pushed() == {name: text.strip() for name, text in DB.items()}
    assert git(world.remote, "log", "-1", "--format=%an <%ae> %cn %b", "main").startswith(
        "Recovery <dr@example.org> Recovery Plan: payroll"
    )


def test_p5_the_same_again_makes_no_commit_and_no_push(world: GitWorld, time: SimulatedTime) -> None:
    bring(world.open(time.clock()), DB)
    assert bring(world.open(time.clock()), DB) == ("", False)
    assert len(world.subjects()) == 2


def test_a_file_is_removed_by_the_same_commit_as_others_are_written(world: GitWorld, time: SimulatedTime) -> None:
    bring(world.open(time.clock()), DB)
    bring(world.open(time.clock()), {"payroll.app.yaml": MARK}, gone=tuple(DB))
    assert list(world.pushed()) == ["payroll.app.yaml"]
    assert world.subjects() == ["Volumes", "Volumes", "Theirs: README.md"]


def test_without_push_the_commit_stays_in_the_checkout(world: GitWorld, time: SimulatedTime) -> None:
    git(world.checkout, "remote", "remove", "origin")
    made, pushed = bring(world.open(time.clock(), push=False), DB)
    assert (made, pushed) == (git(world.checkout, "rev-parse", "HEAD"), False)
    assert world.pushed() == {}


def test_what_the_remote_got_meanwhile_is_gone_on_from(world: GitWorld, time: SimulatedTime) -> None:
    world.push_theirs("other.txt", "theirs\n")
    bring(world.open(time.clock()), DB)
    assert world.subjects() == ["Volumes", "Theirs: other.txt", "Theirs: README.md"]


def test_a_rejected_push_is_rebased_and_tried_again(world: GitWorld, time: SimulatedTime) -> None:
    faster = iter(["a.txt", "b.txt"])
    checkout = world.open(time.clock())
    with checkout.held():
        checkout.write(DB, ())
        checkout.commit("Volumes", "", list(DB))
        assert checkout.remote
        assert checkout.remote.push(lambda: next((world.push_theirs(name, "x") for name in faster), None))
    assert world.subjects()[:3] == ["Volumes", "Theirs: b.txt", "Theirs: a.txt"]


def test_p10_pushes_that_are_rejected_again_and_again_end(world: GitWorld, time: SimulatedTime) -> None:
    numbers = iter(range(100))
    checkout = world.open(time.clock())
    with checkout.held():
        checkout.write(DB, ())
        checkout.commit("Volumes", "", list(DB))
        assert checkout.remote
        with pytest.raises(Conflict, match=r"5 pushes were rejected.*the commit is in the checkout: start again"):
            checkout.remote.push(lambda: world.push_theirs(f"{next(numbers)}.txt", "x"))


def test_p10_both_sides_changed_one_file_and_it_is_named(world: GitWorld, time: SimulatedTime) -> None:
    world.forbid_pushes()
    with pytest.raises(Failed):
        bring(world.open(time.clock()), DB)
    (world.remote / "hooks" / "pre-receive").unlink()
    world.push_theirs(f"{FOLDER}/payroll.db.yaml", "theirs\n")
    with pytest.raises(Conflict, match=rf"both sides changed {FOLDER}/payroll\.db\.yaml.*reset --hard origin/main"):
        bring(world.open(time.clock()), DB)
    assert git(world.checkout, "status", "--porcelain=v1", "--branch") == "## main...origin/main [ahead 1, behind 1]"


def test_p10_a_push_that_the_remote_forbids_is_told_at_once(world: GitWorld, time: SimulatedTime) -> None:
    world.forbid_pushes()
    with pytest.raises(Failed, match=r"git push of the branch main at origin.*pre-receive hook declined.*applied"):
        bring(world.open(time.clock()), DB)
    assert time.seconds == 0


def test_p5_killed_before_the_commit_it_is_made_by_the_rerun(world: GitWorld, time: SimulatedTime) -> None:
    world.open(time.clock()).write({**DB, "payroll.old.yaml": MARK}, ())
    (world.checkout / FOLDER / ".ocpvirt-dr.partial").write_text("half of")
    git(world.checkout, "add", f"{FOLDER}/payroll.old.yaml")
    bring(world.open(time.clock()), DB)
    assert list(world.pushed()) == list(DB)
    assert git(world.checkout, "status", "--porcelain") == ""


def test_p5_killed_before_the_push_it_is_pushed_by_the_rerun(world: GitWorld, time: SimulatedTime) -> None:
    bring(world.open(time.clock(), push=False), DB)
    world.push_theirs("other.txt", "theirs\n")
    assert bring(world.open(time.clock()), DB) == ("", True)
    assert world.subjects()[0] == "Volumes"


def test_p5_what_a_killed_git_left_locked_or_half_rebased_is_mended(world: GitWorld, time: SimulatedTime) -> None:
    bring(world.open(time.clock(), push=False), DB)
    world.push_theirs(f"{FOLDER}/payroll.db.yaml", "theirs\n")
    git(world.checkout, "fetch", "--quiet")
    with pytest.raises(subprocess.CalledProcessError):
        git(world.checkout, "rebase", "origin/main")
    git(world.checkout, "reset", "--quiet", "--hard")
    inside = world.checkout / ".git"
    (inside / "index.lock").touch()
    with pytest.raises(Refused, match="is on no branch"):
        bring(world.open(time.clock(), push=False), DB)
    (inside / "ocpvirt-dr.lock").write_text("busy\n")
    assert bring(world.open(time.clock(), push=False), DB) == ("", False)
    assert not (inside / "index.lock").exists()


def test_p10_another_run_in_the_checkout_is_waited_for_and_not_for_ever(world: GitWorld, time: SimulatedTime) -> None:
    handle = os.open(world.checkout / ".git" / "ocpvirt-dr.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with pytest.raises(Timeout, match="another run of a plan works in it"):
        bring(world.open(time.clock()), DB)
    time.at(time.seconds + 20, lambda: os.close(handle))
    assert bring(world.open(time.clock()), DB)[1]


def spoil(word: str) -> Callable[[GitWorld], object]:
    def write(name: str) -> Callable[[GitWorld], object]:
        return lambda world: [
            (world.checkout / name).parent.mkdir(parents=True, exist_ok=True),
            (world.checkout / name).write_text("mine\n"),
        ]

    return {
        "changed": write("README.md"),
        "unknown": write("notes.txt"),
        "in the folder": write(f"{FOLDER}/payroll.db.yaml"),
        "branch": lambda world: git(world.checkout, "switch", "--quiet", "--create", "work"),
        "detached": lambda world: git(world.checkout, "switch", "--quiet", "--detach"),
        "remote": lambda world: git(world.checkout, "remote", "remove", "origin"),
        "merge": lambda world: (world.checkout / ".git" / "MERGE_HEAD").write_text("0" * 40 + "\n"),
        "link": lambda world: (world.checkout / "clusters").symlink_to(world.theirs),
        "unpushed": lambda world: [
            write("notes.txt")(world),
            git(world.checkout, "add", "--all"),
            git(world.checkout, "commit", "--quiet", "-m", "not pushed"),
        ],
        "ignored": lambda world: world.push_theirs(".gitignore", "*.yaml\n"),
    }[word]


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("changed", r"1 files are changed, staged or unknown to Git: README\.md"),
        ("unknown", r"unknown to Git: notes\.txt; wanted: a clean checkout"),
        ("in the folder", rf"unknown to Git: {FOLDER}/payroll\.db\.yaml"),
        ("branch", "it is on the branch work; wanted: the branch main; next: .git switch main. there"),
        ("detached", "it is on no branch"),
        ("remote", "it has no remote origin"),
        ("merge", "MERGE_HEAD"),
        ("link", "leads elsewhere by a symbolic link"),
        ("unpushed", r"commits that origin lacks change notes\.txt"),
        ("ignored", rf"Git ignores {FOLDER}/payroll\.db\.yaml"),
    ],
)
def test_p8_p10_a_checkout_that_is_not_ours_alone_is_refused(
    world: GitWorld, time: SimulatedTime, word: str, told: str
) -> None:
    spoil(word)(world)
    before = len(world.subjects())
    with pytest.raises(Refused, match=told):
        bring(world.open(time.clock()), DB)
    assert len(world.subjects()) == before


def test_p10_a_missing_checkout_is_told(world: GitWorld, time: SimulatedTime, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"it is not there.*clone it there"):
        world.open(time.clock(), checkout=str(tmp_path / "absent")).look()


@pytest.mark.parametrize(("folder", "told"), [("plain", "not a git repository"), ("remote.git", "work tree")])
def test_p10_a_folder_that_is_no_checkout_is_told(
    world: GitWorld, time: SimulatedTime, tmp_path: Path, folder: str, told: str
) -> None:
    (tmp_path / folder).mkdir(exist_ok=True)
    with pytest.raises(Refused, match=told):
        world.open(time.clock(), checkout=str(tmp_path / folder)).look()


def test_p10_a_missing_git_is_told(world: GitWorld, time: SimulatedTime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(Failed, match=r"No such file or directory: git.*install git"):
        world.open(time.clock()).look()


@pytest.mark.parametrize("taken", [".git/ocpvirt-dr.lock", FOLDER])
def test_p10_what_the_disk_refuses_is_told(world: GitWorld, time: SimulatedTime, taken: str) -> None:
    if taken == FOLDER:
        world.push_theirs(FOLDER, "a file where the folder should be\n")
    else:
        (world.checkout / taken).mkdir()
    with pytest.raises(Failed, match=r"read and write the checkout of Git.*(Is a directory|File exists)"):
        bring(world.open(time.clock()), DB)


def test_p10_a_remote_that_is_gone_or_lacks_the_branch_is_told(world: GitWorld, time: SimulatedTime) -> None:
    git(world.checkout, "switch", "--quiet", "--create", "dr")
    remote = world.open(time.clock(), branch="dr").remote
    assert remote
    with pytest.raises(Failed, match="it has no such branch: dr"):
        remote.check()
    world.remote.rename(world.remote.with_name("moved.git"))
    with pytest.raises(Failed, match="does not appear to be a git repository"):
        remote.check()


class Asking(http.server.BaseHTTPRequestHandler):
    """Wants a password from whoever comes."""

    def do_GET(self) -> None:
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="git"')
        self.end_headers()

    def log_message(self, *_words: object) -> None:
        return


@pytest.fixture
def asking() -> Iterator[int]:
    """Its port."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Asking) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.mark.parametrize("login", ["", "robot:s3cr3t@"])
def test_p10_a_remote_that_wants_a_password_is_told_without_one_and_nothing_hangs(
    world: GitWorld, time: SimulatedTime, asking: int, login: str
) -> None:
    git(world.checkout, "config", "remote.origin.url", f"http://{login}127.0.0.1:{asking}/s3cr3t/payroll.git")
    with pytest.raises(DrError) as caught:
        bring(world.open(time.clock()), DB)
    told = str(caught.value)
    assert "terminal prompts disabled" in told or "Authentication failed" in told
    assert "credential helper" in told
    assert "s3cr3t" not in told + str(caught.value.facts())


def test_p10_a_git_that_does_not_end_is_killed_with_its_children(
    world: GitWorld, time: SimulatedTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(world.checkout, "config", "remote.origin.url", "ext::sleep 600")
    git(world.checkout, "config", "protocol.ext.allow", "always")
    monkeypatch.setattr(git_program, "NETWORK_SECONDS", 1.0)
    with pytest.raises(Timeout, match=r"run git fetch.*no end of it"):
        bring(world.open(time.clock()), DB)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("fatal: 'https://u:p@git.example.org/x?token=t'", "fatal: 'https://git.example.org/…'"),
        ("https://u:p/w@git.example.org/x", "https://git.example.org/…"),
        ("to ssh://git@host:22/x\nerror: no\n", "to ssh://host:22/…; error: no"),
        ("git@host: Permission denied (publickey).", "git@host: Permission denied (publickey)."),
    ],
)
def test_of_a_url_only_the_host_is_shown(said: str, shown: str) -> None:
    assert without_secrets(said) == shown
