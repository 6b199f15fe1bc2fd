#!/bin/sh
# A database of a moment in the past, from a base backup and the archived write-ahead log. The node must not run.
# Usage: restore.sh /backup/dostyk/base/20260603T000000Z /backup/dostyk/wal /var/lib/postgresql/dostyk '2026-06-03 14:00:00+00'
set -eu
base=${1:?the base backup}
wal=${2:?the folder of the archived log}
data=${3:?the new data folder}
until=${4:-}
[ ! -e "$data" ] || { echo "$data exists: nothing is overwritten" >&2; exit 1; }
umask 077
mkdir -p "$data"
tar -xzf "$base/base.tar.gz" -C "$data"
[ ! -f "$base/pg_wal.tar.gz" ] || tar -xzf "$base/pg_wal.tar.gz" -C "$data/pg_wal"
{
  echo "restore_command = 'cp $wal/%f %p'"
  [ -z "$until" ] || echo "recovery_target_time = '$until'"
  echo "recovery_target_action = 'promote'"
} >> "$data/postgresql.auto.conf"
touch "$data/recovery.signal"
echo "Start PostgreSQL on $data. When it has reached its target: dostyk doctor --audit, then dostyk recover, then the node."
