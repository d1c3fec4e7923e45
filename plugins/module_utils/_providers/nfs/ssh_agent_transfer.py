# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent's functions that send an export to the peer, take one in, and compare both."""

from __future__ import annotations

TRANSFER = r"""
accepts() {  # EPOCH of the sender
  [ "$role" = secondary ] || fail PeerIsPrimary "this side is $role in epoch $epoch and takes nothing in"
  [ -z "$epoch" ] || [ "$epoch" = "$1" ] || fail Diverged "this side is in epoch $epoch, the sender in $1"
  [ "$paused" = no ] || fail Busy 'replication is paused at this side'
  [ "$source" = no ] || [ -n "$synced" ] || fail NotSynced 'this side was demoted with writes that were never synced'
}

receive() {  # EPOCH RSYNC_ARGUMENT...: the far end of the peer's rsync, whose protocol owns stdout
  {
    sender=$1 && shift
    lock_transfer 0
    load
    accepts "$sender" && in_place
    put open yes
  } >&2
  echo $$ >"$busy"
  exec rsync "$@"
}

received() {  # EPOCH MOMENT [TOKEN of a final sync]; this side may be promoted in this very moment
  load
  lock_state
  load
  accepts "$1"
  set_fields epoch "$1" last_sync "$2" snapshot "${3:-}" open no resyncing no source no synced '' diverged '' \
    problem ''
}

find_receiver() {  # refuses what would overwrite somebody's writes
  see_peer || fail "$reason" "$message"
  [ "$there_role" = secondary ] || fail PeerIsPrimary "$peer is $there_role in epoch $there_epoch"
  [ -z "$there_epoch" ] || [ "$there_epoch" = "$epoch" ] || fail Diverged "$peer is in epoch $there_epoch, not $epoch"
  [ "$there_paused" = no ] || fail Busy "replication is paused at $peer"
}

run_rsync() {  # ARGUMENT...
  # shellcheck disable=SC2086 # words
  said=$(rsync $RSYNC -e "$(peer_ssh)" "$@" 2>&1 >/dev/null)
  code=$?
  # 24: files vanished meanwhile, as they do in a live tree
  [ "$code" -eq 0 ] || { [ "$code" -eq 24 ] && [ "$verb" != sync ]; } || {
    read_refusal "$said"
    fail "$reason" "rsync ended with $code: $message"
  }
}

transfer() {  # RSYNC_OPTION...
  in_place
  receiver="sh $peer_state_dir/agent $peer_state_dir receive $name $epoch"
  run_rsync "$@" "--rsync-path=$receiver" "$path/" "$peer:$there_path/"
}

push_once() {
  lock_transfer 0
  load
  [ "$role" = primary ] || { echo '{"pushed":false,"why":"not primary"}' && return; }
  [ "$paused" = no ] || { echo '{"pushed":false,"why":"paused"}' && return; }
  find_receiver
  at=$(now)
  transfer
  ask_peer "$PEER_PATIENCE" received "$epoch" "$at" || fail "$reason" "$message"
  put last_sync "$at" problem ''
  echo '{"pushed":true}'
}

push() {
  outcome=$(push_once) && printf '%s\n' "$outcome" && return
  read_refusal "$outcome"
  # a push that runs already is no problem
  [ "$reason" = Busy ] || put problem "$(printf '%s' "$message" | tr -d '\n')"
  fail "$reason" "$message"
}

remember_diverged() {  # unless this side went on, as by a resync, while the peer was asked
  compared="$role $epoch"
  lock_state
  load
  if [ "$role $epoch" = "$compared" ]; then
    diverged="this side is in epoch $epoch, $peer in $there_epoch"
    save
  fi
  exec 8>&-
}

tick() {  # cron's minute
  load
  if see_peer && has_diverged; then remember_diverged; fi
  [ -z "$last_sync" ] || [ "$(seconds_since "$last_sync")" -ge $((interval - 30)) ] || return 0
  [ "$role" != primary ] || push
}

drop_staged() {  # what transfers that were cut off left behind; rsync itself keeps it, to go on with it
  find "$path" -type d -name '.~tmp~' -prune -exec rm -rf {} +
}

drop_staged_alone() {  # after a whole transfer, which had no use for it
  [ "$role" = secondary ] || fail PeerIsPrimary "this side is $role in epoch $epoch, and no copy"
  lock_transfer "$TRANSFER_PATIENCE"
  drop_staged
  exec 9>&-  # a forced promotion does not wait for a digest
}

digest() {  # [of-copy]: of path, size and sha256 of every file; then their number and bytes
  load
  in_place
  [ "${1:-}" != of-copy ] || drop_staged_alone
  { cd "$path" && sync -f "$path"; } || fail Failed "cannot enter $path, or bring it to the disk"
  set -- . -path ./lost+found -prune -o -path "./$marker" -prune -o -type f
  list=$state_dir/$name.files
  { find "$@" -printf '%s %p\0' >"$list" && find "$@" -print0 | xargs -0 -r sha256sum -z >>"$list"; } ||
    fail Failed "cannot read all of $path"
  # step by step: of a pipe only the last exit status is known, and nothing is the same as nothing at the peer
  { sort -z -o "$list" "$list" && sum=$(sha256sum <"$list") &&
    counted=$(find "$@" -printf '%s\n' | awk '{ n++; b += $1 } END { printf "%d %.0f\n", n, b }'); } ||
    fail Failed "cannot compare what is in $path"
  echo "${sum%% *} $counted"
}

peer_digest() {
  ask_peer "$DIGEST_PATIENCE" digest of-copy || fail "$reason" "$message"
  printf '%s\n' "$answer" | tail -n 1
}

check_demoted() {
  [ "$role" = secondary ] || fail NotSecondary "export $name is $role: what is still writable proves nothing"
  [ "$source" = yes ] || fail Invalid "export $name receives here; its final sync is asked of the peer"
}

final_sync() {
  load
  check_demoted
  lock_transfer 300
  load
  check_demoted
  find_receiver
  at=$(now)
  transfer --checksum
  peer_digest >"$state_dir/$name.digest" &
  here=$(digest) || { printf '%s\n' "$here" && exit 1; }
  wait $! || { cat "$state_dir/$name.digest" && exit 1; }
  there=$(cat "$state_dir/$name.digest")
  if [ "$here" = "$there" ]; then
    token=$(random)
    ask_peer "$PEER_PATIENCE" received "$epoch" "$at" "$token" || fail "$reason" "$message"
    put synced "$token" last_sync "$at" problem ''
  fi
  # shellcheck disable=SC2086 # three words
  set -- $here
  printf '{"digest_local":"%s","digest_peer":"%s","files":%s,"bytes":%s,"compared":"%s","at":"%s"}\n' \
    "$1" "${there%% *}" "$2" "$3" 'path, size and sha256 of every file' "$at"
}
"""
