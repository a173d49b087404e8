/* See event_text.h. Every member of struct event is named once here; a member that is added to event.h must be
 * added to event_difference(), or the comparison of the decoders does not see it. */
#include "tests/support/event_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct decoder *test_decoder(void) {
    struct fault fault;
    const struct decoder_options options = {SLICE("a secret only for tests"), "VND", "VN", NULL};
    struct decoder *decoder = decoder_create(&options, &fault);
    if (decoder == NULL) {
        (void)fprintf(stderr, "test_decoder: %s\n", fault.message);
        exit(1);
    }
    return decoder;
}

static bool number_text(char *out, size_t bytes, int64_t number) {
    if (number == TIME_NONE) {
        (void)snprintf(out, bytes, "none");
    } else {
        (void)snprintf(out, bytes, "%" PRId64, number);
    }
    return true;
}

static bool slice_text(char *out, size_t bytes, struct slice text) {
    (void)snprintf(out, bytes, "%.*s", (int)text.length, text.data);
    return true;
}

bool event_field_text(const struct event *event, const char *key, char *out, size_t bytes) {
    const struct {
        const char *key;
        const char *text;
    } codes[] = {
        {"kind", event_kind_name(event->kind)},
        {"status", pay_status_name(event->status)},
        {"reason_class", reason_class_name(event->reason_class)},
        {"instrument", instrument_name(event->instrument)},
        {"context", context_name(event->context)},
        {"outlet", outlet_name(event->outlet)},
        {"party", party_name(event->party)},
        {"pay_mode", pay_mode_name(event->pay_mode)},
        {"category", category_name(event->category)},
        {"cross_border", cross_border_name(event->cross_border)},
        {"person_type", person_type_name(event->person_type)},
    };
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (strcmp(key, codes[i].key) == 0) return slice_text(out, bytes, slice_of(codes[i].text));
    }
    const struct {
        const char *key;
        int64_t number;
    } numbers[] = {
        {"test", event->test},
        {"unconverted", event->unconverted},
        {"open_unknown", event->open_unknown},
        {"event_time_ms", event->event_time_ms},
        {"order_created_ms", event->order_created_ms},
        {"shipped_ms", event->shipped_ms},
        {"delivered_ms", event->delivered_ms},
        {"captured_ms", event->captured_ms},
        {"changed_ms", event->changed_ms},
        {"amount_minor", event->amount_minor},
        {"document_bytes", (int64_t)event->document.length},
    };
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (strcmp(key, numbers[i].key) == 0) return number_text(out, bytes, numbers[i].number);
    }
    if (strcmp(key, "source") == 0) return slice_text(out, bytes, event->source);
    if (strcmp(key, "account_id") == 0) return slice_text(out, bytes, event->account_id);
    if (strcmp(key, "buyer_id") == 0) return slice_text(out, bytes, event->buyer_id);
    return false;
}

#define EVENT_NUMBERS(X)                                                                                              \
    X(kind) X(status) X(reason_class) X(instrument) X(context) X(outlet) X(party) X(pay_mode) X(category)             \
    X(cross_border) X(person_type) X(test) X(unconverted) X(open_unknown) X(event_time_ms) X(order_created_ms)        \
    X(shipped_ms) X(delivered_ms) X(captured_ms) X(changed_ms) X(amount_minor) X(event_print) X(entity_print)         \
    X(payload_print) X(person_print) X(account_print) X(buyer_print) X(group_print)

const char *event_difference(const struct event *a, const struct event *b) {
#define X(member) \
    if (a->member != b->member) return #member;
    EVENT_NUMBERS(X)
#undef X
    if (!slice_equal(a->source, b->source)) return "source";
    if (!slice_equal(a->account_id, b->account_id)) return "account_id";
    if (!slice_equal(a->buyer_id, b->buyer_id)) return "buyer_id";
    return slice_equal(a->document, b->document) ? NULL : "document";
}
