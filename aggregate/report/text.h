/* The words of the report: catalogue (text.def), names of codes (labels.def), periods and times in both languages. Pure. */
#ifndef NHIP_REPORT_TEXT_H
#define NHIP_REPORT_TEXT_H

#include <stddef.h>
#include <stdbool.h>

struct phrase {
    const char *vi, *en;
};
#define PHRASE_NONE ((struct phrase){"", ""})

enum text {
#define X(name, vi, en) TEXT_##name,
#include "aggregate/report/text.def"
#undef X
    TEXT_COUNT
};
struct phrase text_phrase(enum text text);

enum label_list { LABEL_AREA, LABEL_PLATFORM, LABEL_INSTRUMENT, LABEL_CAUSE, LABEL_REASON, LABEL_LIST_COUNT };
/* The name of a code; the code itself where the list does not know it. */
struct phrase label_phrase(enum label_list list, const char *code);

/* One indicator as the report shows it. */
struct indicator_label {
    const char *code;
    const char *unit_type, *platform, *instrument; /* coordinates of the province's total */
    const char *evidence;                          /* headline */
    struct phrase name, about;
};
enum indicator_id {
#define LABELS_INDICATOR(code, ...) INDICATOR_##code,
#include "aggregate/report/labels.def"
#undef LABELS_INDICATOR
    INDICATOR_ID_COUNT
};
const struct indicator_label *indicator_label(enum indicator_id id);
/* By code; null where the report does not know it. */
const struct indicator_label *indicator_label_of(const char *code);

struct district_label {
    const char *code; /* 380 */
    int column, row;  /* of the tile map, from west to east and north to south */
    const char *first, *second;
};
enum { DISTRICT_LABELS = 27, TILE_COLUMNS = 7, TILE_ROWS = 6 };
const struct district_label *district_label(size_t index); /* index < DISTRICT_LABELS */

/* A text in both languages that is made on the way. */
struct made_phrase {
    char vi[160], en[160];
};
struct phrase made(const struct made_phrase *made);
/* 2021-09 -> "tháng 9 năm 2021", "September 2021"; likewise years, quarters, weeks and days; other texts as they are. */
void period_words(const char *period, struct made_phrase *out);
/* The short form for axes: 9/2021, 2021-Q3. */
void period_short(const char *period, struct made_phrase *out);
/* 2021-09-30T16:59:52.595Z -> "16 giờ 59 ngày 30/9/2021 (UTC)", "16:59 UTC, 30 September 2021" */
void time_words(const char *rfc3339, struct made_phrase *out);

#endif
