/* Finding one time in a line without reading the line: see line_time.h.
 *
 * The line is decoded anyway a moment later, so a second parse would double the cost of a replay. Instead the name
 * with its quotes is searched as text. In JSON an unescaped `"ingest_time"` followed by a colon can only be a key;
 * whether it is a key of the *top* object depends on the brackets before it. Usually there are none but the first,
 * two memchr calls show that, and only otherwise are they counted, strings skipped. For text that is not JSON the
 * answer is arbitrary but the same every time, and such a record is refused anyway. */
#include "ingest/line_time.h"

#include "zone.h"

static bool is_space(char byte) {
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

/* Brackets that are open in front of `end`, strings skipped. */
static int depth_at(const char *start, const char *end) {
    int depth = 0;
    bool in_string = false;
    for (const char *at = start; at < end; at++) {
        if (in_string && *at == '\\') {
            at++;
        } else if (*at == '"') {
            in_string = !in_string;
        } else if (!in_string && (*at == '{' || *at == '[')) {
            depth++;
        } else if (!in_string && (*at == '}' || *at == ']')) {
            depth--;
        }
    }
    return in_string ? -1 : depth;
}

static bool at_top(struct slice line, const char *key) {
    const char *first = memchr(line.data, '{', (size_t)(key - line.data));
    if (first == NULL) return false;
    const char *after = first + 1;
    size_t between = (size_t)(key - after);
    if (memchr(after, '{', between) == NULL && memchr(after, '[', between) == NULL && memchr(after, '}', between) == NULL)
        return true;
    return depth_at(line.data, key) == 1;
}

static bool read_number(const char *at, const char *end, int64_t *time_ms) {
    enum { DIGITS_MAX = 15 };
    int64_t value = 0;
    int digits = 0;
    for (; at < end && *at >= '0' && *at <= '9' && digits <= DIGITS_MAX; at++, digits++)
        value = value * 10 + (*at - '0');
    bool ended = at < end && (*at == ',' || *at == '}' || is_space(*at));
    if (digits == 0 || digits > DIGITS_MAX || !ended) return false;
    *time_ms = value;
    return true;
}

static bool read_time(const char *at, const char *end, int64_t *time_ms) {
    while (at < end && is_space(*at))
        at++;
    if (at == end || *at != ':') return false;
    at++;
    while (at < end && is_space(*at))
        at++;
    if (at == end) return false;
    if (*at != '"') return read_number(at, end, time_ms);
    at++;
    const char *close = memchr(at, '"', (size_t)(end - at));
    return close != NULL && rfc3339_parse((struct slice){at, (size_t)(close - at)}, time_ms);
}

static bool find_time(struct slice line, struct slice name, int64_t *time_ms) {
    const char *end = line.data + line.length;
    const char *from = line.data;
    for (;;) {
        const char *key = memmem(from, (size_t)(end - from), name.data, name.length);
        if (key == NULL) return false;
        from = key + name.length;
        bool escaped = key > line.data && key[-1] == '\\';
        if (!escaped && at_top(line, key) && read_time(from, end, time_ms)) return true;
    }
}

bool line_time(struct slice line, int64_t *time_ms) {
    if (line.length == 0 || line.data == NULL) return false;
    return find_time(line, SLICE("\"ingest_time\""), time_ms) || find_time(line, SLICE("\"recorded_at\""), time_ms);
}
