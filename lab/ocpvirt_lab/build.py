"""Turns the components' Go modules into binaries: from KUBEBUILDER_ASSETS, an official release, or a build."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from ocpvirt_lab import releases
from ocpvirt_lab.cache import cache_root, content_key, exclusive
from ocpvirt_lab.components import Component, catalog, needed
from ocpvirt_lab.errors import LabError
from ocpvirt_lab.progress import Progress
from ocpvirt_lab.state import NFS

REPORT_INTERVAL = 10
KUBEBUILDER_BINARIES = ("kube-apiserver", "etcd")


def provide(names: list[str] | None, progress: Progress) -> dict[str, Path]:
    """Every binary of the named components (default: of a lab on NFS), built where it is missing: name -> path."""
    known = catalog()
    if unknown := sorted(set(names or ()) - set(known)):
        raise LabError(f"unknown component {', '.join(unknown)}; there are {', '.join(known)}")
    found: dict[str, Path] = {}
    for name in names or needed(NFS):
        found |= _provide_component(known[name], progress)
    return found


def _provide_component(component: Component, progress: Progress) -> dict[str, Path]:
    found = _kubebuilder_assets(component)
    wanted = {name: package for name, package in component.binaries.items() if name not in found}
    if not wanted:
        return found
    flags = _flags(component)
    facts = [_go_version(component), *flags, *sorted(wanted), *sorted(wanted.values()), *sorted(component.files)]
    directory = cache_root() / f"{component.name}-{content_key(component.module_dir, facts)}"
    if not (directory / "bin").is_dir():
        with exclusive(directory):
            if not (directory / "bin").is_dir():
                _fill(component, wanted, flags, directory, progress)
    return found | {name: directory / "bin" / name for name in (*wanted, *component.files)}


def _kubebuilder_assets(component: Component) -> dict[str, Path]:
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    if not assets:
        return {}
    candidates = {name: Path(assets) / name for name in KUBEBUILDER_BINARIES if name in component.binaries}
    return {name: path.absolute() for name, path in candidates.items() if path.is_file()}


def _flags(component: Component) -> list[str]:
    variables = [f"-X {name}={value}" for name, value in component.variables.items()]
    tags = [f"-tags={','.join(component.tags)}"] if component.tags else []
    return ["-trimpath", "-buildvcs=false", *tags, "-ldflags", " ".join(["-s", "-w", *variables])]


def _environment(component: Component) -> dict[str, str]:
    return os.environ | {"CGO_ENABLED": "1" if component.tags else "0", "GOWORK": "off"}


def _go_version(component: Component) -> str:
    try:
        answer = subprocess.run(
            ["go", "env", "GOVERSION", "GOOS", "GOARCH"],
            cwd=component.module_dir,
            env=_environment(component),
            capture_output=True,
            text=True,
            check=True,
        )
    except FileNotFoundError:
        raise LabError("no `go` on the PATH: the lab's components are built with Go 1.26 or newer") from None
    except subprocess.CalledProcessError as error:
        raise LabError(f"`go env` failed in {component.module_dir}: {error.stderr.strip()}") from error
    return answer.stdout.strip()


def _fill(component: Component, wanted: dict[str, str], flags: list[str], directory: Path, progress: Progress) -> None:
    """Makes `directory` whole in a folder beside it, then renames that into place."""
    draft = Path(tempfile.mkdtemp(prefix=f".{component.name}-", dir=directory.parent))
    try:
        (draft / "bin").mkdir()
        remaining = _download(wanted, draft / "bin", component, progress)
        for name in wanted:
            (draft / "bin" / name).parent.mkdir(exist_ok=True)
        if remaining:
            _compile(component, remaining, flags, draft, progress)
        for name, (module, path) in component.files.items():
            shutil.copyfile(_module_directory(component, module) / path, draft / "bin" / name)
        draft.rename(directory)
    finally:
        if draft.exists():
            shutil.rmtree(draft)


def _module_directory(component: Component, module: str) -> Path:
    command = ["go", "list", "-m", "-f", "{{.Dir}}", module]
    environment = _environment(component)
    listed = subprocess.run(command, cwd=component.module_dir, env=environment, capture_output=True, text=True)
    if listed.returncode or not listed.stdout.strip():
        raise LabError(f"`{' '.join(command)}` in {component.module_dir}: {listed.stderr.strip() or 'no folder'}")
    return Path(listed.stdout.strip())


def _download(wanted: dict[str, str], target: Path, component: Component, progress: Progress) -> dict[str, str]:
    """Takes what the official releases have; returns what is left to compile."""
    offered = releases.releases()
    remaining = dict(wanted)
    for name in wanted:
        if name not in offered:
            continue
        try:
            releases.fetch(offered[name], target / name)
        except releases.Unavailable:
            progress.say(component.name, "no release binaries from here; compiling")
            break
        progress.say(component.name, f"{name}: official release, checked")
        del remaining[name]
    return remaining


def _compile(component: Component, wanted: dict[str, str], flags: list[str], draft: Path, progress: Progress) -> None:
    began = time.monotonic()
    log = draft / "build.log"
    progress.say(component.name, "building " + ", ".join(wanted))
    done = threading.Event()
    reporter = threading.Thread(target=_report, args=(component, log, began, done, progress), daemon=True)
    reporter.start()
    try:
        for name, package in wanted.items():
            command = ["nice", "go", "build", "-v", *flags, "-o", str(draft / "bin" / name), package]
            with log.open("a") as out:
                print(f"# {name}", file=out, flush=True)
                built = subprocess.run(
                    command,
                    cwd=component.module_dir,
                    env=_environment(component),
                    stdout=out,
                    stderr=subprocess.STDOUT,
                )
            if built.returncode:
                tail = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
                raise LabError(f"building {name} ({package}) failed with exit code {built.returncode}:\n{tail}")
    finally:
        done.set()
        reporter.join()
    progress.say(component.name, f"built in {time.monotonic() - began:.0f} s")


def _report(component: Component, log: Path, began: float, done: threading.Event, progress: Progress) -> None:
    while not done.wait(REPORT_INTERVAL):
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        packages = [line for line in lines if not line.startswith("#")]
        binary = next((line[2:] for line in reversed(lines) if line.startswith("# ")), "")
        elapsed = time.monotonic() - began
        progress.say(
            component.name, f"building for {elapsed:.0f} s: {binary}, {len(packages)} packages compiled so far"
        )
