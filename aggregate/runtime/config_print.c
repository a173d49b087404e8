/* The settings table for people: `nhip config --help`, ops/config.md, ops/nhip.conf.example. All three come from
 * settings.c and are compared with the files in the tests, so they cannot drift. */
#include "aggregate/runtime/settings.h"

static const char *scope_title(enum setting_scope scope) {
    switch (scope) {
    case SCOPE_OPERATION:
        return "operation";
    case SCOPE_STATE:
        return "state";
    case SCOPE_PRESENTATION:
        return "presentation";
    }
    return "";
}

void config_print_help(FILE *out) {
    for (size_t i = 0; i < settings_count; i++) {
        const struct setting *setting = &settings_table[i];
        (void)fprintf(out, "  %-21s %s%s\n  %-21s default: %s\n", setting->name, setting->prose,
                      setting->scope == SCOPE_STATE ? " [state]" : "", "",
                      setting->initial[0] != '\0' ? setting->initial : "(empty)");
    }
    (void)fprintf(
        out,
        "  %-21s Everything after `kafka.` goes to librdkafka as it is.\n\n"
        "Settings marked [state] change what the stored numbers mean: a worker refuses to continue a state under other\n"
        "values; use a new `namespace` and read the log again.\n",
        "kafka.*");
}

void config_print_markdown(FILE *out) {
    (void)fprintf(
        out,
        "# Settings\n\nMade by `nhip config --markdown` from the table in the code. Order of precedence: `--set key=value`, "
        "environment\n"
        "(`NHIP_` + the name in capitals, `.` as `_`), file (`--config`), default. `kafka.*` goes to librdkafka as it is.\n"
        "Scope *state*: changes what the stored numbers mean; a state is only continued under the values it was made with.\n\n"
        "| setting | default | accepted | scope | meaning |\n|---|---|---|---|---|\n");
    for (size_t i = 0; i < settings_count; i++) {
        const struct setting *setting = &settings_table[i];
        char accepted[160];
        setting_accepts(setting, accepted, sizeof(accepted));
        (void)fprintf(out, "| `%s` | %s%s%s | %s | %s | %s |\n", setting->name, setting->initial[0] ? "`" : "", setting->initial,
                      setting->initial[0] ? "`" : "", accepted, scope_title(setting->scope), setting->prose);
    }
}

void config_print_example(FILE *out) {
    (void)fprintf(
        out,
        "# nhip.conf: every setting with its default. Uncomment what you change. `nhip config --config FILE` shows the result.\n"
        "kafka.bootstrap.servers = 127.0.0.1:9092\n");
    for (size_t i = 0; i < settings_count; i++) {
        (void)fprintf(out, "\n# %s\n#%s = %s\n", settings_table[i].prose, settings_table[i].name, settings_table[i].initial);
    }
}
