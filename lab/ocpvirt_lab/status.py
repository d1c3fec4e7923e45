"""What the lab looks like now, observed; `describe` is the interface to other tools, `render` is for people."""

from __future__ import annotations

from typing import Any

from ocpvirt_lab import ceph, csi_addons_objects, s3, ssh
from ocpvirt_lab.csi_addons_objects import Driver
from ocpvirt_lab.holder_client import Holder, ProcessState
from ocpvirt_lab.lab import Lab
from ocpvirt_lab.launch import Launcher
from ocpvirt_lab.layout import (
    API_PORT,
    CONTROL_PORT,
    HUB_DATA,
    NFS_PORT,
    PEER_PORT,
    S3_BUCKET,
    S3_PORT,
    S3_REGION,
    SITES,
)
from ocpvirt_lab.network import SiteLinks
from ocpvirt_lab.process import HUB, Process, export_prefix
from ocpvirt_lab.state import CEPH

HEALTHY = "healthy"


def describe(lab: Lab) -> dict[str, Any]:
    holder = lab.holder()
    answer: dict[str, Any] = {
        "name": lab.folder.name,
        "up": holder is not None,
        "holder": {"pid": holder.record.pid} if holder else None,
        "hub": {"components": {}, "ports": {"s3": lab.state.ports.get("s3")}},
        "sites": {name: _site(lab, name) for name in SITES},
    }
    if holder is None:
        return answer
    launcher = Launcher(lab.folder, holder)
    observed = _Observed(lab, holder, launcher)
    answer["hub"]["components"] = observed.components(HUB, lab.hub_processes())
    links = holder.links()
    for name, site in answer["sites"].items():
        processes = [] if name in lab.state.lost else lab.runner(name, launcher).processes()
        site["components"] = observed.components(name, processes)
        site |= _condition(name in lab.state.lost, links[name])
        if site["state"] == "up" and any(part["health"] != HEALTHY for part in site["components"].values()):
            site["state"] = "degraded"
    return answer


def _site(lab: Lab, name: str) -> dict[str, Any]:
    layout = SITES[name]
    return {
        "state": "down",
        "lost": False,
        "isolated": False,
        "partitioned": False,
        "kubeconfig": str(lab.folder.kubeconfig(name)),
        "addresses": {"mgmt": layout.mgmt, "data": layout.data, "nfs": layout.nfs},
        "ports": {"api": lab.state.ports.get(f"{name}-api"), "storage": lab.state.ports.get(f"{name}-storage")},
        "components": {},
    }


def _condition(lost: bool, links: SiteLinks) -> dict[str, Any]:
    """`state` names what weighs most: lost, then partitioned, then isolated."""
    isolated = not lost and links.mgmt and not links.data
    partitioned = not lost and ((not links.mgmt and not links.data) or links.split)
    state = "lost" if lost else "partitioned" if partitioned else "isolated" if isolated else "up"
    return {"state": state, "lost": lost, "isolated": isolated, "partitioned": partitioned}


class _Observed:
    def __init__(self, lab: Lab, holder: Holder, launcher: Launcher) -> None:
        self._lab = lab
        self._states = holder.processes()
        self._pids = holder.host_pids()
        self._launcher = launcher

    def components(self, owner: str, processes: list[Process]) -> dict[str, Any]:
        failures = self._launcher.probe(owner, processes, 0)
        return {
            process.name: {
                "pid": self._pid(self._states.get(f"{owner}/{process.name}")),
                "health": _health(self._states.get(f"{owner}/{process.name}"), failures.get(process.name)),
                "log": str(self._lab.folder.log(owner, process.name)),
            }
            for process in processes
        }

    def _pid(self, state: ProcessState | None) -> int | None:
        return self._pids.get(state.pid) if state and state.running else None


def _health(state: ProcessState | None, failure: str | None) -> str:
    if state is None:
        return "never started"
    if not state.running:
        return f"dead (exit code {state.exit})"
    return failure or HEALTHY


def environment(lab: Lab) -> dict[str, Any]:
    """What a tool outside needs beyond the kubeconfigs."""
    endpoints = lab.endpoints()
    keys = s3.credentials(lab.folder)
    return {
        "name": lab.folder.name,
        "state_dir": str(lab.folder.path),
        "storage": lab.state.storage,
        "sites": {
            name: {
                "kubeconfig": str(lab.folder.kubeconfig(name)),
                "api_url": f"https://{endpoints[f'{name}-api']}",
                "storage_url": f"http://{endpoints[f'{name}-storage']}",
                "storage_url_inside": f"http://{layout.mgmt}:{CONTROL_PORT}",
                "api_url_inside": f"https://{layout.mgmt}:{API_PORT}",
                "nfs_server": layout.nfs,
                "nfs_port": NFS_PORT,
                "export_prefix": export_prefix(lab.folder, name, ssh=lab.state.ssh),
                "replication_peer": f"http://{layout.nfs}:{PEER_PORT}",
                "storage_class": f"{name}-nfs",
                "storage_root": str(lab.folder.storage_root(name)),
                "ssh": ssh.environment(lab.folder, name, lab.state.ports[f"{name}-ssh"]) if lab.state.ssh else None,
                "csi_addons": _csi_addons(lab, csi_addons_objects.NFS, name),
                "csi_addons_ceph": _csi_addons(lab, csi_addons_objects.RBD, name),
                "ceph": ceph.environment(lab.folder, name) if lab.state.storage == CEPH else None,
            }
            for name, layout in SITES.items()
        },
        "s3": {
            "url": f"http://{endpoints['s3']}",
            "url_inside": f"http://{HUB_DATA}:{S3_PORT}",
            "region": S3_REGION,
            "bucket": S3_BUCKET,
            "access_key": keys.access_key,
            "secret_key": keys.secret_key,
        },
    }


def _csi_addons(lab: Lab, driver: Driver, site: str) -> dict[str, Any] | None:
    wanted = lab.state.csi_addons and driver in csi_addons_objects.drivers(lab.state.storage)
    return csi_addons_objects.environment(driver, site) if wanted else None


def render(described: dict[str, Any]) -> str:
    if not described["up"]:
        return f"The lab {described['name']!r} is down."
    lines = [f"The lab {described['name']!r} is up (holder: pid {described['holder']['pid']})."]
    owners = {"hub": {"state": "", "components": described["hub"]["components"]}} | described["sites"]
    for owner, entry in owners.items():
        lines.append("")
        reached = f"   https://127.0.0.1:{entry['ports']['api']}   {entry['kubeconfig']}" if "ports" in entry else ""
        lines.append(f"{owner:<6}{entry['state']}{reached}")
        for name, component in entry["components"].items():
            lines.append(f"  {name:<26}{component['pid'] or '-':>8}  {component['health']}")
    return "\n".join(lines)
