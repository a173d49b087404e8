/* The trick behind all of these: an inner <svg x="37.5%"> has pixels of its own, so a mark keeps its shape while its place
 * follows the width of the paper. No script, no font metrics. */
#include "aggregate/report/chart.h"

#include <string.h>

enum { BAR_ROW = 44, RANK_ROW = 20, BAR_HEIGHT = 12, STRIP_HEIGHT = 66, STRIP_LANE = 20 };
enum { LINE_HEIGHT = 112, LINE_TOP = 12, LINE_BASE = 90 };

static void percent(struct page *page, const char *attribute, int position) {
    page_format(page, " %s=\"%d.%02d%%\"", attribute, position / 100, position % 100);
}

static __int128 value_of(struct figure figure, enum obs_column column) {
    __int128 value = 0;
    return figure_has_value(figure) && number_read(figure_cell(figure, column), &value) ? value : -1;
}

/* A title for the mouse: the key and the value as obs.csv has it, which is the same in every language. */
static void mark_title(struct page *page, struct figure figure) {
    char key[EDITION_KEY_BYTES];
    figure_key(figure, key);
    page_raw(page, "<title>obs.csv ");
    page_escape(page, key);
    page_raw(page, " = ");
    page_escape(page, figure_has_value(figure) ? figure_cell(figure, OBS_OBS_VALUE) : figure_cell(figure, OBS_OBS_STATUS));
    page_raw(page, "</title>");
}

static void figure_text(struct page *page, struct figure figure, const char *attributes) {
    page_format(page, "<text %s", attributes);
    if (figure.edition != NULL) page_figure_attributes(page, figure, OBS_OBS_VALUE, false);
    page_raw(page, ">");
    page_figure_text(page, figure, figure_unit(figure));
    page_raw(page, "</text>");
}

/* Where a full bar ends: at 100 for percentages, else at the greatest value. */
static __int128 bars_top(const struct bar *bars, size_t count) {
    __int128 most = 0;
    for (size_t i = 0; i < count; i++) {
        __int128 value = value_of(bars[i].figure, OBS_OBS_VALUE);
        if (strcmp(figure_cell(bars[i].figure, OBS_UNIT_MEASURE), "PT") == 0) return (__int128)100 * NUMBER_SCALE;
        if (value > most) most = value;
    }
    return most;
}

void chart_bars(struct page *page, int label_id, const struct bar *bars, size_t count) {
    __int128 most = bars_top(bars, count);
    page_svg_begin(page, (int)count * BAR_ROW, "bars", label_id);
    for (size_t i = 0; i < count; i++) {
        int top = (int)i * BAR_ROW;
        char place[64];
        page_format(page, "<text x=\"0\" y=\"%d\">", top + 16);
        page_phrase(page, bars[i].label);
        page_raw(page, "</text>");
        (void)snprintf(place, sizeof(place), "class=\"v\" x=\"100%%\" y=\"%d\" text-anchor=\"end\"", top + 16);
        figure_text(page, bars[i].figure, place);
        page_format(page, "<rect class=\"track\" x=\"0\" y=\"%d\" width=\"100%%\" height=\"%d\"/>", top + 22, BAR_HEIGHT);
        bool hidden = figure_is_suppressed(bars[i].figure);
        page_format(page, "<rect class=\"%s\" x=\"0\" y=\"%d\" height=\"%d\"", hidden ? "hatch" : "bar", top + 22, BAR_HEIGHT);
        percent(page, "width", hidden ? 10000 : number_position(value_of(bars[i].figure, OBS_OBS_VALUE), most));
        page_raw(page, ">");
        if (bars[i].figure.edition != NULL) mark_title(page, bars[i].figure);
        page_raw(page, "</rect>\n");
    }
    page_svg_end(page);
}

void chart_ranks(struct page *page, int label_id, struct bar *bars, size_t count) {
    for (size_t i = 1; i < count; i++) { /* stable: equal values stay in the order of their codes */
        struct bar bar = bars[i];
        size_t at = i;
        for (; at > 0 && value_of(bars[at - 1].figure, OBS_OBS_VALUE) < value_of(bar.figure, OBS_OBS_VALUE); at--)
            bars[at] = bars[at - 1];
        bars[at] = bar;
    }
    __int128 most = bars_top(bars, count);
    page_svg_begin(page, (int)count * RANK_ROW, "ranks", label_id);
    for (size_t i = 0; i < count; i++) {
        int top = (int)i * RANK_ROW;
        char place[64];
        page_format(page, "<text x=\"0\" y=\"%d\">", top + 14);
        page_phrase(page, bars[i].label);
        page_raw(page, "</text>");
        page_format(page, "<svg x=\"28%%\" width=\"56%%\" height=\"%d\" y=\"%d\"><rect class=\"track\" width=\"100%%\" "
                          "height=\"10\"/><rect class=\"%s\" height=\"10\"",
                    RANK_ROW, top + 4, figure_is_suppressed(bars[i].figure) ? "hatch" : "bar");
        percent(page, "width",
                figure_is_suppressed(bars[i].figure) ? 10000 : number_position(value_of(bars[i].figure, OBS_OBS_VALUE), most));
        page_raw(page, "/></svg>");
        (void)snprintf(place, sizeof(place), "class=\"v\" x=\"100%%\" y=\"%d\" text-anchor=\"end\"", top + 14);
        figure_text(page, bars[i].figure, place);
        page_raw(page, "\n");
    }
    page_svg_end(page);
}

/* The least of 1, 2, 5 times a power of ten, or 2.5 times one, that is not below `value` (in units of 1/NUMBER_SCALE). */
static __int128 scale_top(__int128 value) {
    static const int steps[] = {10, 20, 25, 40, 50, 60, 80};
    for (__int128 power = NUMBER_SCALE / 10; power < (__int128)1 << 110; power *= 10) {
        for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
            if (value <= steps[i] * power) return steps[i] * power;
        }
    }
    return value;
}

static int line_x(size_t index, size_t count) {
    return count < 2 ? 5000 : 300 + (int)(index * 9400 / (count - 1));
}

static int line_y(__int128 value, __int128 top) {
    return LINE_BASE - (LINE_BASE - LINE_TOP) * number_position(value, top) / 10000;
}

/* Whole numbers short (1.5 billion is 1 500 M): an axis, not a figure. */
static void scale_label(struct page *page, __int128 top) {
    static const struct {
        int64_t unit;
        const char *vi, *en;
    } units[] = {{1000000000000, " nghìn tỷ", " tn"}, {1000000000, " tỷ", " bn"}, {1000000, " tr.", " m"}, {1, "", ""}};
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        __int128 tenths = top * 10 / units[i].unit / NUMBER_SCALE;
        if (tenths < 10 && units[i].unit > 1) continue;
        char decimal[NUMBER_BYTES];
        char both[LANGUAGE_COUNT][NUMBER_BYTES];
        char words[LANGUAGE_COUNT][NUMBER_BYTES + 16];
        (void)snprintf(decimal, sizeof(decimal), tenths % 10 != 0 ? "%lld.%d" : "%lld", (long long)(tenths / 10),
                       (int)(tenths % 10));
        (void)number_phrase(decimal, both[VIETNAMESE], both[ENGLISH]);
        (void)snprintf(words[VIETNAMESE], sizeof(words[0]), "%s%s", both[VIETNAMESE], units[i].vi);
        (void)snprintf(words[ENGLISH], sizeof(words[0]), "%s%s", both[ENGLISH], units[i].en);
        page_phrase(page, (struct phrase){words[VIETNAMESE], words[ENGLISH]});
        return;
    }
}

static void line_axes(struct page *page, const struct figure *figures, size_t count, __int128 top, bool some) {
    struct made_phrase period;
    page_format(page, "<line class=\"grid\" x1=\"0\" x2=\"100%%\" y1=\"%d\" y2=\"%d\"/>", LINE_TOP, LINE_TOP);
    page_format(page, "<line class=\"base\" x1=\"0\" x2=\"100%%\" y1=\"%d\" y2=\"%d\"/>", LINE_BASE, LINE_BASE);
    if (some) {
        page_format(page, "<text class=\"tick\" x=\"0\" y=\"%d\">", LINE_TOP - 3);
        scale_label(page, top);
        page_raw(page, "</text>");
    }
    for (int end = 0; end < (count > 1 ? 2 : 1); end++) {
        const struct figure figure = end == 0 ? figures[0] : figures[count - 1];
        period_short(figure.edition->period, &period);
        page_format(page, "<text class=\"tick\" y=\"%d\" %s>", LINE_BASE + 17,
                    end == 1     ? "x=\"100%\" text-anchor=\"end\""
                    : count == 1 ? "x=\"50%\" text-anchor=\"middle\""
                                 : "x=\"0\"");
        page_phrase(page, made(&period));
        page_raw(page, "</text>");
    }
}

static void line_point(struct page *page, const struct figure *figures, size_t i, size_t count, __int128 top) {
    __int128 value = value_of(figures[i], OBS_OBS_VALUE);
    if (value < 0) {
        if (!figure_is_suppressed(figures[i])) return;
        page_format(page, "<svg class=\"over\"");
        percent(page, "x", line_x(i, count));
        page_format(page, "><rect class=\"hatch\" x=\"-5\" y=\"%d\" width=\"10\" height=\"%d\">", LINE_TOP, LINE_BASE - LINE_TOP);
        mark_title(page, figures[i]);
        page_raw(page, "</rect></svg>");
        return;
    }
    __int128 low = value_of(figures[i], OBS_BOUND_LO);
    __int128 high = value_of(figures[i], OBS_BOUND_HI);
    if (low >= 0 && high > low) {
        page_raw(page, "<line class=\"bound\"");
        percent(page, "x1", line_x(i, count));
        percent(page, "x2", line_x(i, count));
        page_format(page, " y1=\"%d\" y2=\"%d\"/>", line_y(low, top), line_y(high, top));
    }
    page_format(page, "<circle class=\"%s\" r=\"%d\"", i + 1 == count ? "last" : "point", i + 1 == count ? 5 : 3);
    percent(page, "cx", line_x(i, count));
    page_format(page, " cy=\"%d\">", line_y(value, top));
    mark_title(page, figures[i]);
    page_raw(page, "</circle>");
}

void chart_line(struct page *page, int label_id, const struct figure *figures, size_t count, const char *target) {
    __int128 most = 0;
    __int128 aim = -1;
    if (!number_read(target, &aim)) aim = -1;
    for (size_t i = 0; i < count; i++) {
        __int128 value = value_of(figures[i], OBS_OBS_VALUE);
        __int128 high = value_of(figures[i], OBS_BOUND_HI);
        if (value > most) most = value;
        if (high > most) most = high;
    }
    if (aim > most) most = aim;
    __int128 top = scale_top(most);
    page_svg_begin(page, LINE_HEIGHT, "line", label_id);
    line_axes(page, figures, count, top, most > 0);
    if (aim >= 0)
        page_format(page, "<line class=\"aim\" x1=\"0\" x2=\"100%%\" y1=\"%d\" y2=\"%d\"/>", line_y(aim, top), line_y(aim, top));
    for (size_t i = 0; i + 1 < count; i++) {
        __int128 from = value_of(figures[i], OBS_OBS_VALUE);
        __int128 to = value_of(figures[i + 1], OBS_OBS_VALUE);
        if (from < 0 || to < 0) continue;
        page_raw(page, "<line class=\"path\"");
        percent(page, "x1", line_x(i, count));
        percent(page, "x2", line_x(i + 1, count));
        page_format(page, " y1=\"%d\" y2=\"%d\"/>", line_y(from, top), line_y(to, top));
    }
    for (size_t i = 0; i < count; i++)
        line_point(page, figures, i, count, top);
    page_svg_end(page);
}

static void strip_marker(struct page *page, const char *decimal, const char *shape) {
    __int128 value = 0;
    if (!number_read(decimal, &value)) return;
    page_raw(page, "<svg class=\"over\"");
    percent(page, "x", number_position(value, (__int128)100 * NUMBER_SCALE));
    page_format(page, ">%s</svg>", shape);
}

static void strip_evidence(struct page *page, const struct strip *strip, int lane) {
    static const char letters[] = "ROC";
    struct figure figure = strip->figures[lane];
    __int128 value = value_of(figure, OBS_OBS_VALUE);
    if (value < 0) return;
    bool headline = letters[lane] == strip->headline;
    int y = STRIP_LANE / 2 + 3 + lane * STRIP_LANE;
    page_raw(page, "<svg class=\"over\"");
    percent(page, "x", number_position(value, (__int128)100 * NUMBER_SCALE));
    page_format(page, "><g class=\"mark e%c%s\">", letters[lane], headline ? " head" : "");
    mark_title(page, figure);
    if (lane == 0) page_format(page, "<rect x=\"-8\" y=\"%d\" width=\"16\" height=\"16\" rx=\"2\"/>", y - 8);
    if (lane == 1) page_format(page, "<circle cy=\"%d\" r=\"9\"/>", y);
    if (lane == 2) page_format(page, "<path d=\"M0 %dL11 %dL0 %dL-11 %dZ\"/>", y - 11, y, y + 11, y);
    page_format(page, "<text y=\"%d\" text-anchor=\"middle\">%c</text></g></svg>", y + 4, letters[lane]);
}

void chart_strip(struct page *page, int label_id, const struct strip *strip) {
    static const char letters[] = "ROC";
    page_svg_begin(page, STRIP_HEIGHT, "strip", label_id);
    for (int i = 0; i <= 4; i++)
        page_format(page, "<line class=\"grid\" x1=\"%d%%\" x2=\"%d%%\" y1=\"0\" y2=\"%d\"/>", i * 25, i * 25, STRIP_HEIGHT);
    for (int lane = 0; lane < 3; lane++) {
        int y = STRIP_LANE / 2 + 3 + lane * STRIP_LANE;
        page_format(page, "<line class=\"lane\" x1=\"0\" x2=\"100%%\" y1=\"%d\" y2=\"%d\"/>", y, y);
        __int128 low = value_of(strip->figures[lane], OBS_BOUND_LO);
        __int128 high = value_of(strip->figures[lane], OBS_BOUND_HI);
        if (low < 0 || high <= low) continue;
        int from = number_position(low, (__int128)100 * NUMBER_SCALE);
        page_format(page, "<rect class=\"band e%c\" y=\"%d\" height=\"10\"", letters[lane], y - 5);
        percent(page, "x", from);
        percent(page, "width", number_position(high, (__int128)100 * NUMBER_SCALE) - from);
        page_raw(page, "/>");
    }
    strip_marker(page, strip->target, "<path class=\"aim\" d=\"M0 0V66\"/>");
    strip_marker(page, strip->published, "<path class=\"pub\" d=\"M0 0V66\"/>");
    for (int lane = 2; lane >= 0; lane--)
        strip_evidence(page, strip, lane);
    page_svg_end(page);
}

struct map_scale map_scale_of(const struct figure *figures) {
    __int128 least = -1;
    __int128 most = -1;
    for (size_t i = 0; i < DISTRICT_LABELS; i++) {
        __int128 value = value_of(figures[i], OBS_OBS_VALUE);
        if (value < 0) continue;
        if (least < 0 || value < least) least = value;
        if (value > most) most = value;
    }
    if (least < 0) return (struct map_scale){.step = 0};
    int low = (int)(least / NUMBER_SCALE);
    int high = (int)(most / NUMBER_SCALE) + 1;
    return (struct map_scale){.low = low, .step = (high - low + MAP_CLASSES - 1) / MAP_CLASSES};
}

static void tile_words(struct page *page, struct figure figure, const struct district_label *label) {
    page_raw(page, "<text class=\"d\" x=\"50%\" y=\"27%\" text-anchor=\"middle\">");
    page_escape(page, label->first);
    page_raw(page, "</text><text class=\"d\" x=\"50%\" y=\"48%\" text-anchor=\"middle\">");
    page_escape(page, label->second);
    page_raw(page, "</text>");
    page_raw(page, "<text class=\"v\" x=\"50%\" y=\"80%\" text-anchor=\"middle\"");
    if (figure.edition != NULL) page_figure_attributes(page, figure, OBS_OBS_VALUE, false);
    page_raw(page, ">");
    page_figure_text(page, figure, PHRASE_NONE);
    page_raw(page, "</text>");
}

void chart_tiles(struct page *page, int label_id, const struct figure *figures, struct map_scale scale, bool labelled) {
    page_svg_begin(page, 100, labelled ? "tiles" : "tiles small", label_id);
    for (size_t i = 0; i < DISTRICT_LABELS; i++) {
        const struct district_label *label = district_label(i);
        __int128 value = value_of(figures[i], OBS_OBS_VALUE);
        int class_number = value < 0 ? -1 : (int)((value / NUMBER_SCALE - scale.low) / scale.step);
        page_raw(page, "<svg");
        percent(page, "x", label->column * 10000 / TILE_COLUMNS);
        percent(page, "y", label->row * 10000 / TILE_ROWS);
        percent(page, "width", 10000 / TILE_COLUMNS);
        percent(page, "height", 10000 / TILE_ROWS);
        if (class_number >= 0)
            page_format(page, " class=\"c%d\">", class_number);
        else
            page_format(page, " class=\"%s\">", figure_is_suppressed(figures[i]) ? "hidden" : "void");
        page_raw(page, "<rect class=\"tile\" width=\"100%\" height=\"100%\">");
        page_raw(page, "<title>");
        page_escape(page, label->first);
        page_raw(page, " ");
        page_escape(page, label->second);
        page_raw(page, ": obs.csv ");
        char key[EDITION_KEY_BYTES];
        figure_key(figures[i], key);
        page_escape(page, key);
        page_raw(page, " = ");
        page_escape(page, figure_has_value(figures[i]) ? figure_cell(figures[i], OBS_OBS_VALUE)
                                                       : figure_cell(figures[i], OBS_OBS_STATUS));
        page_raw(page, "</title></rect>");
        if (labelled) tile_words(page, figures[i], label);
        page_raw(page, "</svg>\n");
    }
    page_svg_end(page);
}

void chart_share_of(struct page *page, int64_t part, int64_t whole) {
    page_raw(page, "<svg class=\"mini\" width=\"100%\" height=\"10\" aria-hidden=\"true\"><rect class=\"track\" width=\"100%\" "
                   "height=\"10\"/><rect class=\"bar\" height=\"10\"");
    percent(page, "width", number_position(part, whole));
    page_raw(page, "/></svg>");
}
