/* Rides and website observations: families of one message each.
 *
 * A ride makes its operator a service business with an electronic channel. A website is observed by a crawler that says
 * when the content last changed; the observation is booked to that day, up to three weeks back. */
#include "ingest/province_truth.h"

static const struct province_plan ride_plan = {.steps = {{KIND_RIDE_COMPLETED, DELAY_NONE}}};
static const struct province_plan website_plan = {.steps = {{KIND_WEBSITE_OBSERVED, DELAY_NONE}}};

void province_ride_new(struct province *province, const struct province_promise *promise, struct province_story *story) {
    struct province_random *random = &province->random;
    province_story_begin(province, story, FAMILY_RIDE);
    story->plan = &ride_plan;
    story->outlet = OUTLET_RIDE_APP;
    story->account = promise ? promise->account : province_account_pick(province, POOL_RIDE);
    story->amount_minor = province_amount(province, 12, 120);
    story->buyer = province_random_below(random, PROVINCE_PERSONS);
    story->nameless = province_random_chance(random, 5000);
    story->person_type = PERSON_HOUSEHOLD;
    if (!promise && province_random_chance(random, 600)) story->person_type = PERSON_BUSINESS;
    story->promised = promise != NULL;
    if (story->number % 9 != 0) story->driver = 1 + (uint32_t)(province_random_spread(story->number) % PROVINCE_DRIVERS);
}

void province_website_new(struct province *province, struct province_story *story) {
    province_story_begin(province, story, FAMILY_WEBSITE);
    story->plan = &website_plan;
    story->account = province_account_pick(province, POOL_CRAWL);
    int64_t ago_ms = (int64_t)province_random_below(&province->random, 21 * 86400) * 1000;
    story->created_ms = province->now_ms - 120000 - ago_ms;
}

void province_ride_text(struct province *province, const struct province_story *story) {
    struct province_text *text = &province->text;
    province_head_text(province, story, "ride.completed", 'd');
    PROVINCE_TEXT(text, ",\"trip_id\":\"d");
    province_text_number(text, (int64_t)story->number);
    PROVINCE_TEXT(text, "\"");
    province_text_field(text, "operator", province->units.accounts[story->account].id);
    if (story->driver != 0) {
        PROVINCE_TEXT(text, ",\"driver_id\":\"w");
        province_text_number(text, story->driver);
        PROVINCE_TEXT(text, "\"");
    }
    province_money_text(province, story, "fare_minor");
    if (story->person_type == PERSON_BUSINESS) {
        PROVINCE_TEXT(text, ",\"buyer_type\":\"BUSINESS\",\"buyer_id\":\"corp ");
        province_text_number(text, story->buyer % 500);
        PROVINCE_TEXT(text, "\"");
    } else if (!story->nameless) {
        if (story->number % 2) province_text_field(text, "buyer_type", "HOUSEHOLD");
        province_person_text(text, "buyer_id", story->buyer);
    }
    province_text_string(text, story->number % 4 ? ",\"vehicle\":\"MOTORBIKE\"" : ",\"vehicle\":\"CAR\",\"distance_m\":5200");
    province_tail_text(province, story);
}

void province_ride_book(struct province *province, struct province_story *story) {
    province_truth_ride(province, story, province_day(story->event_ms));
    province_truth_pulse(province, story, OUTCOME_OK, story->amount_minor);
}

void province_website_text(struct province *province, const struct province_story *story) {
    province_head_text(province, story, "website.observed", 'w');
    province_text_field(&province->text, "merchant_id", province->units.accounts[story->account].id);
    province_time_text(province, story, "content_changed_at", story->created_ms);
    province_tail_text(province, story);
}

void province_website_book(struct province *province, struct province_story *story) {
    province_truth_website(province, story, province_day(story->created_ms));
    province_truth_pulse(province, story, OUTCOME_OBSERVED, 0);
}
