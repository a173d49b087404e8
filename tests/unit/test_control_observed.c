/* Disclosure control of what is observed (AD_SPEND_V): accounts of no unit count, ad platforms add up, and less the payments that
 * are published beside it nothing is told. */
#include "snapshot_scene.h"

static const struct disclosure_rules standard = {
    .min_units = 5,
    .min_platforms = 3,
    .min_payers = 10,
    .p = 10,
    .dominance = DOMINANCE_P,
    .near_ends = true,
    .allow_zero = true,
    .windows = true,
};

/* What businesses pay in September 2021 (households, too, in raw figures): to `ads` accounts of `parties` ad platforms, the first
 * `matched` of which belong to units, and to `others` of no unit; accounts are known through `sources` sources. */
struct payments {
    int ads, parties, matched, others, sources;
};

static uint64_t payment(enum context context, enum person_type who, enum party party) {
    uint64_t facet = facet_with_family(0, FAMILY_PAYMENT);
    facet = facet_with_role(facet, ROLE_SELLER);
    facet = facet_with_party(facet, party);
    facet = facet_with_instrument(facet, INSTRUMENT_CARD);
    facet = facet_with_context(facet, context);
    facet = facet_with_person_type(facet, who);
    return facet_with_outcome(facet, OUTCOME_OK);
}

static void take(const struct payments *paid, const char *period, bool raw, struct obs_table *table) {
    static const enum party parties[] = {PARTY_FACEBOOK, PARTY_GOOGLE, PARTY_TIKTOK, PARTY_NONE, PARTY_MOMO};
    struct scene scene;
    struct snapshot_result result;
    scene_open(&scene);
    scene_partition(&scene, "t", 0, 40, "2021-10-02T00:00:00Z", true);
    for (int i = 0; i < paid->ads + paid->others; i++) {
        char id[16];
        char source[16];
        char fields[512];
        bool ad = i < paid->ads;
        uint64_t facet = payment(ad ? CONTEXT_AD : CONTEXT_POS, ad ? PERSON_BUSINESS : PERSON_HOUSEHOLD,
                                 ad ? parties[i % paid->parties] : PARTY_NONE);
        (void)snprintf(id, sizeof(id), "A%d", i);
        (void)snprintf(source, sizeof(source), "PSP%d", i % paid->sources);
        scene_account(&scene, (uint32_t)i, source, id, "18800-20300;;;");
        scene_cell(&scene, (uint32_t)i, "2021-09-10", facet, 20, 1000 + i);
        facet = payment(CONTEXT_AD, PERSON_HOUSEHOLD, PARTY_FACEBOOK);
        if (ad && raw) scene_cell(&scene, (uint32_t)i, "2021-09-11", facet, 20, 7);
        if (i >= paid->matched) continue;
        (void)snprintf(fields, sizeof(fields),
                       "\"merchant_id\":\"A%d\",\"valid_from\":\"2020-01-01\",\"recorded_at\":\"2020-01-02T00:00:00Z\","
                       "\"status\":\"ACTIVE\",\"legal_form\":\"ENTERPRISE\",\"unit_type\":\"GENERIC\",\"vsic\":\"73100\","
                       "\"vsic_version\":\"2018\",\"district\":390",
                       i);
        scene_unit(&scene, fields);
    }
    struct snapshot_options options = scene_options(&scene, period);
    options.disclosure = standard;
    options.raw = raw;
    scene_snapshot(&scene, &options, &result, table);
    scene_close(&scene);
}

static const char *cell_of(const struct obs_table *table, const char *area, const char *indicator, const char *platform,
                           const char *period, int column) {
    char key[160];
    (void)snprintf(key, sizeof(key), "%s %s O _T _T _T %s %s %s", area, indicator, platform,
                   strcmp(indicator, "AD_SPEND_V") == 0 ? "_Z" : "_T", period);
    const struct obs_row *row = scene_row(table, key);
    assert_non_null(row);
    return row->cells[column];
}

static void ad_platforms_add_up_whoever_the_accounts_belong_to(void **state) {
    (void)state;
    static const char *const platforms[] = {"FACEBOOK", "INSTAGRAM", "TWITTER", "GOOGLE", "TIKTOK", "AD_OTHER", "_T"};
    static const char *const values[] = {"2005", "0", "0", "2007", "2009", "2007", "8028"};
    struct obs_table table;
    take(&(struct payments){.ads = 8, .parties = 5, .matched = 4, .others = 3, .sources = 3}, "2021-09", true, &table);
    /* businesses: 1000 and 1005 to Facebook, 1001 and 1006, 1002 and 1007; 1003 to nobody named, 1004 with a wallet's name */
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        assert_string_equal(cell_of(&table, "VN_38", "AD_SPEND_V", platforms[i], "2021-09", OBS_VALUE), values[i]);
    assert_null(scene_row(&table, "VN_38_U AD_SPEND_V O _T _T _T _T _Z 2021-09"));
    assert_null(scene_row(&table, "VN_38_D390 AD_SPEND_V O _T _T _T _T _Z 2021-09"));
    assert_string_equal(cell_of(&table, "VN_38", "PAYV_GROSS", "_Z", "2021-09", OBS_VALUE), "4034");
    obs_table_close(&table);
}

static void what_is_left_of_payments_is_judged(void **state) {
    (void)state;
    static const struct {
        struct payments paid;
        const char *ad, *unmatched; /* CONF_STATUS of the total, and of the payments of no unit */
    } cases[] = {
        {{9, 3, 0, 0, 3}, "F", "F"},  {{9, 3, 0, 1, 3}, "D", "F"}, {{9, 3, 0, 4, 3}, "D", "F"}, {{9, 3, 0, 6, 3}, "F", "F"},
        {{9, 3, 0, 12, 2}, "F", "A"}, /* the payments are withheld, so nothing can be subtracted from them */
        {{9, 2, 0, 0, 3}, "A", "D"},  {{9, 3, 0, 0, 2}, "D", "A"}, /* one number in two rows */
        {{9, 2, 0, 6, 3}, "A", "F"},  {{4, 3, 0, 6, 3}, "A", "F"},
        {{9, 3, 9, 6, 3}, "F", "F"},  {{9, 3, 9, 1, 3}, "F", "A"}, /* of units: not among the payments of no unit */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct obs_table table;
        take(&cases[i].paid, "2021-09", false, &table);
        assert_string_equal(cell_of(&table, "VN_38", "AD_SPEND_V", "_T", "2021-09", OBS_CONF_STATUS), cases[i].ad);
        assert_string_equal(cell_of(&table, "VN_38_U", "PAYV_GROSS", "_Z", "2021-09", OBS_CONF_STATUS), cases[i].unmatched);
        /* one company's revenue */
        assert_string_equal(cell_of(&table, "VN_38", "AD_SPEND_V", "GOOGLE", "2021-09", OBS_CONF_STATUS), "A");
        obs_table_close(&table);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ad_platforms_add_up_whoever_the_accounts_belong_to),
        cmocka_unit_test(what_is_left_of_payments_is_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
