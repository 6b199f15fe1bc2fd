#!/bin/sh
# A base backup of a member's database while its node runs, and how the write-ahead log is archived beside it.
# Usage: PGHOST=… PGUSER=replicator backup.sh /backup/dostyk
#
# Once, in postgresql.conf:
#   archive_mode = on
#   archive_command = 'test ! -f /backup/dostyk/wal/%f && cp %p /backup/dostyk/wal/%f.part && mv /backup/dostyk/wal/%f.part /backup/dostyk/wal/%f'
set -eu
target=${1:?the folder of the backups}
days=${DOSTYK_BACKUP_DAYS:-14}
umask 077
mkdir -p "$target/wal" "$target/base"
name=$(date -u +%Y%m%dT%H%M%SZ)
pg_basebackup --pgdata="$target/base/$name.part" --format=tar --gzip --wal-method=stream --checkpoint=fast --manifest-checksums=SHA256
mv "$target/base/$name.part" "$target/base/$name"
# What was erased must not live on in backups: they expire.
find "$target/base" -mindepth 1 -maxdepth 1 -type d -mtime "+$days" -exec rm -rf {} +
oldest=$(ls "$target/base" | sort | head -n 1)
find "$target/wal" -type f ! -newer "$target/base/$oldest" -delete
echo "$target/base/$name"
