#!/bin/bash
# Real input: 25,900 invoices of a UK retailer (UCI Online Retail, CC BY 4.0, Chen 2015) as order and refund
# events through Kafka; per-day counts
# and sums reconcile with truth files made from the original lines, to the penny.
. "$(dirname "$0")/../support/lib.sh"
begin retail
data=$home/../shared/data/online-retail
if [ ! -f "$data/invoices.ndjson.gz" ]; then
    skip "real invoices reconcile" "no ../shared/data/online-retail here"
    finish
fi
redis_start
kafka_start
must "invoices are mapped to events" python3 tests/real/online_retail.py "$data" "$WORK/log"
settings=(--set namespace=r --set reporting.currency=GBP --set reporting.country=GB --set \
    reporting.timezone=Europe/London --set oldest_date=2010-01-01
    --set "topics=$RUN_ID-orders,$RUN_ID-registry" --set "kafka.group.id=$RUN_ID" --set "deadletter.file=$WORK/dead.ndjson")
must "the log is produced into Kafka" "$BUILD/tools/produce" "$KAFKA" "$RUN_ID-" 1 "$WORK"/log/*.ndjson
must "it is counted" on run "${settings[@]}" --once
on inspect "${settings[@]}" --state >"$WORK/state"
for month in 2010-12 2011-01 2011-02 2011-03 2011-04 2011-05 2011-06 2011-07 2011-08 2011-09 2011-10 2011-11 2011-12; do
    must "snapshot of $month" on snapshot "${settings[@]}" --dir "$WORK/snapshots" --period "$month" --daily --raw
done
check "counts and sums of every day reconcile to the last penny" python3 tests/real/reconcile.py "$data" \
    "$WORK/snapshots" "$WORK/dead.ndjson" "$WORK/state"
finish
