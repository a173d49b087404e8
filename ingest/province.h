/* The synthetic province: a registry and a stream of events with a known truth, a pure function of its seed.
 *
 * Pull interface: the caller decides where messages go and how fast. Registry messages come first, then events in the
 * order of their record time. The truth is kept by the generator's own bookkeeping (what it meant each payment and order
 * to be), never by the engine. */
#ifndef NHIP_PROVINCE_H
#define NHIP_PROVINCE_H

#include "fault.h"
#include "slice.h"

#include <stdbool.h>
#include <stdint.h>

struct province_options {
    uint64_t seed;
    int64_t events;      /* event messages to make beside the registry, duplicates and broken ones included */
    int32_t first_day;   /* local day (UTC+7) where the period starts */
    int32_t days;        /* length of the stream */
    bool clean;          /* no duplicates, late, disordered or broken records */
};

struct province_message {
    const char *topic;    /* "registry", "payments", "orders", "rides", "websites" */
    struct slice key;     /* decides the partition; valid until the next call */
    struct slice value;   /* null data = tombstone */
    int64_t timestamp_ms; /* record time */
};

struct province;

/* Null and `fault` for options out of range (events >= 1, days 1..1000). */
struct province *province_create(const struct province_options *options, struct fault *fault);
bool province_next(struct province *province, struct province_message *message); /* false: the end */
/* Writes truth.json (see tests/oracle/README.md); may be called once the end is reached. */
bool province_write_truth(const struct province *province, const char *path, struct fault *fault);
/* What the province's sources declare (sources.json): the same for every seed. */
bool province_write_sources(const char *path, struct fault *fault);
void province_destroy(struct province *province);

#endif
