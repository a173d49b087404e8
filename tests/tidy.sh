#!/bin/bash
# The gates on the text of the project: sizes, rooms, headers, words. No whitelist: what a gate forbids, nobody may do.
# Prints each breach as FILE:LINE: what; exits 1 when there is one. A gate whose tool is not installed is skipped and
# named.
#
# Why by machine: a limit that is only written down holds until the first busy week. Medians take care of themselves;
# the gates are on the tail, where the function that nobody dares to touch grows.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
export LC_ALL=C.UTF-8
shopt -s nullglob globstar

function_lines_max=70
file_lines_max=500
makefile_lines_max=150
columns_max=130
complexity_max=15

c_files=(ingest/**/*.c aggregate/**/*.c tests/**/*.c)
h_files=(include/*.h ingest/**/*.h aggregate/**/*.h tests/**/*.h)
py_files=(**/*.py)
sh_files=(**/*.sh .ci/*.sh .github/*.sh)
for list in c_files h_files py_files sh_files; do
    declare -n files=$list
    for i in "${!files[@]}"; do
        case ${files[i]} in build/*) unset "files[i]" ;; esac
    done
done
own_py_files=()
for file in "${py_files[@]}"; do
    case $file in tests/readers/*) ;; *) own_py_files+=("$file") ;; esac
done
sources=("${c_files[@]}" "${h_files[@]}" "${py_files[@]}" "${sh_files[@]}")

breaches=0
breach() { # stdin: lines of breaches
    local line
    while IFS= read -r line; do
        echo "$line"
        breaches=$((breaches + 1))
    done
}

have() {
    command -v "$1" >/dev/null && return
    echo "tidy: $1 is not installed, $2 not checked"
    return 1
}

# forbid PATTERN MESSAGE FILES...: no line of the files matches (grep -P).
forbid() {
    local pattern=$1 message=$2
    shift 2
    [ $# -eq 0 ] || breach < <(grep -HnP "$pattern" "$@" | cut -d: -f1,2 | awk -v what="$message" '{ print $0 ": " what }')
}

sizes() {
    breach < <(wc -l "${sources[@]}" |
        awk -v max="$file_lines_max" '$2 != "total" && $1 > max { print $2 ":" $1 ": file of " $1 " lines, at most " max }')
    breach < <(wc -l Makefile | awk -v max="$makefile_lines_max" '$1 > max { print $2 ":" $1 ": " $1 " lines, at most " max }')
    forbid "^.{$((columns_max + 1)),}" "line of more than $columns_max columns" "${sources[@]}" Makefile
    forbid '[ \t]$' "blanks at the end of the line" "${sources[@]}" Makefile
    forbid '\t' "tab" "${sources[@]}"
}

function_lengths() {
    have ctags "length of functions" || return
    breach < <(ctags -o - -u --fields=+ne --languages=C,Python --kinds-C=f --kinds-Python=fm "${sources[@]}" |
        awk -F '\t' -v max="$function_lines_max" '{
            line = end = 0
            for (i = 4; i <= NF; i++) {
                if ($i ~ /^line:/) line = substr($i, 6)
                if ($i ~ /^end:/) end = substr($i, 5)
            }
            if (end - line + 1 > max) print $2 ":" line ": " $1 " has " end - line + 1 " lines, at most " max
        }')
    breach < <(awk -v max="$function_lines_max" '
        /^[a-z_]+\(\) *\{/ { name = $1; start = FNR }
        /^}/ && name != "" {
            if (FNR - start + 1 > max) print FILENAME ":" start ": " name " has " FNR - start + 1 " lines, at most " max
            name = ""
        }' "${sh_files[@]}")
}

complexity() {
    have pmccabe "complexity" || return
    breach < <(pmccabe "${c_files[@]}" | awk -F '\t' -v max="$complexity_max" '$1 > max {
        split($6, place, /[()]/)
        print place[1] ":" place[2] $7 ": complexity " $1 ", at most " max }')
}

# room HEADER ALLOWED: a third-party header (grep -P) is included in the files that ALLOWED (grep -E) matches as a
# whole, and no others.
room() {
    breach < <(grep -HnP "#include <$1" "${c_files[@]}" "${h_files[@]}" | cut -d: -f1,2 | grep -vE "^($2):" |
        awk -v header="$1" '{ print $0 ": <" header "> does not belong here" }')
}

rooms() {
    room 'librdkafka/' 'ingest/[a-z_]*(kafka|producer|mock)[a-z_]*\.[ch]|tests/(tools|support|fuzz)/.*'
    room 'hiredis/' 'aggregate/store/.*|tests/.*'
    room 'openssl/' 'aggregate/store/tls\.c'
    local configuration='aggregate/runtime/json_file\.[ch]|aggregate/snapshot/(json_|definition)[a-z_]*\.[ch]'
    room 'jansson' "ingest/(decode_reference|decode_registry|unit|mapping)[a-z_]*\.[ch]|$configuration|tests/.*"
    room 'xxhash' 'ingest/.*|tests/.*'
    room '(sha2|sha256|md5)' 'aggregate/runtime/digest\.c|tests/.*'
    room 'zstd' 'aggregate/(runtime/squeeze|archive/packed_file)\.c'
    room 'microhttpd' 'aggregate/http/server[a-z_]*\.[ch]'
    room 'systemd/' 'aggregate/runtime/service\.c'
    room 'sqlite3' 'aggregate/publication/sqlite_file\.c'
    room 'readstat' 'aggregate/publication/stata\.c'
    room 'cmocka' 'tests/.*'
    forbid '#include "aggregate/' "ingest/ and include/ do not know aggregate/" include/*.h ingest/**/*.[ch]
    forbid '#include "ingest/' "include/ knows nobody" include/*.h
    forbid '#include "(ingest|aggregate/(store|snapshot|runtime))/' "the roll-up knows no other room" aggregate/rollup/*.[ch]
    forbid '#include "aggregate/(snapshot/|runtime/(?!(clock|digest|squeeze)\.h))' \
        "the store knows of the runtime its clock, digests and squeezing only" \
        aggregate/store/*.[ch]
    forbid '#include <(?!(stdint|stdbool|stddef|string|stdlib|limits|math|inttypes|emmintrin|immintrin|stdalign|sys/mman)\.h>)' \
        "the roll-up is pure: no such header" aggregate/rollup/*.[ch]
    forbid '\b(clock_gettime|time|fopen|f?printf|getrandom|random|getenv|pthread_\w+)\(' \
        "the roll-up has no clock, chance, thread, input or output" aggregate/rollup/*.[ch]
}

headers() {
    have gcc "headers" || return
    local flags=(-std=c17 -D_GNU_SOURCE -Wall -Wextra -Werror -Wno-unused-const-variable)
    flags+=(-iquote . -iquote include -include include/banned.h)
    breach < <(gcc -fsyntax-only -x c "${flags[@]}" "${h_files[@]}" 2>&1 | grep -E 'error|warning' | sed 's/$/ (header alone)/')
    breach < <(grep -L '^#ifndef NHIP_[A-Z0-9_]*_H$' "${h_files[@]}" | sed 's/$/:1: no guard NHIP_..._H/')
}

words() {
    local file
    for file in "${c_files[@]}" "${h_files[@]}"; do
        case $(head -c 2 "$file") in
        '/*') ;;
        *) breach <<<"$file:1: does not open with a comment that says why it is there" ;;
        esac
    done
    forbid 'typedef\s+(struct|enum|union)' "typedef of a struct, enum or union" "${c_files[@]}" "${h_files[@]}"
    forbid '\b(TODO|FIXME|HACK)\b' "unfinished" "${c_files[@]}" "${h_files[@]}" "${py_files[@]}"
    forbid '(?<![\w.*])/(work|root|home)/[a-z]' "a path of one machine" "${sources[@]}" Makefile
    # tests/readers/ is the room of the readers that are not ours: pandas and its kin live there
    forbid '^\s*(import|from)\s+(numpy|pandas|duckdb|pysdmx|frictionless|requests|yaml|redis|kafka|jsonschema|pytest)\b' \
        "not the standard library" "${own_py_files[@]}"
}

tests_registered() {
    local file line name
    for file in tests/unit/*.c; do
        while IFS=: read -r line name; do
            grep -qE "cmocka_unit_test[a-z_]*\(\s*$name\b" "$file" || breach <<<"$file:$line: $name is not registered"
        done < <(grep -nE '^static void [a-z_0-9]+\(void \*\*state\)' "$file" | sed -E 's/static void ([a-z_0-9]+).*/\1/')
    done
}

layout() {
    local entry
    for entry in *; do
        case $entry in
        Makefile | README.md | LICENSE | ingest | aggregate | include | tests | schemas | ops | build) ;;
        *) breach <<<"$entry:1: does not belong at the top of the tree" ;;
        esac
    done
}

shell() {
    have shellcheck "shell scripts" || return
    # unused and unassigned variables: a library's are used and assigned in the scripts that read it
    breach < <(shellcheck -x -S warning -e SC2034,SC2154 -f gcc "${sh_files[@]}")
}

runnable() {
    breach < <(find tests/system -name '*.sh' ! -perm -u+x -printf '%p:1: is run by tests/run.sh, and not executable\n')
}

sizes
function_lengths
complexity
rooms
headers
words
tests_registered
layout
shell
runnable
echo "tidy: ${#sources[@]} files, $breaches breaches"
[ "$breaches" -eq 0 ]
