"""What can happen to a site: lost, restored, isolated, cut off; and healed."""

from __future__ import annotations

from ocpvirt_lab import network
from ocpvirt_lab.errors import LabError
from ocpvirt_lab.lab import Lab
from ocpvirt_lab.launch import Launcher
from ocpvirt_lab.layout import SITES


def lose(lab: Lab, site: str) -> int:
    """Links first, so that no dying process says goodbye; then kill -9. Returns how many processes were killed."""
    holder = lab.required_holder()
    if site not in lab.state.lost:
        lab.state.lost.append(site)
        lab.folder.save(lab.state)
    holder.ip(network.links(site, mgmt=False, data=False))
    return holder.request("kill-site", site=site)["killed"]


def restore(lab: Lab, site: str, *, isolated: bool) -> list[str]:
    holder = lab.required_holder()
    holder.ip(network.links(site, mgmt=True, data=not isolated))
    started = lab.runner(site, Launcher(lab.folder, holder)).up()
    if site in lab.state.lost:
        lab.state.lost.remove(site)
        lab.folder.save(lab.state)
    return started


def partition(lab: Lab, site: str | None) -> None:
    holder = lab.required_holder()
    if site is None:
        holder.ip(network.split(True))
        return
    if site in lab.state.lost:
        raise LabError(f"{site} is lost; a lost site cannot be cut off. `lab restore {site}` first")
    holder.ip(network.links(site, mgmt=False, data=False))


def heal(lab: Lab) -> None:
    holder = lab.required_holder()
    holder.ip(network.split(False))
    standing = [name for name in SITES if name not in lab.state.lost]
    holder.ip([line for name in standing for line in network.links(name, mgmt=True, data=True)])
