"""The oracle's state as text: one line a fact, sorted; tokens percent-encoded and separated by spaces.

    p topic/partition name value              progress and counts
    d topic/partition day source account facet n sum unconverted
    m h topic/partition bucket facet n sum unconverted        facet of 6 coordinates, joined by |
    g topic/partition month facet bucket n sum unconverted
    l topic/partition day n
    s t topic/partition bucket family|code[|outcome] number  exact number of persons; with an outcome: of intents, drivers
    w topic/partition month source account sketch             its bytes, in hexadecimal
    a topic/partition number source account ACTIVITY=first-last,…
    u topic/partition ordinal offset message
compare_state.py writes the engine's dump in the same form and compares.
"""
from codelists import ACTIVITIES
from persons import DEVELOPMENT_KEY, Prints, blob_of, registers_of_persons


def encode(text):
    data = text.encode("utf-8") if isinstance(text, str) else text
    return "".join(chr(byte) if 0x21 <= byte <= 0x7E and byte != 0x25 else "%%%02X" % byte for byte in data)


def progress(partition):
    yield "next", partition.next
    yield "ordinal", partition.counts["delivered"]
    yield "accounts", len(partition.accounts)
    yield "units", len(partition.units)
    yield "tail_offset", partition.tail_offset
    if partition.watermark is not None:
        yield "watermark", partition.watermark
    if partition.record_time_max is not None:
        yield "record_time_max", partition.record_time_max
    if partition.floor is not None:
        yield "ledger_day_min", partition.floor
    if partition.window_start is not None:
        offset, element, ordinal, maximum_before = partition.window_start
        yield "window_offset", offset
        yield "window_element", element
        yield "window_ordinal", ordinal
        if maximum_before is not None:
            yield "window_record_time_max", maximum_before
    yield from partition.counts.items()
    for reason, count in partition.reasons.items():
        yield "reason." + reason, count


def cell_text(cell):
    return "%d %d %d" % tuple(cell)


def partition_lines(partition, prints):
    where = encode("%s/%d" % (partition.topic, partition.partition))
    for name, value in progress(partition):
        yield "p %s %s %d" % (where, name, value)
    names = ["%s %s" % (encode(source), encode(account)) for source, account, _ in partition.accounts]
    for day, cells in partition.ledger.items():
        for (account, facet), cell in cells.items():
            yield "d %s %d %s %s %s" % (where, day, names[account], "|".join(facet), cell_text(cell))
    for kind, buckets in (("m", partition.minutes), ("h", partition.hours)):
        for bucket, cells in buckets.items():
            for facet, cell in cells.items():
                yield "%s %s %d %s %s" % (kind, where, bucket, "|".join(facet), cell_text(cell))
    for month, cells in partition.histogram.items():
        for (facet, bucket), cell in cells.items():
            yield "g %s %d %s %d %s" % (where, month, "|".join(facet), bucket, cell_text(cell))
    for day, count in partition.late.items():
        yield "l %s %d %d" % (where, day, count)
    for month, cells in partition.delays.items():
        for (account, lane), count in cells.items():
            yield "y %s %d %d %d %d" % (where, month, account, lane, count)
    for kind, buckets in (("s", partition.day_persons), ("t", partition.month_persons)):
        for bucket, cells in buckets.items():
            for facet, persons in cells.items():
                yield "%s %s %d %s %d" % (kind, where, bucket, "|".join(facet), len(persons))
    for month, accounts in partition.account_persons.items():
        for number, persons in accounts.items():
            yield "w %s %d %s %s" % (where, month, names[number], blob_of(registers_of_persons(persons, prints)).hex())
    for number, (_, _, activities) in enumerate(partition.accounts):
        days = ",".join("%s=%d-%d" % (name, *activities[name]) for name in ACTIVITIES if name in activities)
        yield "a %s %d %s %s" % (where, number, names[number], days or "-")
    for ordinal, (offset, message, _) in enumerate(partition.units):
        yield "u %s %d %d %s" % (where, ordinal, offset, encode(message))


def write_state(partitions, path, key=DEVELOPMENT_KEY):
    prints = Prints(key)
    lines = [line for partition in partitions for line in partition_lines(partition, prints)]
    lines.sort()
    with open(path, "w", encoding="ascii") as file:
        for line in lines:
            file.write(line + "\n")


def counts_of(partition):
    counts = dict(partition.counts)
    counts.update(("reason." + reason, count) for reason, count in sorted(partition.reasons.items()))
    return counts


def all_counts(partitions):
    total = {}
    for partition in partitions:
        for name, count in counts_of(partition).items():
            total[name] = total.get(name, 0) + count
    each = {"%s/%d" % (partition.topic, partition.partition): counts_of(partition) for partition in partitions}
    return {"partitions": each, "total": total}
