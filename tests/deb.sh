#!/bin/bash
# The Debian package in a bare Debian: built, judged by lintian, installed, run, upgraded, removed, purged. It takes minutes and
# asks the package registry: part of `make soak`, not of `make test`. Without root or without mmdebstrap it says so and ends.
#
#   tests/deb.sh             builds the package (make deb) first
#   DEB=FILE tests/deb.sh    takes this one
. "$(dirname "$0")/support/lib.sh"
begin deb
root=$WORK/root
in_root() {
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive chroot "$root" "$@"
}
as_nhip() { in_root setpriv --reuid=nhip --regid=nhip --init-groups "$@"; }

unmount() {
    umount -l "$root/dev" "$root/proc" 2>/dev/null
    cleanup
}

if [ "$(id -u)" -ne 0 ] || ! command -v mmdebstrap >/dev/null; then
    skip "the package is installed, upgraded and purged" "needs root and mmdebstrap"
    exit 0
fi
deb=${DEB:-}
if [ -z "$deb" ]; then
    must "make deb builds the package from the committed files" make -s deb BUILD="$BUILD"
    deb=$(ls "$BUILD"/deb/nhip_*.deb)
fi
check "lintian has neither errors nor warnings" lintian --allow-root --fail-on error,warning "$deb"

# A later version of the same package: another number, another default in its settings.
must "a later version is made of it" bash -c "
    dpkg-deb -R '$deb' '$WORK/later' && sed -i 's/^Version: .*/&+later/' '$WORK/later/DEBIAN/control' &&
    echo '# later' >>'$WORK/later/etc/nhip/nhip.conf' && dpkg-deb --root-owner-group -b '$WORK/later' '$WORK/later.deb'"

mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | head -n 1)
settings=()
for file in /etc/apt/apt.conf.d/99*; do [ -e "$file" ] && settings+=(--aptopt="$file"); done
if ! mmdebstrap --variant=apt "${settings[@]}" --include=ca-certificates bookworm "$root" "$mirror" \
    >"$WORK/debstrap.log" 2>&1; then
    tail -n 3 "$WORK/debstrap.log" | sed 's/^/# /'
    skip "the package is installed, upgraded and purged" "no Debian could be made here"
    exit "$((failures > 0))"
fi
trap unmount EXIT
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --make-rslave "$root/dev"
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
cp -L /etc/resolv.conf /etc/hosts "$root/etc/" 2>/dev/null
cp "$deb" "$root/srv/nhip.deb"
cp "$WORK/later.deb" "$root/srv/later.deb"
must "the package lists are read" in_root apt-get update -q

must "it is installed, with what it recommends" in_root apt-get install -y -q /srv/nhip.deb
check "nothing was started" bash -c "! readlink /proc/[0-9]*/root | grep -Fx '$root'"
check "its user has no shell and owns /var/lib/nhip alone" bash -c "
    chroot '$root' getent passwd nhip | grep -q ':/var/lib/nhip:/usr/sbin/nologin' &&
    test \"\$(chroot '$root' stat -c '%U %a' /var/lib/nhip)\" = 'nhip 750'"
check "the key has 32 bytes, and nobody else may read them" test "$(in_root stat -c '%s %U %a' /var/lib/nhip/secret.key)" = \
    "32 nhip 600"
key=$(sha256sum <"$root/var/lib/nhip/secret.key")
check "the services are installed and not enabled" bash -c "
    test -e '$root/lib/systemd/system/nhip.service' -a -e '$root/lib/systemd/system/nhip-snapshot.timer' &&
    ! find '$root/etc/systemd' -name 'nhip*' | grep ."
check "the installed settings are accepted" as_nhip nhip config --config /etc/nhip/nhip.conf
check "man pages and completion are there" test -e "$root/usr/share/man/man1/nhip-run.1.gz" -a \
    -e "$root/usr/share/bash-completion/completions/nhip"

# It runs, as its user, with the settings of the package.
in_root redis-server --daemonize yes --save "" --dir /tmp --pidfile /tmp/redis.pid --port 0 --unixsocket /tmp/redis.sock \
    --unixsocketperm 777 >/dev/null
trap 'kill -9 $(cat "$root/tmp/redis.pid"); unmount' EXIT
must "nhip makes a province" as_nhip nhip generate --seed 4 --events 4000 --output /var/lib/nhip/log/ \
    --sources /var/lib/nhip/sources.json --truth /var/lib/nhip/truth.json --partitions 1
sed -i 's,^redis.address = .*,redis.address = /tmp/redis.sock,; s,^http.listen,#&,' "$root/etc/nhip/nhip.conf"
echo 'sources.file = /var/lib/nhip/sources.json' >>"$root/etc/nhip/nhip.conf"
files() { find "$root/var/lib/nhip/log" -name '*.ndjson' -printf '--file /var/lib/nhip/log/%f\n' | sort | xargs; }
delivered() {
    as_nhip nhip inspect --json --config /etc/nhip/nhip.conf |
        python3 -c 'import json, sys; print(sum(p["delivered"] for p in json.load(sys.stdin)["partitions"]))'
}
# shellcheck disable=SC2046 # several words
must "nhip counts it" as_nhip nhip run --config /etc/nhip/nhip.conf --once $(files)
before=$(delivered)
check "all of it ($before events)" test "$before" -gt 4000
publish=$(sed -n "s/^ExecStart=\/bin\/sh -c '\(.*\)'$/\1/p" "$root/lib/systemd/system/nhip-snapshot.service" |
    sed 's/\$\$/$/g; s/%%/%/g; s/date -d yesterday/date -d 2021-09-15/')
check "the command of nhip-snapshot.service publishes a vintage" as_nhip sh -c "cd /var/lib/nhip; $publish"
check "which nhip verify believes" as_nhip sh -c 'cd /var/lib/nhip/snapshots && nhip verify --quick "$(cat LATEST)"'
start=$(sed -n 's/^ExecStart=//p' "$root/lib/systemd/system/nhip.service")
# shellcheck disable=SC2086 # several words
tests/support/manager.py "$WORK/told" 3 chroot "$root" setpriv --reuid=nhip --regid=nhip --init-groups $start \
    2>"$WORK/service.log" &
job=$!
for _ in $(seq 100); do
    grep -q 'STATUS=waits: ' "$WORK/told" 2>/dev/null && break
    sleep 0.2
done
check "the command of nhip.service is ready and says that it waits for Kafka" bash -c "
    grep -q READY=1 '$WORK/told' && grep -q 'STATUS=waits: ' '$WORK/told'"
kill -TERM $job
wait $job
check "and ends with exit 0" test $? = 0

must "it is upgraded; settings that were changed stay" in_root apt-get install -y -q \
    -o Dpkg::Options::=--force-confold /srv/later.deb
check "the later version is installed" bash -c "chroot '$root' dpkg-query -W -f '\${Version}' nhip | grep -q later"
check "the settings are the changed ones" grep -q '^redis.address = /tmp/redis.sock' "$root/etc/nhip/nhip.conf"
check "the key is the one that it was" test "$(sha256sum <"$root/var/lib/nhip/secret.key")" = "$key"
# shellcheck disable=SC2046
check "the state goes on: what was counted is not counted again" as_nhip nhip run --config /etc/nhip/nhip.conf --once $(files)
check "as the counts say" test "$(delivered)" = "$before"

must "it is removed" in_root apt-get remove -y -q nhip
check "program and units are gone, settings and data are not" test ! -e "$root/usr/bin/nhip" -a \
    ! -e "$root/lib/systemd/system/nhip.service" -a -e "$root/etc/nhip/nhip.conf" -a -e "$root/var/lib/nhip/secret.key"
must "it is purged" bash -c "chroot '$root' apt-get purge -y -q nhip >'$WORK/purge.log' 2>&1"
check "settings are gone; vintages and key stay, and it says so" bash -c "
    test ! -e '$root/etc/nhip' -a -e '$root/var/lib/nhip/snapshots/LATEST' -a -e '$root/var/lib/nhip/secret.key' &&
    grep -q 'stays; remove it by hand' '$WORK/purge.log'"
check "no other file of it is left" bash -c "
    ! find '$root' -xdev -path '$root/proc' -prune -o -path '$root/var/lib/nhip' -prune -o -path '$root/srv' -prune -o \
        -iname '*nhip*' -print | grep ."
finish
