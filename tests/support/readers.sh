#!/bin/bash
# The Python in which the files of a vintage are read by programs that are not ours (pandas, DuckDB, pysdmx, frictionless):
#
#   python=$(tests/support/readers.sh [LIST])
#
# The packages of LIST (tests/readers/requirements.txt; api-requirements.txt there is for the HTTP API), all of them pinned, in
# a virtual environment that is made once and kept in the user's cache (NHIP_CACHE, else XDG_CACHE_HOME/nhip, else
# ~/.cache/nhip) under the hash of the list: the tests of another clone find it again. Without a package index
# that pip can reach it says so and fails.
set -euo pipefail
cd "$(dirname "$0")/../.."
list=${1:-tests/readers/requirements.txt}
python=${PYTHON:-python3}
cache=${NHIP_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/nhip}
key=$({ cat "$list" && "$python" --version && uname -m; } | sha256sum | cut -c1-16)
place=$cache/readers-$key
mkdir -p "$cache"
exec 9>"$place.lock"
flock 9
if [ ! -e "$place/whole" ]; then
    rm -rf "$place"
    "$python" -m venv "$place" >&2
    if ! "$place/bin/pip" install --quiet --no-input --disable-pip-version-check --no-deps -r "$list" >&2; then
        rm -rf "$place"
        echo "readers.sh: pip could not install $list; the independent readers need a package index once" >&2
        exit 1
    fi
    touch "$place/whole"
fi
echo "$place/bin/python"
