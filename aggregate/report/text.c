/* One catalogue, two columns: whoever changes a sentence sees its translation beside it, and a missing one does not compile. */
#include "aggregate/report/text.h"

#include "check.h"

#include <stdio.h>
#include <string.h>

struct phrase text_phrase(enum text text) {
    static const struct phrase phrases[] = {
#define X(name, vi, en) {vi, en},
#include "aggregate/report/text.def"
#undef X
    };
    CHECK(text < TEXT_COUNT);
    return phrases[text];
}

struct label {
    enum label_list list;
    const char *code;
    struct phrase name;
};

struct phrase label_phrase(enum label_list list, const char *code) {
    static const struct label labels[] = {
#define LABELS_AREA(code, vi, en) {LABEL_AREA, code, {vi, en}},
#define LABELS_PLATFORM(code, vi, en) {LABEL_PLATFORM, code, {vi, en}},
#define LABELS_INSTRUMENT(code, vi, en) {LABEL_INSTRUMENT, code, {vi, en}},
#define LABELS_CAUSE(code, vi, en) {LABEL_CAUSE, code, {vi, en}},
#define LABELS_REASON(code, vi, en) {LABEL_REASON, code, {vi, en}},
#include "aggregate/report/labels.def"
#undef LABELS_AREA
#undef LABELS_PLATFORM
#undef LABELS_INSTRUMENT
#undef LABELS_CAUSE
#undef LABELS_REASON
    };
    for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
        if (labels[i].list == list && strcmp(labels[i].code, code) == 0) return labels[i].name;
    }
    return (struct phrase){code, code};
}

const struct indicator_label *indicator_label(enum indicator_id id) {
    static const struct indicator_label labels[] = {
#define LABELS_INDICATOR(code, unit_type, platform, instrument, evidence, vi, en, about_vi, about_en) \
    {#code, unit_type, platform, instrument, evidence, {vi, en}, {about_vi, about_en}},
#include "aggregate/report/labels.def"
#undef LABELS_INDICATOR
    };
    CHECK(id < INDICATOR_ID_COUNT);
    return &labels[id];
}

const struct indicator_label *indicator_label_of(const char *code) {
    for (int i = 0; i < INDICATOR_ID_COUNT; i++) {
        if (strcmp(indicator_label((enum indicator_id)i)->code, code) == 0) return indicator_label((enum indicator_id)i);
    }
    return NULL;
}

const struct district_label *district_label(size_t index) {
    static const struct district_label labels[DISTRICT_LABELS] = {
#define LABELS_DISTRICT(code, column, row, first, second) {code, column, row, first, second},
#include "aggregate/report/labels.def"
#undef LABELS_DISTRICT
    };
    CHECK(index < DISTRICT_LABELS);
    return &labels[index];
}

struct phrase made(const struct made_phrase *made) {
    return (struct phrase){made->vi, made->en};
}

static const char *month_name(int month) {
    static const char *const names[] = {"January", "February", "March",     "April",   "May",      "June",
                                        "July",    "August",   "September", "October", "November", "December"};
    return month >= 1 && month <= 12 ? names[month - 1] : "?";
}

void period_words(const char *period, struct made_phrase *out) {
    int year = 0;
    int number = 0;
    int day = 0;
    int used = 0;
    if (sscanf(period, "%4d-Q%1d%n", &year, &number, &used) == 2 && period[used] == '\0') {
        (void)snprintf(out->vi, sizeof(out->vi), "quý %d năm %d", number, year);
        (void)snprintf(out->en, sizeof(out->en), "Q%d %d", number, year);
    } else if (sscanf(period, "%4d-W%2d%n", &year, &number, &used) == 2 && period[used] == '\0') {
        (void)snprintf(out->vi, sizeof(out->vi), "tuần %d năm %d", number, year);
        (void)snprintf(out->en, sizeof(out->en), "week %d of %d", number, year);
    } else if (sscanf(period, "%4d-%2d-%2d%n", &year, &number, &day, &used) == 3 && period[used] == '\0') {
        (void)snprintf(out->vi, sizeof(out->vi), "ngày %d/%d/%d", day, number, year);
        (void)snprintf(out->en, sizeof(out->en), "%d %s %d", day, month_name(number), year);
    } else if (sscanf(period, "%4d-%2d%n", &year, &number, &used) == 2 && period[used] == '\0') {
        (void)snprintf(out->vi, sizeof(out->vi), "tháng %d năm %d", number, year);
        (void)snprintf(out->en, sizeof(out->en), "%s %d", month_name(number), year);
    } else {
        (void)snprintf(out->vi, sizeof(out->vi), "năm %.40s", period);
        (void)snprintf(out->en, sizeof(out->en), "%.40s", period);
    }
}

void period_short(const char *period, struct made_phrase *out) {
    int year = 0;
    int month = 0;
    int used = 0;
    bool is_month = sscanf(period, "%4d-%2d%n", &year, &month, &used) == 2 && period[used] == '\0';
    if (is_month)
        (void)snprintf(out->vi, sizeof(out->vi), "%d/%d", month, year);
    else
        (void)snprintf(out->vi, sizeof(out->vi), "%.40s", period);
    if (is_month)
        (void)snprintf(out->en, sizeof(out->en), "%.3s %d", month_name(month), year);
    else
        (void)snprintf(out->en, sizeof(out->en), "%.40s", period);
}

void time_words(const char *rfc3339, struct made_phrase *out) {
    int year = 0;
    int month = 0;
    int day = 0;
    int hour = 0;
    int minute = 0;
    if (sscanf(rfc3339, "%4d-%2d-%2dT%2d:%2d", &year, &month, &day, &hour, &minute) != 5) {
        (void)snprintf(out->vi, sizeof(out->vi), "%.40s", rfc3339);
        (void)snprintf(out->en, sizeof(out->en), "%.40s", rfc3339);
        return;
    }
    (void)snprintf(out->vi, sizeof(out->vi), "%02d:%02d ngày %d/%d/%d (UTC)", hour, minute, day, month, year);
    (void)snprintf(out->en, sizeof(out->en), "%02d:%02d UTC, %d %s %d", hour, minute, day, month_name(month), year);
}
