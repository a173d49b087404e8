#!/bin/bash
# Installs the Debian packages that nhip needs: `install-packages.sh run` to build and for the demo, `... run test` for
# the tests too.
#
# It asks dpkg first and does nothing - no network, no sudo - when all is there, so every make target may call it. What
# is missing is printed with its reason before anything is installed. As root, or through sudo. Written for Debian 12;
# on a system without dpkg and apt-get it names what is needed and stops. Kafka itself is not packaged by Debian: the
# tests fetch it from Maven Central (tests/), the demo has a built-in stand-in.
set -euo pipefail

# package|why
run_packages='
gcc|compiles nhip
libc6-dev|headers of the C library
pkg-config|finds the libraries
librdkafka-dev|Kafka client
libhiredis-dev|Redis client
libssl-dev|TLS to Redis
libjansson-dev|JSON of configuration and registry
libxxhash-dev|fingerprints of ids
libmd-dev|SHA-256 of manifests
libzstd-dev|packs backups and archives
libmicrohttpd-dev|the endpoint for metrics
libsqlite3-dev|SQLite file of a vintage
libsystemd-dev|tells systemd that the service is ready and alive
libreadstat-dev|Stata file of a vintage
libjemalloc-dev|allocator: a third less CPU than the C library'"'"'s
redis-server|where the counters live
tzdata|local days of the reporting zone'

test_packages='
libcmocka-dev|unit tests
clang|second compiler, fuzzing
libclang-rt-14-dev|sanitizers and libFuzzer of clang
python3|oracle and checks
python3-venv|pandas, DuckDB, pysdmx and frictionless, which read the files of a vintage
default-jre-headless|runs Kafka
maven|fetches Kafka from Maven Central
liblz4-dev|a recent librdkafka is built with it
zlib1g-dev|and with this
zstd|reads archives, as a program that is not ours
git|sources and their history
procps|ps, pgrep
valgrind|instruction counts of bench-profile
pmccabe|gate: complexity
prometheus|scrapes a run; promtool checks metrics and rules
curl|asks the endpoint
chromium|looks at the live page
mandoc|the man pages are checked with it
systemd|systemd-analyze judges the units
debhelper|builds the Debian package
lintian|judges it
mmdebstrap|makes the Debian in which it is installed, upgraded and purged
shellcheck|gate: shell scripts
cppcheck|gate: static analysis
universal-ctags|gate: length of functions'

die() {
    echo "install-packages.sh: $*" >&2
    exit 1
}

usage() {
    echo "usage: install-packages.sh run [test]" >&2
    exit 2
}

# The names of all installed packages of the list on standard input, one a line. (dpkg-query fails when one is unknown to it.)
# shellcheck disable=SC2016 # the dollars are dpkg-query's
installed() {
    sed -n 's/|.*//p' | xargs dpkg-query -W -f '${db:Status-Status} ${Package}\n' 2>/dev/null | sed -n 's/^installed //p' || true
}

# A service that is installed for its program only (redis-server) must not be started beside the operator's own: for the
# duration, unless the machine has a rule of its own, invoke-rc.d is told "not allowed" (101).
policy=/usr/sbin/policy-rc.d
policy_made=

policy_remove() {
    if [ -n "$policy_made" ]; then "${as_root[@]}" rm -f "$policy"; fi
}

policy_create() {
    if [ -e "$policy" ]; then return; fi
    policy_made=yes
    trap policy_remove EXIT
    # shellcheck disable=SC2016 # the dollar is for the shell that runs there
    "${as_root[@]}" sh -c 'printf "#!/bin/sh\nexit 101\n" >"$1" && chmod 755 "$1"' sh "$policy"
}

[ $# -ge 1 ] || usage
wanted=
for group in "$@"; do
    case $group in
    run) wanted+=$run_packages ;;
    test) wanted+=$test_packages ;;
    *) usage ;;
    esac
done

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "This system has no dpkg and apt-get. Please install what these Debian packages hold, then go on:" >&2
    echo "$wanted" | sed -n 's/^\([^|]*\)|\(.*\)/  \1: \2/p' >&2
    die "cannot install packages on a system that is not Debian"
fi

have=$(installed <<<"$wanted")
missing=()
while IFS='|' read -r package why; do
    if [ -z "$package" ] || grep -qx "$package" <<<"$have"; then continue; fi
    if [ ${#missing[@]} -eq 0 ]; then echo "Packages to install:"; fi
    printf '  %-22s %s\n' "$package" "$why"
    missing+=("$package")
done <<<"$wanted"
if [ ${#missing[@]} -eq 0 ]; then exit 0; fi

as_root=(env DEBIAN_FRONTEND=noninteractive)
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || die "not root, and there is no sudo: as root, apt-get install ${missing[*]}"
    as_root=(sudo "${as_root[@]}")
fi
policy_create
"${as_root[@]}" apt-get update -q
"${as_root[@]}" apt-get install -y -q --no-install-recommends "${missing[@]}"
have=$(installed <<<"$wanted")
for package in "${missing[@]}"; do
    grep -qx "$package" <<<"$have" || die "$package is still missing after apt-get install"
done
