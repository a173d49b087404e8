/* Written by hand: the bytes in front of `version` are what decides whether readers have a value already (published.h). */
#include "aggregate/stream/row.h"

#include "aggregate/publication/fields.h"
#include "aggregate/runtime/json_peek.h"
#include "check.h"
#include "facet.h"
#include "zone.h"

#include <stdarg.h>

enum { PIECE_BYTES = 640, MINUTE_MS = 60000 };

__attribute__((format(printf, 2, 3))) static void say(struct resp *out, const char *format, ...) {
    char piece[PIECE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(piece, sizeof(piece), format, arguments);
    va_end(arguments);
    CHECK(length >= 0 && length < PIECE_BYTES);
    resp_append(out, (struct slice){piece, (size_t)length});
}

/* A JSON string with its quotes. */
static void say_text(struct resp *out, const char *text) {
    resp_append(out, SLICE("\""));
    for (const char *at = text; *at != '\0';) {
        size_t plain = 0;
        while ((unsigned char)at[plain] >= 0x20 && at[plain] != '"' && at[plain] != '\\') plain++;
        resp_append(out, (struct slice){at, plain});
        at += plain;
        if (*at != '\0') say(out, "\\u%04x", (unsigned)(unsigned char)*at++);
    }
    resp_append(out, SLICE("\""));
}

static const char *or_none(const char *name) {
    return name[0] != '\0' ? name : "_Z";
}

void row_minute_time(int32_t minute, char out[static MINUTE_TIME_BYTES]) {
    rfc3339_format((int64_t)minute * MINUTE_MS, out);
}

bool row_minute_number(struct slice time, int32_t *minute) {
    int64_t time_ms = 0;
    if (!rfc3339_parse(time, &time_ms)) return false;
    *minute = (int32_t)(time_ms / MINUTE_MS);
    return true;
}

void row_minute(struct resp *out, const char *time, const struct minute_cell *cell, const struct minutes_view *prefix) {
    uint64_t facet = cell->facet;
    say(out,
        "{\"kind\":\"minute\",\"minute\":\"%s\",\"family\":\"%s\",\"outlet\":\"%s\",\"instrument\":\"%s\",\"context\":\"%s\","
        "\"outcome\":\"%s\",\"reason\":\"%s\",\"n\":%lld,\"sum\":\"%s\",\"unconverted\":%lld",
        time, or_none(family_name(facet_family(facet))), or_none(outlet_name(facet_outlet(facet))),
        or_none(instrument_name(facet_instrument(facet))), or_none(context_name(facet_context(facet))),
        or_none(outcome_name(facet_outcome(facet))), or_none(reason_class_name(facet_reason_class(facet))), (long long)cell->n,
        cell->sum, (long long)cell->unconverted);
    say(out, ",\"version\":%lld,\"offsets\":\"", (long long)prefix->version);
    resp_append(out, prefix->offsets);
    resp_append(out, SLICE("\"}"));
}

void row_observation_name(struct resp *out, const struct obs_row *row) {
    static const enum obs_column key[] = {OBS_FREQ,     OBS_TIME_PERIOD, OBS_REF_AREA,  OBS_INDICATOR,
                                          OBS_EVIDENCE, OBS_ACTIVITY,    OBS_UNIT_TYPE, OBS_SIZE_CLASS,
                                          OBS_PLATFORM, OBS_INSTRUMENT,  OBS_TRANSFORMATION};
    for (size_t i = 0; i < sizeof(key) / sizeof(key[0]); i++) {
        if (i > 0) resp_append(out, SLICE("|"));
        resp_append(out, slice_of(row->cells[key[i]]));
    }
}

void row_observation(struct resp *out, struct slice series, const char *vintage, int64_t release, const struct obs_row *row) {
    say(out, "{\"kind\":\"observation\",\"series\":\"%.*s\"", (int)series.length, series.data);
    for (size_t i = 0; i < OBS_RELEASE; i++) {
        say(out, ",\"%s\":", observation_file->fields[i].name);
        say_text(out, i == OBS_ACTION ? "R" : row->cells[i]);
    }
    say(out, ",\"version\":%lld,\"RELEASE\":", (long long)release);
    say_text(out, row->cells[OBS_RELEASE]);
    resp_append(out, SLICE(",\"AS_OF\":"));
    say_text(out, row->cells[OBS_AS_OF]);
    say(out, ",\"vintage\":\"%s\"}", vintage);
}

void row_release(struct resp *out, struct slice series, const char *vintage, int64_t release, size_t observations,
                 struct slice offsets) {
    say(out, "{\"kind\":\"release\",\"series\":\"%.*s\",\"vintage\":\"%s\",\"observations\":%zu,\"version\":%lld,\"offsets\":\"",
        (int)series.length, series.data, vintage, observations, (long long)release);
    resp_append(out, offsets);
    resp_append(out, SLICE("\"}"));
}

void row_position(struct resp *out, const char *name_space, const struct minutes_view *view) {
    char time[MINUTE_TIME_BYTES];
    row_minute_time(view->end, time);
    say(out, "{\"kind\":\"position\",\"namespace\":\"%s\",\"until\":\"%s\",\"version\":%lld,\"offsets\":\"", name_space, time,
        (long long)view->version);
    resp_append(out, view->offsets);
    resp_append(out, SLICE("\"}"));
}

bool row_text(struct slice value, const char *key, struct slice *text) {
    struct slice raw;
    if (value.data == NULL || !json_peek(value, key, &raw) || raw.length < 2 || raw.data[0] != '"') return false;
    *text = (struct slice){raw.data + 1, raw.length - 2};
    return true;
}

bool row_number(struct slice value, const char *key, int64_t *number) {
    struct slice raw;
    return value.data != NULL && json_peek(value, key, &raw) && decimal_read(raw, number);
}
