/* The flows of a month as figures: orders, payments, wallets, for the province, its districts, unit types, platforms and
 * instruments.
 *
 * Formulas are written out here, indicator by indicator, on purpose: indicators.json is what is to be checked. All
 * arithmetic is in integers; the one rounding is half to even. */
#include "ingest/province_figures.h"

#include "check.h"

#define X(name) #name,
static const char *const outlet_names[] = {"", OUTLETS(X)};
static const char *const instrument_names[] = {"", INSTRUMENTS(X)};
#undef X

const char *figure_unit_type(uint32_t type) {
    static const char *const names[TYPE_COUNT] = {"",           "GENERIC",      "SUPERMARKET", "MALL",   "HYPERMARKET",
                                                  "CONVENIENCE", "MODERN_OTHER", "UTILITY",     "MARKET", "OTHER"};
    CHECK(type < TYPE_COUNT);
    return names[type];
}

const char *figure_area(uint32_t stratum, char out[static 16]) {
    if (stratum == TRUTH_UNMATCHED) (void)snprintf(out, 16, "VN_38_U");
    else (void)snprintf(out, 16, "VN_38_D%u", stratum < 3 ? 380 + stratum : 381 + stratum);
    return out;
}

static const char *or_else(const char *value, const char *usual) {
    return value ? value : usual;
}

void figure_write(const struct figure_sink *sink, const struct figure *figure, const char *value) {
    (void)fprintf(
        sink->file,
        "%s\n  {\"FREQ\": \"M\", \"REF_AREA\": \"%s\", \"INDICATOR\": \"%s\", \"EVIDENCE\": \"%s\", \"ACTIVITY\": \"%s\", "
        "\"UNIT_TYPE\": \"%s\", \"SIZE_CLASS\": \"%s\", \"PLATFORM\": \"%s\", \"INSTRUMENT\": \"%s\", "
        "\"TIME_PERIOD\": \"%04d-%02d\", \"OBS_VALUE\": \"%s\"}",
        *sink->first ? "" : ",", or_else(figure->area, "VN_38"), figure->indicator, or_else(figure->evidence, "O"),
        or_else(figure->activity, "_T"), or_else(figure->unit_type, "_T"), or_else(figure->size_class, "_T"),
        or_else(figure->platform, "_Z"), or_else(figure->instrument, "_Z"), sink->month / 12, sink->month % 12 + 1, value);
    *sink->first = false;
}

void figure_whole(const struct figure_sink *sink, const struct figure *figure, int64_t value) {
    char text[FIGURE_TEXT_BYTES];
    (void)snprintf(text, sizeof text, "%lld", (long long)value);
    figure_write(sink, figure, text);
}

void figure_ratio(const struct figure_sink *sink, const struct figure *figure, __int128 numerator, __int128 denominator,
                  int decimals) {
    char text[FIGURE_TEXT_BYTES];
    if (denominator == 0) {
        figure_write(sink, figure, "");
        return;
    }
    if (denominator < 0) {
        numerator = -numerator;
        denominator = -denominator;
    }
    bool negative = numerator < 0;
    unsigned __int128 top = (unsigned __int128)(negative ? -numerator : numerator), bottom = (unsigned __int128)denominator;
    uint64_t scale = 1;
    for (int i = 0; i < decimals; i++) scale *= 10;
    top *= scale;
    unsigned __int128 whole = top / bottom, rest = top % bottom;
    if (rest * 2 > bottom || (rest * 2 == bottom && whole % 2 == 1)) whole++;
    unsigned long long units = (unsigned long long)(whole / scale), places = (unsigned long long)(whole % scale);
    (void)snprintf(text, sizeof text, "%s%llu.%0*llu", negative && whole > 0 ? "-" : "", units, decimals, places);
    figure_write(sink, figure, text);
}

static void orders_add(struct truth_orders *sum, const struct truth_orders *cell) {
    sum->created_n += cell->created_n;
    sum->created_sum += cell->created_sum;
    sum->cod_n += cell->cod_n;
    sum->cod_sum += cell->cod_sum;
    sum->cancelled_n += cell->cancelled_n;
    sum->cancelled_sum += cell->cancelled_sum;
    sum->delivered_n += cell->delivered_n;
    sum->delivered_sum += cell->delivered_sum;
    sum->returned_n += cell->returned_n;
    sum->refunded_sum += cell->refunded_sum;
}

static void payments_add(struct truth_payments *sum, const struct truth_payments *cell) {
    sum->ok_n += cell->ok_n;
    sum->ok_sum += cell->ok_sum;
    sum->business_n += cell->business_n;
    sum->technical_n += cell->technical_n;
    sum->refunded_sum += cell->refunded_sum;
    sum->won_sum += cell->won_sum;
    sum->recorded_n += cell->recorded_n;
    sum->recorded_sum += cell->recorded_sum;
}

/* Strata [first, end) of a month added up. */
struct scope {
    struct truth_orders orders[OUTLET_COUNT];
    struct truth_payments payments[INSTRUMENT_COUNT];
    int64_t wallets[PARTY_COUNT];
};

static void scope_sum(struct scope *scope, const struct truth_month *month, uint32_t first, uint32_t end) {
    memset(scope, 0, sizeof *scope);
    for (uint32_t s = first; s < end; s++) {
        for (int i = 0; i < OUTLET_COUNT; i++) orders_add(&scope->orders[i], &month->orders[s][i]);
        for (int i = 0; i < INSTRUMENT_COUNT; i++) payments_add(&scope->payments[i], &month->payments[s][i]);
        for (int i = 0; i < PARTY_COUNT; i++) scope->wallets[i] += month->wallets[s][i];
    }
}

static void orders_figures(const struct figure_sink *sink, struct figure figure, const struct truth_orders *sum) {
    figure.indicator = "ORD_N";
    figure_whole(sink, &figure, sum->created_n);
    figure.indicator = "GMV_GROSS";
    figure_whole(sink, &figure, sum->created_sum);
    figure.indicator = "GMV_EXCANC";
    figure_whole(sink, &figure, sum->created_sum - sum->cancelled_sum);
    figure.indicator = "GMV_NET";
    figure_whole(sink, &figure, sum->delivered_sum - sum->refunded_sum);
    figure.indicator = "AOV";
    figure_ratio(sink, &figure, sum->created_sum, sum->created_n, 2);
    figure.indicator = "CANC_RATE";
    figure_ratio(sink, &figure, (__int128)100 * sum->cancelled_n, sum->created_n, 2);
    figure.indicator = "RET_RATE";
    figure_ratio(sink, &figure, (__int128)100 * sum->returned_n, sum->delivered_n, 2);
    figure.indicator = "COD_SH_N";
    figure_ratio(sink, &figure, (__int128)100 * sum->cod_n, sum->created_n, 2);
    figure.indicator = "COD_SH_V";
    figure_ratio(sink, &figure, (__int128)100 * sum->cod_sum, sum->created_sum, 2);
}

static void payments_figures(const struct figure_sink *sink, struct figure figure, const struct truth_payments *sum) {
    int64_t attempts = sum->ok_n + sum->business_n + sum->technical_n;
    figure.indicator = "PAY_ATT_N";
    figure_whole(sink, &figure, attempts);
    figure.indicator = "PAY_SUCC";
    figure_ratio(sink, &figure, (__int128)100 * sum->ok_n, attempts, 2);
    figure.indicator = "PAY_BD";
    figure_ratio(sink, &figure, (__int128)100 * sum->business_n, attempts, 2);
    figure.indicator = "PAY_TD";
    figure_ratio(sink, &figure, (__int128)100 * sum->technical_n, attempts, 2);
    figure.indicator = "PAYV_GROSS";
    figure_whole(sink, &figure, sum->ok_sum);
    figure.indicator = "PAYV_NET";
    figure_whole(sink, &figure, sum->ok_sum + sum->won_sum - sum->refunded_sum);
}

static struct truth_orders electronic_orders(const struct scope *scope) {
    struct truth_orders sum = {0};
    for (int i = OUTLET_LAZADA; i <= OUTLET_OTA; i++) orders_add(&sum, &scope->orders[i]);
    return sum;
}

static struct truth_payments noncash_payments(const struct scope *scope) {
    struct truth_payments sum = {0};
    for (int i = 1; i < INSTRUMENT_COUNT; i++) {
        if (i != INSTRUMENT_CASH) payments_add(&sum, &scope->payments[i]);
    }
    return sum;
}

static void shares_figures(const struct figure_sink *sink, struct figure figure, const struct scope *scope) {
    struct truth_payments all = noncash_payments(scope);
    const struct truth_payments *wallet = &scope->payments[INSTRUMENT_EWALLET], *cash = &scope->payments[INSTRUMENT_CASH];
    figure.platform = figure.instrument = NULL;
    figure.indicator = "EW_SH_N";
    figure_ratio(sink, &figure, (__int128)100 * wallet->ok_n, all.ok_n, 2);
    figure.indicator = "EW_SH_V";
    figure_ratio(sink, &figure, (__int128)100 * wallet->ok_sum, all.ok_sum, 2);
    figure.indicator = "EW_SH_VNET";
    figure_ratio(sink, &figure, (__int128)100 * (wallet->ok_sum + wallet->won_sum - wallet->refunded_sum),
                 all.ok_sum + all.won_sum - all.refunded_sum, 2);
    figure.indicator = "NONCASH_SH_N";
    figure_ratio(sink, &figure, (__int128)100 * all.recorded_n, all.recorded_n + cash->recorded_n, 2);
    figure.indicator = "NONCASH_SH_V";
    figure_ratio(sink, &figure, (__int128)100 * all.recorded_sum, all.recorded_sum + cash->recorded_sum, 2);
}

static void concentration(const struct figure_sink *sink, const struct figure *figure, const int64_t *leaves, size_t count) {
    __int128 squares = 0, total = 0;
    for (size_t i = 0; i < count; i++) {
        squares += (__int128)leaves[i] * leaves[i];
        total += leaves[i];
    }
    figure_ratio(sink, figure, 10000 * squares, total * total, 2);
}

static void concentrations(const struct figure_sink *sink, struct figure figure, const struct scope *scope, bool province) {
    int64_t leaves[OUTLET_COUNT] = {0};
    for (int i = OUTLET_LAZADA; i <= OUTLET_OTA; i++) leaves[i] = scope->orders[i].created_sum;
    figure.indicator = "HHI_PLATFORM";
    figure.platform = "_T";
    figure.instrument = NULL;
    concentration(sink, &figure, leaves, OUTLET_COUNT);
    figure.platform = "MARKETPLACE";
    if (province) concentration(sink, &figure, leaves, OUTLET_OTHER + 1);
    figure.indicator = "HHI_WALLET";
    figure.platform = NULL;
    figure.instrument = "EWALLET";
    concentration(sink, &figure, scope->wallets, PARTY_COUNT);
}

static void scope_figures(const struct figure_sink *sink, struct figure figure, const struct scope *scope) {
    struct truth_orders orders = electronic_orders(scope);
    struct truth_payments payments = noncash_payments(scope);
    figure.platform = "_T";
    orders_figures(sink, figure, &orders);
    figure.platform = NULL;
    figure.instrument = "_T";
    payments_figures(sink, figure, &payments);
    shares_figures(sink, figure, scope);
}

static void platform_figures(const struct figure_sink *sink, const struct scope *scope) {
    struct truth_orders market = {0};
    for (int i = OUTLET_LAZADA; i <= OUTLET_OTA; i++) {
        struct figure figure = {.platform = outlet_names[i]};
        orders_figures(sink, figure, &scope->orders[i]);
        if (i <= OUTLET_OTHER) orders_add(&market, &scope->orders[i]);
    }
    orders_figures(sink, (struct figure){.platform = "MARKETPLACE"}, &market);
    for (int i = 1; i < INSTRUMENT_COUNT; i++) {
        struct figure figure = {.instrument = instrument_names[i]};
        if (i != INSTRUMENT_CASH) payments_figures(sink, figure, &scope->payments[i]);
    }
}

void province_truth_figures(const struct province *province, uint32_t index, FILE *file, bool *first) {
    const struct truth_month *month = &province->truth->months[index];
    struct figure_sink sink = {file, first, month->month};
    struct scope scope;
    scope_sum(&scope, month, 0, PROVINCE_DISTRICTS);
    scope_figures(&sink, (struct figure){0}, &scope);
    concentrations(&sink, (struct figure){0}, &scope, true);
    platform_figures(&sink, &scope);
    for (uint32_t stratum = 0; stratum < TRUTH_STRATA; stratum++) {
        char area[16];
        struct figure figure = {0};
        if (stratum == TRUTH_UNMATCHED + 1) continue; /* no type is 0 */
        if (stratum <= TRUTH_UNMATCHED) figure.area = figure_area(stratum, area);
        else figure.unit_type = figure_unit_type(stratum - TRUTH_UNMATCHED - 1);
        scope_sum(&scope, month, stratum, stratum + 1);
        scope_figures(&sink, figure, &scope);
        if (stratum < TRUTH_UNMATCHED) concentrations(&sink, figure, &scope, false);
    }
}
