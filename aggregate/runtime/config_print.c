/* The settings table for people: `nhip config --help`, ops/config.md, ops/nhip.conf.example. All come from
 * settings.c and are compared with the files in the tests, so they cannot drift. */
#include "aggregate/runtime/settings.h"

#include "aggregate/runtime/manual.h"

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

void config_print_manual(FILE *out) {
    manual_head("nhip.conf", 5, "settings of nhip", out);
    (void)fputs(".Sh DESCRIPTION\n"
                "A line is\n.Ql key = value ;\nempty lines and lines that begin with\n.Ql #\nsay nothing.\n"
                "The same settings are taken from\n.Fl -set Ar key=value\nand from the environment\n.Po\n.Ev NHIP_\n"
                "and the name in capitals, with\n.Ql _\nfor\n.Ql \\&.\n.Pc ;\n"
                "the command line wins over the environment, and that over the file.\n"
                "What begins with\n.Ic kafka.*\ngoes to librdkafka as it is, such as\n"
                ".Ic kafka.bootstrap.servers .\n.Pp\n"
                "A setting of scope\n.Em state\nchanges what the stored numbers mean: a state is only continued under the\n"
                "values that it was made with.\n"
                "Another value needs a new\n.Ic namespace .\n.Bl -tag -width Ds\n",
                out);
    for (size_t i = 0; i < settings_count; i++) {
        const struct setting *setting = &settings_table[i];
        char accepted[160], values[512];
        setting_accepts(setting, accepted, sizeof(accepted));
        (void)snprintf(values, sizeof(values), "Scope: %s. Accepted: %s. Default: %s.", scope_title(setting->scope), accepted,
                       setting->initial[0] != '\0' ? setting->initial : "empty");
        (void)fprintf(out, ".It Ic %s\n", setting->name);
        manual_text(setting->prose, out);
        manual_text(values, out);
    }
    (void)fputs(".El\n.Sh FILES\n.Bl -tag -width Ds\n.It Pa /etc/nhip/nhip.conf\nwhat the services read\n.El\n"
                ".Sh EXAMPLES\n.Bd -literal\nkafka.bootstrap.servers = 127.0.0.1:9092\nredis.address = 127.0.0.1:6379\n"
                "http.listen = 127.0.0.1:9478\n.Ed\n.Sh SEE ALSO\n.Xr nhip 1 ,\n.Xr nhip-config 1\n",
                out);
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
