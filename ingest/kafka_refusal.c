/* Which of librdkafka's errors are a closed door, and how to open it: see kafka_refusal.h.
 *
 * librdkafka tries again for ever, whatever the reason, and a program that does the same with a wrong password is only noticed by
 * those who miss its figures. Codes alone do not tell: a broker that is just going down also breaks a handshake (`unexpected eof
 * while reading`), and one that does not like our certificate says so in an alert that arrives as a transport error, since
 * TLS 1.3 after the handshake. So for TLS the words are looked at; they are OpenSSL's names of reasons and alerts and do not
 * change.
 *
 * SCRAM: librdkafka before 2.6.1 sends its nonce twice. Kafka let that pass until 3.9; Kafka 4 calls it invalid credentials,
 * which would send people looking for a typing error in the password. */
#include "ingest/kafka_refusal.h"

#include <string.h>

enum { SCRAM_FIXED = 0x02060100 };

static bool unknown_to_sasl(rd_kafka_resp_err_t error, const char *text) {
    return error == RD_KAFKA_RESP_ERR__AUTHENTICATION || error == RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED ||
           error == RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM || error == RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE ||
           strstr(text, "SASL authentication error") != NULL;
}

static bool untrusted(const char *text) {
    static const char *const reasons[] = {"certificate verify failed", "alert", "wrong version number", "unsupported protocol",
                                          "no certificate"};
    if (strstr(text, "SSL routines") == NULL) return false;
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (strstr(text, reasons[i]) != NULL) return true;
    }
    return false;
}

static bool forbidden(rd_kafka_resp_err_t error) {
    return error == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED || error == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED ||
           error == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED;
}

static const char *missing_right(rd_kafka_resp_err_t error) {
    if (error == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED) return "Read on the group kafka.group.id (default: `namespace`)";
    if (error == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
        return "Read on each topic that is read, Write on each that is written to";
    return "Write on the topic that is written to, such as deadletter.topic"; /* an idempotent producer asks the cluster first */
}

bool kafka_refused(rd_kafka_resp_err_t error, const char *text, const char *bootstrap, struct fault *fault) {
    char remedy[256];
    if (untrusted(text)) {
        (void)snprintf(remedy, sizeof(remedy),
                       "check kafka.security.protocol, kafka.ssl.ca.location and our own kafka.ssl.certificate.location and "
                       "kafka.ssl.key.location");
    } else if (unknown_to_sasl(error, text)) {
        bool scram = strstr(text, "SCRAM") != NULL && rd_kafka_version() < SCRAM_FIXED;
        (void)snprintf(remedy, sizeof(remedy),
                       "check kafka.sasl.mechanism, kafka.sasl.username and kafka.sasl.password%s%s%s",
                       scram ? "; Kafka 4 takes SCRAM from librdkafka 2.6.1 and later only, and this is " : "",
                       scram ? rd_kafka_version_str() : "", scram ? ": PLAIN over TLS works with both" : "");
    } else if (forbidden(error)) {
        (void)snprintf(remedy, sizeof(remedy), "an ACL is missing: %s (ops/kafka.md)", missing_right(error));
    } else {
        return false;
    }
    (void)fault_set(fault, STOP_KAFKA_CLOSED, false, "Kafka at %.80s refuses us: %.180s; %s", bootstrap, text, remedy);
    return true;
}
