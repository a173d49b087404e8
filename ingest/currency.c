/* Currencies: ISO 4217 list one, the codes that have minor units, and how many decimals those are.
 *
 * The list is schemas/codes/currencies.csv (with its provenance); tests/unit/test_decode_currency.c compares the
 * two. Codes without minor units (XAU, XDR, XXX, ...) are left out: an amount in them cannot be written in minor
 * units. Withdrawn codes that events since 2015 may still carry are kept. Nearly every event is in the reporting
 * currency, which the decoder compares first, so that this table is searched for foreign amounts only: a binary
 * search over three packed letters is enough. */
#include "decode.h"
#include "ingest/decode_fields.h"

#define PACK(a, b, c) ((int32_t)((a) << 16 | (b) << 8 | (c)))
#define CODE(text, exponent) {PACK((text)[0], (text)[1], (text)[2]), (exponent)}

struct currency {
    int32_t code;
    int32_t exponent;
};

/* Ascending by code. */
static const struct currency currencies[] = {
    CODE("AED", 2), CODE("AFN", 2), CODE("ALL", 2), CODE("AMD", 2), CODE("ANG", 2), CODE("AOA", 2),
    CODE("ARS", 2), CODE("AUD", 2), CODE("AWG", 2), CODE("AZN", 2), CODE("BAM", 2), CODE("BBD", 2),
    CODE("BDT", 2), CODE("BGN", 2), CODE("BHD", 3), CODE("BIF", 0), CODE("BMD", 2), CODE("BND", 2),
    CODE("BOB", 2), CODE("BOV", 2), CODE("BRL", 2), CODE("BSD", 2), CODE("BTN", 2), CODE("BWP", 2),
    CODE("BYN", 2), CODE("BZD", 2), CODE("CAD", 2), CODE("CDF", 2), CODE("CHE", 2), CODE("CHF", 2),
    CODE("CHW", 2), CODE("CLF", 4), CODE("CLP", 0), CODE("CNY", 2), CODE("COP", 2), CODE("COU", 2),
    CODE("CRC", 2), CODE("CUC", 2), CODE("CUP", 2), CODE("CVE", 2), CODE("CZK", 2), CODE("DJF", 0),
    CODE("DKK", 2), CODE("DOP", 2), CODE("DZD", 2), CODE("EGP", 2), CODE("ERN", 2), CODE("ETB", 2),
    CODE("EUR", 2), CODE("FJD", 2), CODE("FKP", 2), CODE("GBP", 2), CODE("GEL", 2), CODE("GHS", 2),
    CODE("GIP", 2), CODE("GMD", 2), CODE("GNF", 0), CODE("GTQ", 2), CODE("GYD", 2), CODE("HKD", 2),
    CODE("HNL", 2), CODE("HRK", 2), CODE("HTG", 2), CODE("HUF", 2), CODE("IDR", 2), CODE("ILS", 2),
    CODE("INR", 2), CODE("IQD", 3), CODE("IRR", 2), CODE("ISK", 0), CODE("JMD", 2), CODE("JOD", 3),
    CODE("JPY", 0), CODE("KES", 2), CODE("KGS", 2), CODE("KHR", 2), CODE("KMF", 0), CODE("KPW", 2),
    CODE("KRW", 0), CODE("KWD", 3), CODE("KYD", 2), CODE("KZT", 2), CODE("LAK", 2), CODE("LBP", 2),
    CODE("LKR", 2), CODE("LRD", 2), CODE("LSL", 2), CODE("LYD", 3), CODE("MAD", 2), CODE("MDL", 2),
    CODE("MGA", 2), CODE("MKD", 2), CODE("MMK", 2), CODE("MNT", 2), CODE("MOP", 2), CODE("MRU", 2),
    CODE("MUR", 2), CODE("MVR", 2), CODE("MWK", 2), CODE("MXN", 2), CODE("MXV", 2), CODE("MYR", 2),
    CODE("MZN", 2), CODE("NAD", 2), CODE("NGN", 2), CODE("NIO", 2), CODE("NOK", 2), CODE("NPR", 2),
    CODE("NZD", 2), CODE("OMR", 3), CODE("PAB", 2), CODE("PEN", 2), CODE("PGK", 2), CODE("PHP", 2),
    CODE("PKR", 2), CODE("PLN", 2), CODE("PYG", 0), CODE("QAR", 2), CODE("RON", 2), CODE("RSD", 2),
    CODE("RUB", 2), CODE("RWF", 0), CODE("SAR", 2), CODE("SBD", 2), CODE("SCR", 2), CODE("SDG", 2),
    CODE("SEK", 2), CODE("SGD", 2), CODE("SHP", 2), CODE("SLE", 2), CODE("SLL", 2), CODE("SOS", 2),
    CODE("SRD", 2), CODE("SSP", 2), CODE("STN", 2), CODE("SVC", 2), CODE("SYP", 2), CODE("SZL", 2),
    CODE("THB", 2), CODE("TJS", 2), CODE("TMT", 2), CODE("TND", 3), CODE("TOP", 2), CODE("TRY", 2),
    CODE("TTD", 2), CODE("TWD", 2), CODE("TZS", 2), CODE("UAH", 2), CODE("UGX", 0), CODE("USD", 2),
    CODE("USN", 2), CODE("UYI", 0), CODE("UYU", 2), CODE("UYW", 4), CODE("UZS", 2), CODE("VED", 2),
    CODE("VES", 2), CODE("VND", 0), CODE("VUV", 0), CODE("WST", 2), CODE("XAF", 0), CODE("XCD", 2),
    CODE("XCG", 2), CODE("XOF", 0), CODE("XPF", 0), CODE("YER", 2), CODE("ZAR", 2), CODE("ZMW", 2),
    CODE("ZWL", 2),
};

int32_t currency_pack(struct slice code) {
    if (code.length != 3) return 0;
    for (size_t i = 0; i < 3; i++) {
        if (code.data[i] < 'A' || code.data[i] > 'Z') return 0;
    }
    return PACK(code.data[0], code.data[1], code.data[2]);
}

int currency_exponent(struct slice code) {
    int32_t wanted = currency_pack(code);
    size_t low = 0;
    size_t high = sizeof(currencies) / sizeof(currencies[0]);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (currencies[middle].code == wanted) return currencies[middle].exponent;
        if (currencies[middle].code < wanted) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return -1;
}
