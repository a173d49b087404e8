#!/bin/bash
# What `make install` puts where, man pages, completion, systemd units, and what a service tells its manager.
. "$(dirname "$0")/../support/lib.sh"
begin install
root=$WORK/root
man=$root/usr/share/man

must "make install puts everything under DESTDIR" make -s install BUILD="$BUILD" DESTDIR="$root" PREFIX=/usr
check "nothing else than /usr and /etc is there, and no file names the staging directory" bash -c "
    test \"\$(ls '$root' | xargs)\" = 'etc usr' && ! grep -rlI '$root' '$root'"
check "the installed program finds its definitions without the source tree" bash -c "
    cd / && '$root/usr/bin/nhip' snapshot --period 2021-09 --set redis.address=/nowhere 2>&1 | grep -q 'nowhere'"
for command in $("$NHIP" help | sed -n 's/^  \([a-z]*\)  *[A-Z].*/\1/p'); do
    echo "$man/man1/nhip-$command.1"
done >"$WORK/pages"
printf '%s\n' "$man/man1/nhip.1" "$man/man5/nhip.conf.5" >>"$WORK/pages"
check "each command has a man page, and the settings have one" diff <(sort "$WORK/pages") <(find "$man" -type f | sort)
check "mandoc has nothing to say about them" bash -c "
    ! find '$man' -type f -exec mandoc -T lint {} + | grep -v 'referenced manual not found'"
check "what they refer to is there" bash -c "
    cat '$man'/man*/* | sed -n 's/^\(\.It \)\{0,1\}\.\{0,1\}Xr \([a-z.-]*\) \([0-9]\).*/\2.\3/p' | sort -u >'$WORK/references'
    test -s '$WORK/references' && while read -r page; do
        test -e '$man/man'\${page##*.}/\$page || { echo no \$page; exit 1; }
    done <'$WORK/references'"
check "nhip.conf(5) has every setting" diff \
    <("$NHIP" config --list | sed -n 's/^  \([a-z][a-z._]*[a-z]\)  *[^ ].*/\1/p' | sort) \
    <(sed -n 's/^\.It Ic //p' "$man/man5/nhip.conf.5" | sort)
check "each option that a command takes is in its help and in its man page" \
    python3 tests/support/options.py "$NHIP" "$man/man1"

complete() { # WORDS...: what completion offers for the last one
    bash -c '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _nhip "$NHIP" "${@: -1}" "${@: -2:1}"
        echo "${COMPREPLY[@]}"' bash "$root/usr/share/bash-completion/completions/nhip" "$@"
}
export NHIP
check "completion offers commands" test "$(complete nhip re)" = "registry restore"
check "completion offers a command's options" test "$(complete nhip check --ca)" = --canonical
check "completion offers settings" test "$(complete nhip run --set redis.tls.c)" = "redis.tls.ca= redis.tls.cert="

units=$root/usr/lib/systemd/system
sed -i "s,/usr/bin/nhip,$root&,; /^Documentation=/d" "$units"/*
check "systemd finds no mistake in the units" bash -c "
    ! systemd-analyze verify '$units'/nhip* 2>&1 | grep ."
for unit in nhip nhip-snapshot nhip-archive; do
    exposure=$(systemd-analyze security --offline=true "$units/$unit.service" 2>/dev/null |
        sed -n 's/.*exposure level.*: \([0-9.]*\) .*/\1/p')
    check "exposure of $unit.service is $exposure, at most 2.0" awk -v e="$exposure" 'BEGIN { exit !(e != "" && e <= 2.0) }'
done
check "the settings that are installed for the services are accepted" bash -c "
    head -c 32 /dev/urandom >'$WORK/key' &&
    sed 's,/var/lib/nhip/secret.key,$WORK/key,' '$root/etc/nhip/nhip.conf' >'$WORK/nhip.conf' &&
    '$NHIP' config --config '$WORK/nhip.conf'"
printf 'mine\n' >"$root/etc/nhip/nhip.conf"
must "make install again" make -s install BUILD="$BUILD" DESTDIR="$root" PREFIX=/usr
check "and the settings that somebody has changed are left alone" grep -qx mine "$root/etc/nhip/nhip.conf"
rm -r "${root:?}/etc"
must "make uninstall" make -s uninstall BUILD="$BUILD" DESTDIR="$root" PREFIX=/usr
check "leaves no file behind" test -z "$(find "$root" -type f)"

# A service reads a pipe that stays open; first without Redis.
mkfifo "$WORK/events"
exec 8<>"$WORK/events" # a writer that says nothing
told() { # PATTERN: waits until the manager has been told so
    for _ in $(seq 300); do
        grep -qE "$1" "$WORK/told" 2>/dev/null && return
        sleep 0.1
    done
    return 1
}
tests/support/manager.py "$WORK/told" 2 "$NHIP" run --file - --set "redis.address=$WORK/redis.sock" --set rolling.idle=1s \
    <"$WORK/events" 2>"$WORK/run.log" &
job=$!
check "a service that waits for Redis is ready, so that nobody waits for its start, and says what it waits for" told \
    ' STATUS=waits: .*redis.sock'
redis_start
check "with Redis there it counts, and says how fast" told ' STATUS=[0-9]+ events since the start, [0-9]+ a second'
kill -TERM $job
wait $job
check "SIGTERM ends it with exit 0" test $? = 0
check "ready once, alive four times in the time allowed, stopping at the end" python3 - "$WORK/told" <<'PY'
import sys
told = [line.rstrip("\n").split(" ", 1) for line in open(sys.argv[1])]
words = [text.split("=")[0] for _, text in told]
assert words.count("READY") == 1 and words.index("READY") < 3, words
assert words.count("STOPPING") == 1 and "WATCHDOG" not in words[words.index("STOPPING") + 3:], words
signs = [float(second) for second, text in told if text == "WATCHDOG=1"]
gaps = sorted(b - a for a, b in zip(signs, signs[1:]))
assert len(gaps) >= 8 and gaps[len(gaps) // 2] < 0.8 and gaps[-1] < 2.0, gaps
PY
# One worker hangs; everything else goes on, and says so, but gives no sign of life: the manager ends it.
"$NHIP" generate --seed 3 --events 20000 --output "$WORK/log/" --partitions 1 --sources "$WORK/sources.json" >/dev/null
counted=(--set "redis.address=$REDIS" --set commit.interval=50ms --set "sources.file=$WORK/sources.json")
files=(--file "$WORK/log/payments-0.ndjson" --file "$WORK/log/orders-0.ndjson")
must "an undisturbed run" "$NHIP" run "${files[@]}" "${counted[@]}" --set namespace=whole
check "a service whose worker hangs is ended by its manager" bash -c "
    KILLS=1 NHIP_FAULT=commit.confirm:2:hang tests/support/manager.py '$WORK/hung' 5 '$BUILD/nhip-faults' run ${files[*]} \
        ${counted[*]} --set namespace=hung --set rate.limit=5000 2>'$WORK/hung.log'
    test \$? = 134"
check "... which was told by missing signs alone: it was not stopping" bash -c "
    grep -q ' WATCHDOG=1' '$WORK/hung' && ! grep -q STOPPING '$WORK/hung' && tail -n 1 '$WORK/hung' | grep -q STATUS="
check "... and started again it counts the rest" "$NHIP" run "${files[@]}" "${counted[@]}" --set namespace=hung
for one in whole hung; do
    "$NHIP" inspect --state "${counted[@]}" --set namespace=$one | sed 's/^[a-z]*://' >"$WORK/$one.state"
done
check "... identical state" bash -c "test -s '$WORK/whole.state' && cmp '$WORK/whole.state' '$WORK/hung.state'"
check "a setting that is refused is never ready" bash -c "
    ! tests/support/manager.py '$WORK/refused' 2 '$NHIP' run --set window.records=1 2>/dev/null &&
    ! grep -q READY '$WORK/refused'"
rcli config set maxmemory-policy allkeys-lru >/dev/null
check "nor is a Redis that is refused" bash -c "
    ! tests/support/manager.py '$WORK/refused' 2 '$NHIP' run --file README.md --set 'redis.address=$REDIS' 2>/dev/null &&
    ! grep -q READY '$WORK/refused'"
finish
