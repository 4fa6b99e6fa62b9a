#!/usr/bin/env bash
# Run a command beside a private PostgreSQL on a Unix socket, named in KTIZO_TEST_POSTGRES.
# Without PostgreSQL the command runs all the same, and the tests on it skip with the reason.
set -eu
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
if [ -z "$bin" ]; then
    echo "PostgreSQL is not installed: its tests are skipped"
    exec "$@"
fi
work=$(mktemp -d /tmp/ktizo-pg.XXXXXX)
as=()
if [ "$(id -u)" = 0 ]; then # initdb refuses to be root
    chown postgres "$work"
    as=(setpriv --reuid=postgres --regid=postgres --init-groups)
fi
cd "$work"
"${as[@]}" "$bin/initdb" -D "$work/db" -U ktizo --auth=trust --no-sync -E UTF8 --locale=C >"$work/init.log" 2>&1 \
    || { cat "$work/init.log"; exit 1; }
"${as[@]}" "$bin/pg_ctl" -D "$work/db" -w -s -l "$work/pg.log" \
    -o "-k $work -c listen_addresses='' -c fsync=off -c max_connections=200" start
stop() {
    "${as[@]}" "$bin/pg_ctl" -D "$work/db" -m immediate -s stop || true
    rm -rf "$work"
}
trap stop EXIT
for worker in 0 1 2 3; do
    "${as[@]}" "$bin/createdb" -h "$work" -U ktizo "gw$worker"
done
cd "$OLDPWD"
export KTIZO_TEST_POSTGRES="postgresql://ktizo@/postgres?host=$work"
"$@"
