/* Strict about parameters, because a misspelt one that is passed over gives a right answer to another question: an unknown name,
 * a name given twice or a value that is not there is a 400 that names parameter, value, what is accepted and what comes nearest.
 * What a client sent is shown back as printable ASCII only. */
#include "aggregate/http/query.h"

#include "aggregate/publication/text_out.h"
#include "aggregate/runtime/nearest.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SHOWN_BYTES = 81, ACCEPTED_SHOWN_MAX = 40, THOUSAND = 1000 };

static const char *const format_names[] = {"json", "csv", "ndjson"};
static const char *const format_types[] = {"application/json", "text/csv; charset=utf-8", "application/x-ndjson"};
static const struct words formats = {format_names, 3};

static void printable(const char *text, char out[static SHOWN_BYTES]) {
    size_t i = 0;
    for (; text[i] != '\0' && i < SHOWN_BYTES - 1; i++) out[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
    out[i] = '\0';
}

static const char *nearest_of(const struct words *accepted, const char *text) {
    const char *best = NULL;
    for (size_t i = 0; i < accepted->count; i++) {
        if (best == NULL || text_distance(accepted->items[i], text) < text_distance(best, text)) best = accepted->items[i];
    }
    return best;
}

static void write_accepted(const struct words *accepted, const char *shown, FILE *out) {
    const char *nearest = nearest_of(accepted, shown);
    (void)fputs(",\"accepted\":[", out);
    for (size_t i = 0; i < accepted->count && i < ACCEPTED_SHOWN_MAX; i++) {
        if (i > 0) (void)fputc(',', out);
        json_text(out, accepted->items[i]);
    }
    (void)fprintf(out, "],\"accepted_count\":%zu,\"nearest\":", accepted->count);
    if (nearest != NULL)
        json_text(out, nearest);
    else
        (void)fputs("null", out);
}

bool query_refuse(struct http_answer *answer, unsigned status, const char *parameter, const char *value,
                  const struct words *accepted, const char *detail) {
    static const struct {
        unsigned status;
        const char *title;
    } titles[] = {{HTTP_STATUS_BAD, "the request is not understood"},
                  {HTTP_STATUS_NONE, "not here"},
                  {HTTP_STATUS_METHOD, "GET and HEAD only"},
                  {HTTP_STATUS_UNACCEPTABLE, "not in that form"},
                  {HTTP_STATUS_BROKEN, "a file is not what it should be"},
                  {HTTP_STATUS_LATER, "not now"}};
    char shown[SHOWN_BYTES] = "";
    const char *title = "";
    for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++) {
        if (titles[i].status == status) title = titles[i].title;
    }
    answer->kind = HTTP_BODY;
    answer->status = status;
    answer->content_type = "application/problem+json";
    answer->tagged = false;
    (void)fprintf(answer->out, "{\"title\":\"%s\",\"status\":%u,\"detail\":", title, status);
    json_text(answer->out, detail);
    if (parameter != NULL) {
        printable(parameter, shown);
        (void)fputs(",\"parameter\":", answer->out);
        json_text(answer->out, shown);
    }
    if (value != NULL) {
        printable(value, shown);
        (void)fputs(",\"value\":", answer->out);
        json_text(answer->out, shown);
    }
    if (accepted != NULL) write_accepted(accepted, shown, answer->out);
    (void)fputs("}\n", answer->out);
    return false;
}

bool query_check(const struct http_request *request, struct words names, struct http_answer *answer) {
    if (request->malformed) {
        return query_refuse(answer, HTTP_STATUS_BAD, NULL, NULL, &names, "more than 24 parameters, or a NUL in one");
    }
    for (size_t i = 0; i < request->parameter_count; i++) {
        const char *name = request->parameters[i].name;
        bool known = false;
        for (size_t k = 0; k < names.count; k++) known |= strcmp(names.items[k], name) == 0;
        if (!known) return query_refuse(answer, HTTP_STATUS_BAD, name, NULL, &names, "there is no such parameter");
        for (size_t k = 0; k < i; k++) {
            if (strcmp(request->parameters[k].name, name) == 0)
                return query_refuse(answer, HTTP_STATUS_BAD, name, request->parameters[i].value, NULL, "it is given twice");
        }
    }
    return true;
}

const char *query_value(const struct http_request *request, const char *name) {
    for (size_t i = 0; i < request->parameter_count; i++) {
        if (strcmp(request->parameters[i].name, name) == 0) return request->parameters[i].value;
    }
    return NULL;
}

bool query_number(const struct http_request *request, const char *name, int64_t min, int64_t max, int64_t *number,
                  struct http_answer *answer) {
    const char *value = query_value(request, name);
    if (value == NULL) return true;
    size_t digits = strspn(value, "0123456789");
    int64_t found = digits > 0 && digits <= 18 && value[digits] == '\0' ? strtoll(value, NULL, 10) : -1;
    if (found < min || found > max) {
        char detail[120];
        (void)snprintf(detail, sizeof(detail), "accepted is a whole number from %" PRId64 " to %" PRId64, min, max);
        return query_refuse(answer, HTTP_STATUS_BAD, name, value, NULL, detail);
    }
    *number = found;
    return true;
}

/* --- which format --- */

/* "0.8" -> 800; never more than 1000. */
static int thousandths(const char *text, size_t length) {
    int value = 0;
    int scale = THOUSAND;
    for (size_t i = 0; i < length && scale > 0 && strchr("0123456789.", text[i]) != NULL; i++) {
        if (text[i] == '.') continue;
        value += (text[i] - '0') * scale;
        scale /= 10;
    }
    return value > THOUSAND ? THOUSAND : value;
}

/* `q=0.8` of one range in thousandths; 1000 when there is none. */
static int quality_of(const char *range, size_t length) {
    for (size_t i = 0; i + 3 < length; i++) {
        if (range[i] != ';') continue;
        size_t at = i + 1;
        while (at < length && range[at] == ' ') at++;
        if (at + 2 >= length || (range[at] != 'q' && range[at] != 'Q') || range[at + 1] != '=') continue;
        return thousandths(range + at + 2, length - at - 2);
    }
    return THOUSAND;
}

/* How exactly the range (a media type without parameters) names the format: 3 by name, 2 by type, 1 as anything, 0 not at all. */
static int match_of(const char *range, size_t length, enum http_format format) {
    static const char *const exact[][2] = {
        {"application/json", "text/json"}, {"text/csv", "text/csv"}, {"application/x-ndjson", "application/ndjson"}};
    static const char *const family[] = {"application/*", "text/*", "application/*"};
    for (size_t i = 0; i < 2; i++) {
        if (strlen(exact[format][i]) == length && strncasecmp(exact[format][i], range, length) == 0) return 3;
    }
    if (strlen(family[format]) == length && strncasecmp(family[format], range, length) == 0) return 2;
    return length == 3 && strncmp(range, "*/*", 3) == 0 ? 1 : 0;
}

static int quality_for(const char *accept, enum http_format format) {
    int best_match = 0;
    int quality = 0;
    for (const char *at = accept; *at != '\0';) {
        at += strspn(at, " \t,");
        size_t length = strcspn(at, ",");
        size_t type = strcspn(at, ",; \t");
        int match = match_of(at, type, format);
        if (match > best_match) {
            best_match = match;
            quality = quality_of(at, length);
        }
        at += length;
    }
    return quality;
}

bool query_format(const struct http_request *request, enum http_format *format, struct http_answer *answer) {
    const char *wanted = query_value(request, "format");
    int best = 0;
    bool found = false;
    for (int i = FORMAT_JSON; i <= FORMAT_NDJSON; i++) {
        const char *accept = request->accept[0] != '\0' ? request->accept : "application/json";
        int quality = quality_for(accept, (enum http_format)i);
        if (wanted != NULL) quality = strcmp(wanted, format_names[i]) == 0 ? THOUSAND : 0;
        if (quality <= best) continue;
        best = quality;
        *format = (enum http_format)i;
        found = true;
    }
    if (found) {
        answer->content_type = format_types[*format];
        return true;
    }
    if (wanted != NULL) return query_refuse(answer, HTTP_STATUS_BAD, "format", wanted, &formats, "there is no such format");
    return query_refuse(answer, HTTP_STATUS_UNACCEPTABLE, "Accept", request->accept, &formats,
                        "accepted are application/json, text/csv and application/x-ndjson");
}
