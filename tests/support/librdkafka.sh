#!/bin/bash
# A recent librdkafka beside Debian's, for the lane of CI that runs on it.
#
#   librdkafka.sh fetch        builds it below build/librdkafka/VERSION, once; prints that directory (lib/, include/)
#   librdkafka.sh version      prints the version
#   librdkafka.sh make ARGUMENT...   make with that library instead of Debian's, in build/rdkafka-recent
#
# The sources are those that the npm package node-rdkafka carries whole; no script of that package is run. The archive is
# pinned by its checksum. LZ4, zlib and zstd are those of Debian, as dynamic libraries: ingest/kafka_guard.c stands between
# librdkafka and them, and a library with codecs of its own would go past it. Exit 3: it cannot be had here (no npm, no registry).
set -euo pipefail
home=$(cd "$(dirname "$0")/../.." && pwd)
version=2.12.0
package=node-rdkafka@3.6.1
checksum=148f7e7b65c510314c70762d8f1be052c8fe1fdf03a128e6c78083a729a57a30
place=$home/build/librdkafka/$version

die() {
    echo "librdkafka.sh: $*" >&2
    exit 1
}

unavailable() {
    echo "librdkafka.sh: librdkafka $version cannot be had here: $*" >&2
    exit 3
}

compile() { # in the sources
    ./configure --prefix="$place.new" --disable-gssapi --disable-curl
    grep -q '^#define WITH_LZ4_EXT 1' config.h || { echo "liblz4-dev is missing" && return 1; }
    make -C src -j2
    make -C src install
}

fetch() {
    local work
    mkdir -p "$(dirname "$place")"
    exec 9>"$place.lock"
    flock 9
    [ ! -e "$place/lib/librdkafka.so.1" ] || return 0
    command -v npm >/dev/null || unavailable "npm is missing, it fetches the sources"
    work=$(mktemp -d "$place.work-XXXXXX")
    # shellcheck disable=SC2064 # the directory of now
    trap "rm -rf '$work' '$place.new'" EXIT
    (cd "$work" && timeout 180 npm pack --silent "$package" >npm.log 2>&1 </dev/null) ||
        unavailable "$(grep -m1 -iE 'err' "$work/npm.log" || echo "npm pack failed or took more than 180 s")"
    (cd "$work" && echo "$checksum  $(ls ./*.tgz)" | sha256sum --quiet -c -) >&2 ||
        die "the archive is not the one that was pinned"
    tar -xzf "$work"/*.tgz -C "$work" package/deps/librdkafka
    (cd "$work/package/deps/librdkafka" && compile) >"$place.log" 2>&1 </dev/null || die "it was not built: see $place.log"
    sed -i "s|$place.new|$place|g" "$place.new"/lib/pkgconfig/*.pc
    rm -rf "$place"
    mv "$place.new" "$place"
}

case ${1:-} in
fetch) fetch && echo "$place" ;;
version) echo "$version" ;;
make)
    shift
    [ -e "$place/lib/librdkafka.so.1" ] || die "fetch it first"
    PKG_CONFIG_PATH=$place/lib/pkgconfig exec make --no-print-directory BUILD=build/rdkafka-recent \
        CFLAGS="-O2 -g -isystem $place/include -Wl,-rpath,$place/lib" "$@"
    ;;
*) sed -n '2,6s/^# \{0,1\}//p' "$0" && exit 2 ;;
esac
