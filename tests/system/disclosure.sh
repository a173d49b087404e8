#!/bin/bash
# Disclosure control under attack: TABLES (default 1000) random tables, judged by the engine, compared with the oracle of the
# primary rules and solved with exact algebra. Then the engine is broken on purpose, once for each part of it, and the attack
# must succeed.
. "$(dirname "$0")/../support/lib.sh"
begin disclosure
TABLES=${TABLES:-1000}
SEED=${SEED:-6}
attack() { python3 tests/oracle/disclosure_check.py "$1" "$TABLES" "$SEED"; }
check "$TABLES random tables: primary rules as in the oracle, nothing recovered, every sum safe, p% kept" \
    attack "$BUILD/tools/disclose"
sed 's/^/# /' "$WORK/check.log" | tail -n 1

broken() { # WHAT COMPLAINT FILE SED: an engine with FILE changed by SED is found out
    mkdir -p "$WORK/broken"
    cp aggregate/disclosure/*.c "$WORK/broken"
    sed -i -E "$4" "$WORK/broken/$3"
    if cmp -s "$WORK/broken/$3" "aggregate/disclosure/$3"; then
        not_ok "broken on purpose, $1: the change applies"
        return
    fi
    gcc -std=c17 -O1 -D_GNU_SOURCE -w -iquote . -iquote include -include include/banned.h -o "$WORK/broken/disclose" \
        "$WORK"/broken/*.c tests/tools/disclose.c
    attack "$WORK/broken/disclose" >"$WORK/broken/log" 2>&1
    check "broken on purpose, $1: found out ($2)" grep -q "times: $2" "$WORK/broken/log"
}

broken "no secondary suppression" "recovered by subtraction" suppress.c 's/changed \|= mend\(.*/(void)mend;/'
broken "no singleton check" "sum of withheld parts is unsafe" suppress.c \
    's/unknowns\.count >= 2 && safe_together/unknowns.count >= 2/'
broken "no partner" "recovered by subtraction" suppress.c 's/unknowns\.count >= 2 && safe_together/safe_together/'
broken "parts and rests apart" "recovered by subtraction" suppress.c \
    's/changed \|= level\(inner, place, rest, place\)/(void)rest/'
broken "the platform axis forgotten" "primary rules differ" rules.c 's/.*too_few\(platforms->contributors.*//'
broken "p% with <= for <" "primary rules differ" rules.c 's/rest \* 100 >= measure->first/rest * 100 > measure->first/'
broken "who left since the window before forgotten" "primary rules differ" rules.c \
    's/disclosure_part\(rules, left, whole\)/disclosure_part(rules, 0, whole)/'
broken "a unit that moved taken for one that came" "primary rules differ" measure.c 's/now && !before;/now \&\& !move->before;/'
broken "windows forgotten where withheld parts are added up" "sum of withheld parts is unsafe" suppress.c \
    's/(judge_at\(table, figure, place\)\.status) == .F.;/strchr("FD", \1) != NULL;/'
broken "the second contributor forgotten" "primary rules differ" rules.c \
    's/measure->second = measure->first;/measure->second = 0;/'
finish
