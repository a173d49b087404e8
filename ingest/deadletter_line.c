/* A dead letter's line: see deadletter_line.h.
 *
 * The value stands in it as a JSON string when it is well-formed UTF-8, so that a person can read it and `jq` can
 * hand it back; broken bytes go in base64 under another name, so that nothing is lost or repaired on the way.
 *
 * Of a value that is too large to be an event only the first MESSAGE_BYTES_MAX bytes are kept, and its length is said: a letter
 * longer than Kafka takes could never be delivered, and the run would stand still before that record for ever. The line stays
 * below half a megabyte even when each byte needs six. The record itself stands at its offset. */
#include "ingest/deadletter_line.h"

#include "check.h"
#include "ingest/text_bytes.h"
#include "limits.h"

enum {
    FRAME_BYTES = 1024, /* names and numbers around the value; topic <= 249, field is ours */
    FIELD_BYTES_MAX = 128,
    NUMBER_BYTES = 48,
};

static const char hex[] = "0123456789abcdef";

size_t deadletter_line_bytes_max(const struct deadletter_entry *entry) {
    size_t length = entry->record->value.length < MESSAGE_BYTES_MAX ? entry->record->value.length : MESSAGE_BYTES_MAX;
    return FRAME_BYTES + length * 6; /* a control character takes six bytes as \u00XX */
}

/* What is kept of a value: not cut within a sequence, if that can be. */
static struct slice kept(struct slice value) {
    enum { SEQUENCE_MAX = 4 };
    if (value.length <= MESSAGE_BYTES_MAX) return value;
    size_t length = MESSAGE_BYTES_MAX;
    while (length > MESSAGE_BYTES_MAX - SEQUENCE_MAX && ((unsigned char)value.data[length] & 0xc0) == 0x80) length--;
    return (struct slice){value.data, length};
}

static char *put_text(char *out, const char *text) {
    size_t length = strlen(text);
    memcpy(out, text, length);
    return out + length;
}

static char *put_string(char *out, struct slice text) {
    *out++ = '"';
    for (size_t i = 0; i < text.length; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        if (byte >= 0x20 && byte != '"' && byte != '\\') {
            *out++ = (char)byte;
        } else if (byte == '"' || byte == '\\') {
            *out++ = '\\';
            *out++ = (char)byte;
        } else {
            out = put_text(out, "\\u00");
            *out++ = hex[byte >> 4];
            *out++ = hex[byte & 15];
        }
    }
    *out++ = '"';
    return out;
}

size_t deadletter_line(const struct deadletter_entry *entry, char *out) {
    const struct record *record = entry->record;
    const char *field = entry->field == NULL ? "" : entry->field;
    CHECK(strlen(entry->topic) < 250);
    CHECK(strlen(field) < FIELD_BYTES_MAX);
    char element[32] = "";
    if (entry->fans_out) (void)snprintf(element, sizeof(element), ",\"element\":%u", entry->element);
    int head = snprintf(out, FRAME_BYTES,
                        "{\"topic\":\"%s\",\"partition\":%d,\"offset\":%lld%s,\"timestamp\":%lld,\"reason\":\"%s\",\"byte\":%u",
                        entry->topic, entry->partition, (long long)record->offset, element, (long long)record->timestamp_ms,
                        reason_name(entry->reason), entry->byte);
    char *at = out + head;
    at = put_text(at, ",\"field\":");
    at = put_string(at, slice_of(field));
    struct slice value = kept(record->value);
    if (value.length < record->value.length) at += snprintf(at, NUMBER_BYTES, ",\"value_bytes\":%zu", record->value.length);
    if (value.data == NULL) {
        at = put_text(at, ",\"value\":null");
    } else if (bytes_are_utf8(value)) {
        at = put_text(at, ",\"value\":");
        at = put_string(at, value);
    } else {
        at = put_text(at, ",\"value_base64\":\"");
        at = base64_put(at, value);
        *at++ = '"';
    }
    *at++ = '}';
    return (size_t)(at - out);
}
