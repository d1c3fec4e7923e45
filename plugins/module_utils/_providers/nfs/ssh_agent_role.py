# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent's functions that change who may write: promotion, demotion, and the way back of a copy."""

from __future__ import annotations

ROLE = r"""
grant() {  # EPOCH SNAPSHOT: may the peer become primary without a loss?
  load_alone "$GRANT_PATIENCE" -s
  [ -z "$epoch" ] || [ "$epoch" = "$1" ] || fail Diverged "it is in epoch $epoch, the other side in $1"
  [ "$role" = secondary ] || fail PeerIsPrimary "it is $role in epoch $epoch; demote it first"
  [ "$source" = yes ] || return 0
  [ -n "$synced" ] || fail NotSynced 'it was demoted, but its final sync has not completed'
  [ "$synced" = "${2:-}" ] || fail NotSynced 'the other side does not hold its final sync'
}

check_whole() {  # a forced promotion of half a copy would be the loss of everything
  [ "$resyncing" = no ] || fail HalfResynced 'a resync of this side was cut off: its files are of two moments'
  [ -n "$epoch" ] || fail NoCopy 'no whole copy has ever arrived at this side'
}

promote() {  # force|orderly
  load_alone "$ROLE_PATIENCE"
  if [ "$role" = primary ]; then publish rw && echo '{"changed":false}' && return; fi
  next=$epoch
  if [ "$1" = force ]; then
    check_whole
    next=$((${epoch%%-*} + 1))-$(random)
  else
    [ -z "$diverged" ] || fail Diverged "$diverged; resync it first"
    [ "$resyncing$open" = nono ] || fail NotSynced 'a transfer to this side has not completed'
    [ -n "$epoch" ] || fail NotSynced 'nothing has reached this side yet'
    ask_peer "$PEER_PATIENCE" grant "$epoch" "$snapshot" || fail "$reason" "$message"
  fi
  in_place
  held=$snapshot
  stop_incoming
  load
  problem=''
  [ "$1" != force ] || check_whole
  [ "$1" = force ] || [ "$open$snapshot" = "no$held" ] || fail Busy 'a transfer began during the promotion; try again'
  [ "$open" = no ] || problem='promoted while a transfer was open: files may be of two moments'
  drop_staged
  publish rw
  if [ "$1" = force ]; then latest=''; else latest=$last_sync; fi  # nothing of a new epoch is at the peer
  put role primary epoch "$next" recovery_point "$last_sync" last_sync "$latest" source no synced '' snapshot '' \
    open no resyncing no diverged '' problem "$problem"
  echo '{"changed":true}'
}

rule_out() {  # a planned promotion of this side that was asked for before now, as the peer is to be promoted by force
  load_alone "$ROLE_PATIENCE"
  look_at_role
  [ "$role$published" = secondaryro ] || fail PeerIsPrimary "it is $role in epoch $epoch, and exported $published"
  put snapshot ''  # which the peer grants a promotion for, until it has sent another final sync
  echo '{"changed":true}'
}

demote() {
  load_alone "$ROLE_PATIENCE"
  publish ro
  if [ "$role" = secondary ]; then echo '{"changed":false}' && return; fi
  put role secondary source yes synced ''
  echo '{"changed":true}'
}

resync() {
  load_alone "$ROLE_PATIENCE"
  see_peer || fail "$reason" "$message"
  [ "$there_role" = primary ] || fail Invalid "$peer is $there_role: there is no primary to take the content from"
  [ "$there_mounted" = yes ] || fail Failed "the file system of $there_path is not mounted at $peer"
  [ "$role" = secondary ] || [ -n "$diverged" ] || has_diverged ||
    fail NotSecondary "export $name is primary and not diverged: its content is the valid one"
  in_place && stop_incoming
  publish ro
  put role secondary epoch '' source no synced '' snapshot '' open yes resyncing yes diverged '' last_sync '' problem ''
  exec 7>&-
  # by the clock of the side that sends, as of a push; a peer whose agent is older does not tell it
  at=${there_now:-$(now)}
  run_rsync "$peer:$there_path/" "$path/"
  put epoch "$there_epoch" last_sync "$at" open no resyncing no
  echo '{"changed":true}'
}
"""
