"""The command line."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from ocpvirt_lab import disks, faults, status, storm
from ocpvirt_lab.build import provide
from ocpvirt_lab.components import catalog
from ocpvirt_lab.errors import LabError
from ocpvirt_lab.lab import Lab
from ocpvirt_lab.layout import SITES
from ocpvirt_lab.process import HUB
from ocpvirt_lab.progress import Progress
from ocpvirt_lab.state import CEPH, DEFAULT_NAME, DEFAULT_NODES, NFS, LabFolder

LOG_LINES = 100


def _build(args: argparse.Namespace, lab: Lab, progress: Progress) -> None:
    for name, path in provide(args.components or None, progress).items():
        print(f"{name:<34}{path}")


def _up(args: argparse.Namespace, lab: Lab, progress: Progress) -> None:
    with lab.folder.locked():
        started = lab.up(args.nodes, args.storage, csi_addons=args.csi_addons, with_ssh=args.ssh)
    lost = f"; lost and left so: {', '.join(lab.state.lost)}" if lab.state.lost else ""
    what = f"started {len(started)} processes" if started else "it was up already, nothing to repair"
    progress.say(lab.folder.name, f"up: {what}{lost}")


def _down(args: argparse.Namespace, lab: Lab, progress: Progress) -> None:
    with lab.folder.locked():
        was_up = lab.down()
        if args.purge and lab.folder.path.exists():
            lab.folder.purge()
    progress.say(lab.folder.name, "down; no process is left" if was_up else "it was not up")


def _status(args: argparse.Namespace, lab: Lab, progress: Progress) -> int:
    described = status.describe(lab)
    print(json.dumps(described, indent=2) if args.json else status.render(described))
    return 0 if described["up"] else 3


def _reset(args: argparse.Namespace, lab: Lab, progress: Progress) -> None:
    with lab.folder.locked():
        lab.reset()
    progress.say(lab.folder.name, "both sites are empty and up")


def _logs(args: argparse.Namespace, lab: Lab, progress: Progress) -> int:
    owners = [args.site] if args.site else [HUB, *SITES]
    logs = [
        log
        for owner in owners
        for log in sorted((lab.folder.path / owner / "logs").glob("*.log"))
        if args.component in (None, log.stem)
    ]
    if not logs:
        raise LabError(f"no log below {lab.folder.path} for {' '.join(filter(None, (args.site, args.component)))}")
    follow = ["-F"] if args.follow else []
    return subprocess.run(["tail", "-n", str(args.lines), *follow, "--", *map(str, logs)]).returncode


def _kubeconfig(args: argparse.Namespace, lab: Lab, progress: Progress) -> None:
    path = lab.folder.kubeconfig(args.site)
    if not path.exists():
        raise LabError(f"{args.site} has no kubeconfig yet; bring the lab up with `lab up`")
    print(path)


def _lose(args: argparse.Namespace, lab: Lab, progress: Progress) -> None:
    with lab.folder.locked():
        killed = faults.lose(lab, args.site)
    progress.say(args.site, f"lost: links down, {killed} processes killed")


def _restore(args: argparse.Namespace, lab: Lab, progress: Progress) -> None:
    with lab.folder.locked():
        started = faults.restore(lab, args.site, isolated=args.isolated)
    how = "isolated: the operator reaches it, storage and the other site do not" if args.isolated else "joined"
    progress.say(args.site, f"restored with the state it had, {len(started)} processes started; {how}")


def _partition(args: argparse.Namespace, lab: Lab, progress: Progress) -> None:
    with lab.folder.locked():
        faults.partition(lab, args.site)
    what = f"nobody reaches {args.site}; its processes live" if args.site else "the sites do not reach each other"
    progress.say(lab.folder.name, what)


def _heal(args: argparse.Namespace, lab: Lab, progress: Progress) -> None:
    with lab.folder.locked():
        faults.heal(lab)
    lost = f", except those of {', '.join(lab.state.lost)} (lost)" if lab.state.lost else ""
    progress.say(lab.folder.name, f"all links are up{lost}")


def _records(args: argparse.Namespace, lab: Lab, progress: Progress) -> int:
    return disks.read(lab, args.site, ["--json"] if args.json else [], progress)


def _env(args: argparse.Namespace, lab: Lab, progress: Progress) -> None:
    print(json.dumps(status.environment(lab), indent=2))


def _storm(args: argparse.Namespace, lab: Lab, progress: Progress) -> None:
    lab.required_holder()
    wanted = storm.Wanted(args.vms, args.cap, args.critical, tuple(args.boot), args.output)
    print(storm.run(status.environment(lab)["sites"], wanted, progress))


def _exec(args: argparse.Namespace, lab: Lab, progress: Progress) -> int:
    words = args.command[1:] if args.command[:1] == ["--"] else args.command
    command = lab.required_holder().command(words or [os.environ.get("SHELL", "sh")], args.site)
    return subprocess.run(command).returncode


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lab", description="Two real sites, east and west, on one machine: KubeVirt, Velero, S3, NFS replication."
    )
    parser.add_argument(
        "--name",
        default=os.environ.get("LAB_NAME", DEFAULT_NAME),
        help="which lab; several run side by side (default: $LAB_NAME, or %(default)r)",
    )
    commands = parser.add_subparsers(dest="subcommand", metavar="COMMAND", required=True)

    def add(name: str, run, text: str, *, site: bool = False) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        command.set_defaults(run=run)
        if site:
            command.add_argument("site", choices=list(SITES))
        return command

    build = add("build", _build, "build the components that are not in the cache, and print where the binaries are")
    build.add_argument("components", nargs="*", metavar="COMPONENT", help=f"one of {', '.join(catalog())}")
    up = add("up", _up, "bring both sites up, or repair what is dead; what is lost stays lost")
    up.add_argument("--nodes", type=int, help=f"nodes per site (default: as before, at first {DEFAULT_NODES})")
    up.add_argument(
        "--storage",
        choices=[NFS, CEPH],
        help=f"ceph: Ceph clusters with RBD mirroring beside the NFS servers (default: as before, at first {NFS})",
    )
    up.add_argument(
        "--csi-addons",
        action="store_true",
        help="with csi-addons' manager and sidecar and a driver for the lab's storage; remembered until `down --purge`",
    )
    up.add_argument(
        "--ssh",
        action="store_true",
        help="NFS servers that are reached by ssh, with rsync and cron, too; remembered until `down --purge`",
    )
    down = add("down", _down, "end every process; the sites' state stays for the next `up`")
    down.add_argument(
        "--purge", action="store_true", help="remove the lab's folder too: state, logs, certificates, ports"
    )
    show = add("status", _status, "show sites, processes and their health (exit code 3: the lab is down)")
    show.add_argument("--json", action="store_true", help="for other tools")
    add("reset", _reset, "make both sites empty again, on the same ports and certificates")
    logs = add("logs", _logs, "show the end of the logs")
    logs.add_argument("site", nargs="?", choices=[HUB, *SITES])
    logs.add_argument("component", nargs="?", help="a name from `lab status`")
    logs.add_argument("-f", "--follow", action="store_true")
    logs.add_argument("-n", "--lines", type=int, default=LOG_LINES)
    add("kubeconfig", _kubeconfig, "print the path of a site's kubeconfig", site=True)
    add("lose", _lose, "lose a site: both links down, then kill -9 of every process of it", site=True)
    restore = add("restore", _restore, "bring a lost site back with the state it had", site=True)
    restore.add_argument("--isolated", action="store_true", help="its data link stays down until `lab heal`")
    partition = add("partition", _partition, "cut the sites from each other, or one site from everybody")
    partition.add_argument("site", nargs="?", choices=list(SITES), help="cut this one off from operator, S3 and peer")
    add("heal", _heal, "bring all links of sites that are not lost up again")
    records = add("records", _records, "read the guests' records from a site's disks, also of a lost site", site=True)
    records.add_argument("--json", action="store_true")
    add("env", _env, "print, as JSON, URLs, addresses and credentials for other tools")
    blow = add("storm", _storm, "start many VMs at east all at once and throttled by a plan, and draw both")
    blow.add_argument("--vms", type=int, default=1000, help="without volumes (default: %(default)s)")
    blow.add_argument("--cap", type=int, default=60, help="how many the plan has in flight (default: %(default)s)")
    blow.add_argument("--critical", type=int, default=50, help="VMs of the plan's first wave (default: %(default)s)")
    blow.add_argument(
        "--boot", type=float, nargs=2, default=[2.0, 6.0], metavar=("FROM", "TO"), help="seconds (default: 2 6)"
    )
    blow.add_argument(
        "--output", type=Path, default=Path("build"), help="folder of storm.svg and storm.json (default: %(default)s)"
    )
    execute = add("exec", _exec, "run a command inside a site's namespaces", site=True)
    execute.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND", help="default: a shell")
    return parser


def main() -> int:
    args = _parser().parse_args()
    progress = Progress()
    try:
        return args.run(args, Lab(LabFolder(args.name), progress), progress) or 0
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
