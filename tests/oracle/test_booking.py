"""One test for each row of the tables of booking.md §4 and §5, and for what is booked beside the ledger (§3)."""
import unittest

from booking import amount_bucket
from lifecycle import FIRST_OUTCOMES
from testlog import Log, at, cells, day, outcomes, pulse

D3, D4, D5 = day("2021-09-03"), day("2021-09-04"), day("2021-09-05")


class Payments(unittest.TestCase):
    def test_captured_or_settled_is_ok_once(self):
        for first, second in (("CAPTURED", "SETTLED"), ("SETTLED", "CAPTURED"), ("CAPTURED", "CAPTURED")):
            state = Log().pay(first, "2021-09-03 10:00").pay(second, "2021-09-04 10:00", amount_minor=7).run()
            self.assertEqual(outcomes(state), [(D3, "OK", 1, 100)])
            self.assertEqual(pulse(state), {"OK": (1, 100), "PROGRESS": (1, 0)})

    def test_success_at_names_the_status_that_counts(self):
        for source, success in (("CAP", "CAPTURED"), ("SET", "SETTLED")):
            for status in ("CAPTURED", "SETTLED"):
                state = Log().pay(status, "2021-09-03 10:00", source=source, captured_at=at("2021-09-03 10:00")).run()
                self.assertEqual(len(state.ledger), int(status == success), (source, status))
                self.assertEqual(state.counts["applied"], 1)
        state = Log().pay("CAPTURED", "2021-09-03 10:00", source="SET").pay("SETTLED", "2021-09-04 10:00", source="SET").run()
        self.assertEqual(outcomes(state), [(D4, "OK", 1, 100)])
        self.assertEqual(FIRST_OUTCOMES["FIRST"], ("CAPTURED", "SETTLED"))

    def test_success_after_a_decline_is_impossible(self):
        for status in ("CAPTURED", "SETTLED"):
            state = Log().pay("DECLINED", "2021-09-03 10:00").pay(status, "2021-09-03 11:00").run()
            self.assertEqual((state.reasons, outcomes(state)), ({"impossible_state": 1}, [(D3, "DECLINED", 1, 100)]))

    def test_success_with_captured_at_and_nothing_known_is_unresolved(self):
        state = Log().pay("SETTLED", "2021-09-03 10:00", captured_at=at("2021-09-01 10:00")).run()
        self.assertEqual((outcomes(state), state.counts["unresolved"]), ([(D3, "UNRESOLVED", 1, 100)], 1))
        self.assertEqual((pulse(state), state.accounts), ({"UNRESOLVED": (1, 100)}, [["S", "M1", {}]]))

    def test_decline_is_booked_once_with_its_reason(self):
        state = Log().pay("DECLINED", "2021-09-03 10:00").pay("DECLINED", "2021-09-04 10:00", reason_class="FRAUD").run()
        (facet,) = [facet for _, facet in state.ledger[D3]]
        self.assertEqual((facet[10:], len(state.ledger)), (("DECLINED", "TECHNICAL"), 1))

    def test_decline_after_a_success_is_impossible_whatever_the_source_counts(self):
        for source, status in (("S", "CAPTURED"), ("S", "SETTLED"), ("SET", "CAPTURED"), ("CAP", "SETTLED")):
            state = Log().pay(status, "2021-09-03 10:00", source=source).pay("DECLINED", "2021-09-03 11:00", source=source).run()
            self.assertEqual(state.reasons, {"impossible_state": 1}, (source, status))

    def test_decline_with_captured_at_is_unresolved_without_reason_class(self):
        state = Log().pay("DECLINED", "2021-09-03 10:00", captured_at=0).run()
        (facet,) = [facet for _, facet in state.ledger[D3]]
        self.assertEqual(facet[10:], ("UNRESOLVED", ""))

    def test_value_given_back_needs_no_look_up(self):
        for status, outcome in (("REFUNDED", "REFUNDED"), ("PART_REFUNDED", "REFUNDED"), ("REVERSED", "REFUNDED"),
                                ("CHARGED_BACK", "CHARGED_BACK"), ("CHARGEBACK_WON", "CHARGEBACK_WON")):
            state = Log().pay(status, "2021-09-03 10:00").pay(status, "2021-09-04 10:00", captured_at=0).run()
            self.assertEqual(outcomes(state), [(D3, outcome, 1, 100), (D4, outcome, 1, 100)])

    def test_other_statuses_book_nothing_but_number_the_account(self):
        for status in ("INITIATED", "AUTHORISED", "EXPIRED", "VOIDED"):
            state = Log().pay(status, "2021-09-03 10:00").run()
            self.assertEqual((state.ledger, pulse(state), state.accounts), ({}, {"PROGRESS": (1, 0)}, [["S", "M1", {}]]))

    def test_facts_are_per_source(self):
        state = Log().pay("DECLINED", "2021-09-03 10:00").pay("CAPTURED", "2021-09-03 11:00", source="S2").run()
        self.assertEqual(state.counts["quarantined"], 0)

    def test_facet_of_a_payment(self):
        cases = (({"instrument": "EWALLET", "wallet": "ZALOPAY"}, "ZALOPAY", "POS"), ({"wallet": "MOMO"}, "", "POS"),
                 ({"instrument": "EWALLET", "wallet": "FACEBOOK"}, "OTHER", "POS"),
                 ({"instrument": "EWALLET", "context": "AD", "ad_platform": "X"}, "TWITTER", "AD"),
                 ({"instrument": "EWALLET", "context": "AD"}, "MOMO", "AD"), ({"ad_platform": "GOOGLE"}, "", "POS"),
                 ({"same_owner": True, "context": "AD", "ad_platform": "GOOGLE"}, "", "TRANSFER"), ({"merchant_id": None,
                 "terminal_id": "T9"}, "", "POS"))
        for fields, party, context in cases:
            state = Log().pay("CAPTURED", "2021-09-03 10:00", **fields).run()
            (number, facet), = state.ledger[D3]
            self.assertEqual(state.accounts[number][1], fields.get("terminal_id", "M1"))
            self.assertEqual((facet[3], facet[6]), (party, context), fields)

    def test_cross_border(self):
        cases = (("VN", "VN", "DOMESTIC"), ("CN", "VN", "IMPORT"), ("VN", "CN", "EXPORT"), ("CN", "US", "DOMESTIC"),
                (None, "VN", ""))
        for merchant, payer, border in cases:
            state = Log().pay("CAPTURED", "2021-09-03 10:00", merchant_country=merchant, payer_country=payer).run()
            self.assertEqual([facet[8] for _, facet in state.ledger[D3]], [border])

    def test_activities_and_sketches_know_only_commerce_without_cash(self):
        for fields, counted in (({}, 1), ({"instrument": "CASH"}, 0), ({"context": "TOPUP"}, 0), ({"same_owner": True}, 0)):
            state = Log().pay("CAPTURED", "2021-09-03 10:00", **fields).run()
            self.assertEqual((len(state.accounts[0][2]), len(state.day_persons)), (counted, counted), fields)
            self.assertEqual(len(state.histogram), 1)
        state = Log().pay("CAPTURED", "2021-09-03 10:00", payer_type="BUSINESS").run()
        self.assertEqual((state.accounts[0][2], state.month_persons), ({"PAID": [D3, D3]}, {}))

    def test_histogram_buckets(self):
        self.assertEqual([amount_bucket(amount) for amount in (0, 1, 2, 3, 16, 17, 31, 32, 33, 34)],
                         [0, 1, 17, 25, 65, 66, 80, 81, 81, 82])


class Orders(unittest.TestCase):
    def test_created_is_booked_once(self):
        state = Log().order("created", "2021-09-03 10:00").order("created", "2021-09-04 10:00").run()
        self.assertEqual((outcomes(state), state.reasons), ([(D3, "CREATED", 1, 100)], {"impossible_state": 1}))

    def test_created_is_booked_for_the_business_buyer_too(self):
        state = Log().order("created", "2021-09-03 10:00", buyer_type="BUSINESS", buyer_id="B7").run()
        self.assertEqual(cells(state), {(D3, "M1", "SELLER", "CREATED"): (1, 100, 0), (D3, "B7", "BUYER", "CREATED"): (1,
                100, 0)})
        self.assertEqual(state.accounts, [["S", "M1", {"SOLD": [D3, D3]}], ["S", "B7", {"BOUGHT": [D3, D3]}]])
        self.assertEqual((pulse(state), state.month_persons), ({"CREATED": (1, 100)}, {}))
        self.assertEqual([cell[0] for found in state.histogram.values() for cell in found.values()], [1])
        state = Log().order("created", "2021-09-03 10:00", buyer_type="BUSINESS", buyer_id=None).run()
        self.assertEqual(len(state.accounts), 1)

    def test_steps_without_figures_book_nothing(self):
        for step in ("paid", "confirmed", "return_requested"):
            state = Log().order(step, "2021-09-03 10:00").run()
            self.assertEqual((state.ledger, state.counts["applied"], pulse(state)), ({}, 1, {"PROGRESS": (1, 0)}))

    def test_back_booked_steps_use_the_carried_date_first(self):
        for step, before, carried, outcome, total in (("cancelled", "created", "order_created_at", "CANCELLED", 100),
                                                      ("failed_delivery", "shipped", "shipped_at", "FAILED", 100)):
            log = Log().order(before, "2021-09-03 10:00").order(step, "2021-09-05 10:00")
            self.assertIn((D3, outcome, 1, total), outcomes(log.run()))
            log = Log().order(before, "2021-09-03 10:00").order(step, "2021-09-05 10:00", **{carried: at("2021-09-04 10:00")})
            self.assertIn((D4, outcome, 1, total), outcomes(log.run()))
            state = Log().order(step, "2021-09-05 10:00").run()
            self.assertEqual((outcomes(state), state.counts["unresolved"]), ([(D5, "UNRESOLVED", 1, 100)], 1))
            self.assertEqual(pulse(state), {"UNRESOLVED": (1, 100)})
            state = Log().order(step, "2021-09-04 10:00", **{carried: at("2021-09-05 10:00")}).run()
            self.assertEqual((state.ledger, state.reasons), ({}, {"impossible_state": 1}))

    def test_the_latest_fact_of_the_stage_counts(self):
        log = Log().order("shipped", "2021-09-03 10:00").order("shipped", "2021-09-04 10:00").order("failed_delivery",
                "2021-09-05 10:00")
        self.assertIn((D4, "FAILED", 1, 100), outcomes(log.run()))

    def test_own_day_steps(self):
        for step, outcome in (("shipped", "SHIPPED"), ("refunded", "REFUNDED"), ("delivered", "DELIVERED")):
            state = Log().order(step, "2021-09-03 10:00", delivered_at=at("2021-09-01 10:00")).run()
            self.assertEqual(outcomes(state), [(D3, outcome, 1, 100)])

    def test_delivered_before_its_creation_day_is_impossible(self):
        state = Log().order("created", "2021-09-04 10:00").order("delivered", "2021-09-03 10:00", ingest="2021-09-04 11:00").run()
        self.assertEqual(state.reasons, {"impossible_state": 1})
        state = Log().order("delivered", "2021-09-03 10:00", order_created_at=at("2021-09-03 23:00")).run()
        self.assertEqual(state.counts["applied"], 1)

    def test_returned_books_its_cohort_and_its_value(self):
        log = Log().order("delivered", "2021-09-03 10:00").order("returned", "2021-09-05 10:00")
        state = log.run()
        self.assertEqual(outcomes(state), [(D3, "DELIVERED", 1, 100), (D3, "RETURNED", 1, 0), (D5, "RETURN_VALUE", 1, 100)])
        self.assertEqual(pulse(state)["RETURNED"], (1, 100))
        state = Log().order("returned", "2021-09-05 10:00", delivered_at=at("2021-09-04 10:00")).run()
        self.assertEqual(outcomes(state), [(D4, "RETURNED", 1, 0), (D5, "RETURN_VALUE", 1, 100)])
        state = Log().order("returned", "2021-09-05 10:00").run()
        self.assertEqual(outcomes(state), [(D5, "RETURN_VALUE", 1, 100), (D5, "UNRESOLVED", 1, 100)])
        self.assertEqual((pulse(state), state.counts["unresolved"]), ({"UNRESOLVED": (1, 100)}, 1))
        state = Log().order("returned", "2021-09-03 10:00", delivered_at=at("2021-09-04 10:00")).run()
        self.assertEqual((state.ledger, state.reasons), ({}, {"impossible_state": 1}))

    def test_booking_day_below_the_floor_is_too_old_and_books_nothing(self):
        state = Log().order("returned", "2021-09-05 10:00", delivered_at=at("2021-09-03 10:00")).run(retention__days=2)
        self.assertEqual((state.ledger, state.reasons, state.accounts), ({}, {"too_old": 1}, []))

    def test_outlets_and_categories(self):
        cases = (({"platform": "_Z"}, "OTHER", "", 0), ({"platform": "AMAZON"}, "OTHER", "", 1),
                 ({"channel": "OWN_APP", "platform": "AMAZON"}, "OWN_APP", "", 0), ({"product_class": "FOOD"}, "SHOPEE",
                 "FOOD", 0),
                 ({"product_class": "CARS"}, "SHOPEE", "OTHER", 1))
        for fields, outlet, category, unknown in cases:
            state = Log().order("created", "2021-09-03 10:00", **fields).run()
            (_, facet), = state.ledger[D3]
            self.assertEqual((facet[2], facet[7], state.counts["open_unknown"]), (outlet, category, unknown), fields)

    def test_typed_orders_are_no_activity_and_no_buyer(self):
        for channel in ("EMAIL", "PHONE"):
            state = Log().order("created", "2021-09-03 10:00", channel=channel, platform="_Z").run()
            self.assertEqual((state.accounts[0][2], state.month_persons, len(state.histogram)), ({}, {}, 1))
        state = Log().order("created", "2021-09-03 10:00").run()
        self.assertEqual((state.day_persons, state.accounts[0][2]), ({D3: {("ORDER", "SHOPEE"): {"b1"}}}, {"SOLD": [D3, D3]}))


class Others(unittest.TestCase):
    def test_ride(self):
        ride = {"trip_id": "T1", "operator": "GRAB", "fare_minor": 55, "currency": "VND"}
        state = Log().event("ride.completed", "2021-09-03 10:00", **ride).event("ride.completed", "2021-09-03 11:00",
                                                                               buyer_type="BUSINESS", **ride).run()
        self.assertEqual(sorted((facet[2], facet[9], facet[10]) for _, facet in state.ledger[D3]),
                         [("RIDE_APP", "BUSINESS", "OK"), ("RIDE_APP", "HOUSEHOLD", "OK")])
        self.assertEqual((pulse(state), state.histogram, state.accounts), ({"OK": (2, 110)}, {}, [["S", "GRAB", {}]]))

    def test_website_is_booked_on_the_day_of_its_change(self):
        log = Log().event("website.observed", "2021-09-05 10:00", merchant_id="M1", content_changed_at=at("2021-09-03 10:00"))
        state = log.run()
        self.assertEqual((cells(state), state.accounts), ({(D3, "M1", "SELLER", "OBSERVED"): (1, 0, 0)},
                                                          [["S", "M1", {"CHANGED": [D3, D3]}]]))
        log.event("website.observed", "2021-09-05 10:00", merchant_id="M1", content_changed_at=at("2021-09-05 10:06"))
        log.event("website.observed", "2021-09-05 10:00", merchant_id="M1", content_changed_at=at("2014-12-31 10:00"))
        self.assertEqual(log.run().reasons, {"future": 1, "too_old": 1})

    def test_units_are_kept_and_nothing_else(self):
        state = Log().unit("M1", "2019-01-01").unit("M1", "2019-01-01", event_id="r0").run()
        self.assertEqual((len(state.units), state.counts["applied"], state.counts["duplicate"]), (1, 1, 1))
        self.assertEqual((state.accounts, state.minutes, state.watermark), ([], {}, None))

    def test_accounts_are_numbered_in_order_of_first_need(self):
        log = Log().order("created", "2021-09-03 10:00", seller_id="A", buyer_type="BUSINESS", buyer_id="B")
        log.order("paid", "2021-09-03 10:00", seller_id="C", buyer_type="BUSINESS", buyer_id="D").order("paid",
                "2021-09-03 11:00", seller_id="B")
        self.assertEqual([account for _, account, _ in log.run().accounts], ["A", "B", "C"])


if __name__ == "__main__":
    unittest.main()
