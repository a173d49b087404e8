/* Reading settings: defaults, then the file, then the environment, then --set; each value remembers where it came
 * from, so that every message can name the file and line, or the variable, and `nhip config` can show it.
 *
 * Values are checked when they are read, not when they are used: a wrong setting stops the program before it has
 * touched anything. An unknown key is refused with the nearest known one. Passwords and keys come from files or the
 * environment and are never printed. */
#include "aggregate/runtime/config.h"

#include "aggregate/runtime/digest.h"
#include "aggregate/runtime/settings.h"
#include "aggregate/runtime/nearest.h"
#include "check.h"
#include "zone.h"

#include <ctype.h>
#include <errno.h>

enum { LINE_BYTES_MAX = 4096, ORIGIN_BYTES = 256, KAFKA_MAX = 128, SECRET_MIN = 16, SECRET_MAX = 256 };

static const char secret_default[] = "nhip development key, not secret";

struct config {
    struct settings settings;
    char **texts;   /* value of each setting as written */
    char **origins; /* where it came from */
    struct kafka_property kafka[KAFKA_MAX];
    size_t kafka_count;
    char secret[SECRET_MAX];
    size_t secret_length;
    bool secret_default_used;
    char *password;
    char state_hash[DIGEST_TEXT_BYTES];
    char presentation_hash[DIGEST_TEXT_BYTES];
};

static char *copy(const char *text) {
    char *made = strdup(text);
    CHECK_MEMORY(made != NULL);
    return made;
}

static bool parse_integer(const char *text, int64_t *value, const char **rest) {
    if (!isdigit((unsigned char)text[0])) return false;
    char *end = NULL;
    errno = 0;
    *value = strtoll(text, &end, 10);
    *rest = end;
    return errno == 0;
}

bool config_duration(const char *text, int64_t *ms) {
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
    const char *rest = NULL;
    int64_t number = 0;
    if (!parse_integer(text, &number, &rest)) return false;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(rest, units[i].unit) == 0) return !__builtin_mul_overflow(number, units[i].ms, ms);
    }
    return false;
}

static bool apply_word(const char *const *words, const char *text, int64_t *number) {
    for (int64_t i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], text) != 0) continue;
        *number = i;
        return true;
    }
    return false;
}

/* Puts `text` into the struct; false when the type does not accept it. */
static bool apply(struct config *config, size_t index, const char *text) {
    const struct setting *setting = &settings_table[index];
    void *member = (char *)&config->settings + setting->offset;
    const char *rest = "";
    int64_t number = 0;
    int32_t day = 0;
    switch (setting->type) {
    case SETTING_TEXT:
        *(const char **)member = config->texts[index];
        return true;
    case SETTING_COUNT:
        if (!parse_integer(text, &number, &rest) || *rest != '\0') return false;
        break;
    case SETTING_DURATION:
        if (!config_duration(text, &number)) return false;
        break;
    case SETTING_SWITCH:
    case SETTING_DURABILITY:
    case SETTING_DOMINANCE:
        return apply_word(setting_words(setting->type), text, member);
    case SETTING_DATE:
        if (!iso_date_parse(slice_of(text), &day)) return false;
        *(int64_t *)member = day;
        return true;
    }
    if (number < setting->min || number > setting->max) return false;
    *(int64_t *)member = number;
    return true;
}

static const char *nearest(const char *key) {
    const char *best = settings_table[0].name;
    for (size_t i = 1; i < settings_count; i++) {
        if (text_distance(settings_table[i].name, key) < text_distance(best, key)) best = settings_table[i].name;
    }
    return best;
}

static bool assign_kafka(struct config *config, const char *key, const char *value, const char *origin, struct fault *fault) {
    for (size_t i = 0; i < config->kafka_count; i++) {
        if (strcmp(config->kafka[i].key, key) != 0) continue;
        char *said_before = (char *)(uintptr_t)config->kafka[i].value;
        config->kafka[i].value = copy(value);
        free(said_before);
        return true;
    }
    if (config->kafka_count == KAFKA_MAX) {
        return fault_set(fault, STOP_SETTING, false, "%s: more than %d kafka.* settings", origin, KAFKA_MAX);
    }
    config->kafka[config->kafka_count++] = (struct kafka_property){.key = copy(key), .value = copy(value)};
    return true;
}

static bool assign(struct config *config, const char *key, const char *value, const char *origin, struct fault *fault) {
    if (strncmp(key, "kafka.", 6) == 0) return assign_kafka(config, key + 6, value, origin, fault);
    for (size_t i = 0; i < settings_count; i++) {
        if (strcmp(settings_table[i].name, key) != 0) continue;
        free(config->texts[i]);
        free(config->origins[i]);
        config->texts[i] = copy(value);
        config->origins[i] = copy(origin);
        if (apply(config, i, config->texts[i])) return true;
        char accepted[160];
        setting_accepts(&settings_table[i], accepted, sizeof(accepted));
        return fault_set(fault, STOP_SETTING, false, "%s: %s: found \"%.80s\", accepted is %s", origin, key, value, accepted);
    }
    return fault_set(fault, STOP_SETTING, false,
                     "%s: unknown setting \"%.80s\"; did you mean \"%s\"? (`nhip config --help` lists all)", origin, key,
                     nearest(key));
}

struct config *config_create(void) {
    struct config *config = calloc(1, sizeof(*config));
    CHECK_MEMORY(config != NULL);
    config->texts = calloc(settings_count, sizeof(char *));
    config->origins = calloc(settings_count, sizeof(char *));
    CHECK_MEMORY(config->texts != NULL && config->origins != NULL);
    for (size_t i = 0; i < settings_count; i++) {
        struct fault fault;
        CHECK(assign(config, settings_table[i].name, settings_table[i].initial, "default", &fault));
    }
    return config;
}

void config_destroy(struct config *config) {
    if (config == NULL) return;
    for (size_t i = 0; i < settings_count; i++) {
        free(config->texts[i]);
        free(config->origins[i]);
    }
    for (size_t i = 0; i < config->kafka_count; i++) {
        free((void *)(uintptr_t)config->kafka[i].key);
        free((void *)(uintptr_t)config->kafka[i].value);
    }
    free(config->texts);
    free(config->origins);
    free(config->password);
    free(config);
}

static char *trim(char *text) {
    while (isspace((unsigned char)*text)) text++;
    size_t length = strlen(text);
    while (length > 0 && isspace((unsigned char)text[length - 1])) text[--length] = '\0';
    return text;
}

static bool assign_line(struct config *config, char *line, const char *origin, struct fault *fault) {
    char *text = trim(line);
    if (text[0] == '\0' || text[0] == '#') return true;
    char *equals = strchr(text, '=');
    if (equals == NULL) {
        return fault_set(fault, STOP_SETTING, false,
                         "%s: found \"%.80s\", accepted is `key = value` or a line that starts with #", origin, text);
    }
    *equals = '\0';
    return assign(config, trim(text), trim(equals + 1), origin, fault);
}

bool config_load(struct config *config, const char *path, struct fault *fault) {
    FILE *file = fopen(path, "re");
    if (file == NULL) return fault_set(fault, STOP_SETTING_FILE, false, "%s: %s", path, strerror(errno));
    char line[LINE_BYTES_MAX];
    bool fine = true;
    for (int number = 1; fine && fgets(line, sizeof(line), file) != NULL; number++) {
        char origin[ORIGIN_BYTES];
        (void)snprintf(origin, sizeof(origin), "%s:%d", path, number);
        if (strchr(line, '\n') == NULL && !feof(file)) {
            fine = fault_set(fault, STOP_SETTING, false, "%s: line longer than %d bytes", origin, LINE_BYTES_MAX - 2);
        } else {
            fine = assign_line(config, line, origin, fault);
        }
    }
    (void)fclose(file);
    return fine;
}

bool config_environment(struct config *config, struct fault *fault) {
    for (size_t i = 0; i < settings_count; i++) {
        char name[80] = "NHIP_";
        size_t length = 5;
        for (const char *c = settings_table[i].name; *c != '\0' && length < sizeof(name) - 1; c++) {
            name[length++] = *c == '.' ? '_' : (char)toupper((unsigned char)*c);
        }
        const char *value = getenv(name);
        if (value != NULL && !assign(config, settings_table[i].name, value, name, fault)) return false;
    }
    return true;
}

bool config_set(struct config *config, const char *assignment, struct fault *fault) {
    char line[LINE_BYTES_MAX];
    if (strlen(assignment) >= sizeof(line) || strchr(assignment, '=') == NULL) {
        return fault_set(fault, STOP_SETTING, false, "--set: found \"%.80s\", accepted is key=value", assignment);
    }
    (void)snprintf(line, sizeof(line), "%s", assignment);
    return assign_line(config, line, "--set", fault);
}

bool config_put(struct config *config, const char *key, const char *value, struct fault *fault) {
    return assign(config, key, value, "--set", fault);
}

bool config_set_namespace(struct config *config, const char *name, struct fault *fault) {
    return assign(config, "namespace", name, "--namespace", fault);
}

/* Reads at most `bytes_max` bytes. */
static bool read_small_file(const char *key, const char *path, char *out, size_t bytes_max, size_t *length, struct fault *fault) {
    FILE *file = fopen(path, "re");
    if (file == NULL) return fault_set(fault, STOP_SETTING_FILE, false, "%s: %s: %s", key, path, strerror(errno));
    *length = fread(out, 1, bytes_max, file);
    bool whole = fgetc(file) == EOF && ferror(file) == 0;
    (void)fclose(file);
    if (!whole) return fault_set(fault, STOP_SETTING_FILE, false, "%s: %s: longer than %zu bytes", key, path, bytes_max);
    return true;
}

static bool read_secret(struct config *config, struct fault *fault) {
    const char *path = config->settings.secret_key_file;
    config->secret_default_used = path[0] == '\0';
    if (config->secret_default_used) {
        config->secret_length = sizeof(secret_default) - 1;
        memcpy(config->secret, secret_default, config->secret_length);
        return true;
    }
    if (!read_small_file("secret.key.file", path, config->secret, SECRET_MAX, &config->secret_length, fault)) return false;
    if (config->secret_length >= SECRET_MIN) return true;
    return fault_set(fault, STOP_SETTING_FILE, false, "secret.key.file: %s holds %zu bytes, accepted are %d to %d", path,
                     config->secret_length, SECRET_MIN, SECRET_MAX);
}

static bool read_password(struct config *config, struct fault *fault) {
    const struct settings *settings = &config->settings;
    char line[1024] = "";
    size_t length = 0;
    if (settings->redis_password_file[0] != '\0') {
        if (!read_small_file("redis.password.file", settings->redis_password_file, line, sizeof(line) - 1, &length, fault))
            return false;
        line[strcspn(line, "\r\n")] = '\0';
        if (line[0] == '\0') {
            return fault_set(fault, STOP_SETTING_FILE, false, "redis.password.file: %s: its first line holds no password",
                             settings->redis_password_file);
        }
        config->password = copy(line);
    } else if (settings->redis_password[0] != '\0') {
        config->password = copy(settings->redis_password);
    }
    return true;
}

bool config_finish(struct config *config, struct fault *fault) {
    return read_secret(config, fault) && read_password(config, fault);
}

const struct settings *config_settings(const struct config *config) {
    return &config->settings;
}

const struct kafka_property *config_kafka(const struct config *config, size_t *count) {
    *count = config->kafka_count;
    return config->kafka;
}

struct slice config_secret_key(const struct config *config) {
    return (struct slice){config->secret, config->secret_length};
}

bool config_secret_is_default(const struct config *config) {
    return config->secret_default_used;
}

const char *config_redis_password(const struct config *config) {
    return config->password;
}

/* Settings that name files mean what is in the files, which is hashed apart; where they lie means nothing. */
static bool names_files(const struct setting *setting) {
    return strstr(setting->name, ".file") != NULL || strcmp(setting->name, "mappings") == 0;
}

/* Settings that came later and mean nothing at their default: states and vintages that were made without them are what they
 * were. */
static bool says_nothing(const struct config *config, size_t index) {
    static const char *const later[] = {"amount.max", "sketches.accounts", "snapshot.growth", "snapshot.base"};
    bool is_later = false;
    for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++)
        is_later = is_later || strcmp(settings_table[index].name, later[i]) == 0;
    return is_later && strcmp(config->texts[index], settings_table[index].initial) == 0;
}

/* One line a setting, in table order, with the meaning (numbers, not spellings: 60s and 1m are the same). */
static size_t describe(const struct config *config, enum setting_scope scope, char *out, size_t out_bytes) {
    size_t length = 0;
    for (size_t i = 0; i < settings_count; i++) {
        const struct setting *setting = &settings_table[i];
        if (setting->scope != scope || names_files(setting) || says_nothing(config, i)) continue;
        const void *member = (const char *)&config->settings + setting->offset;
        int made =
            setting->type == SETTING_TEXT
                ? snprintf(out + length, out_bytes - length, "%s=%s\n", setting->name, config->texts[i])
                : snprintf(out + length, out_bytes - length, "%s=%lld\n", setting->name, (long long)*(const int64_t *)member);
        CHECK(made > 0 && (size_t)made < out_bytes - length);
        length += (size_t)made;
    }
    return length;
}

/* A line of a file that is there. States that were counted without it are what they were, so it is left out without one. */
static size_t describe_file(const char *key, const char *hash, char *out, size_t out_bytes) {
    if (hash[0] == '\0') return 0;
    int made = snprintf(out, out_bytes, "%s=%s\n", key, hash);
    CHECK(made > 0 && (size_t)made < out_bytes);
    return (size_t)made;
}

size_t config_state_text(struct config *config, const struct config_files *files, char *out, size_t out_bytes) {
    char secret_hash[DIGEST_TEXT_BYTES];
    digest_bytes(config_secret_key(config), secret_hash);
    size_t length = describe(config, SCOPE_STATE, out, out_bytes);
    int made = snprintf(out + length, out_bytes - length, "sources=%s\nsecret=%s\ncodes=1\nlayout=1\n", files->sources,
                        secret_hash);
    CHECK(made > 0 && (size_t)made < out_bytes - length);
    length += (size_t)made;
    length += describe_file("mappings", files->mappings, out + length, out_bytes - length);
    return length + describe_file("exclusions", files->exclusions, out + length, out_bytes - length);
}

const char *config_state_hash(struct config *config, const struct config_files *files) {
    char text[CONFIG_STATE_TEXT_BYTES];
    size_t length = config_state_text(config, files, text, sizeof(text));
    digest_bytes((struct slice){text, length}, config->state_hash);
    return config->state_hash;
}

bool config_is_set(const struct config *config, const char *key) {
    for (size_t i = 0; i < settings_count; i++) {
        if (strcmp(settings_table[i].name, key) == 0) return strcmp(config->origins[i], "default") != 0;
    }
    return false;
}

const char *config_presentation_hash(struct config *config) {
    char text[16384];
    size_t length = describe(config, SCOPE_PRESENTATION, text, sizeof(text));
    digest_bytes((struct slice){text, length}, config->presentation_hash);
    return config->presentation_hash;
}

void config_print_effective(const struct config *config, FILE *out) {
    for (size_t i = 0; i < settings_count; i++) {
        bool hidden = strcmp(settings_table[i].name, "redis.password") == 0 && config->texts[i][0] != '\0';
        (void)fprintf(out, "%-22s = %-32s # %s\n", settings_table[i].name, hidden ? "(hidden)" : config->texts[i],
                      config->origins[i]);
    }
    for (size_t i = 0; i < config->kafka_count; i++) {
        bool hidden = strstr(config->kafka[i].key, "password") != NULL;
        (void)fprintf(out, "kafka.%-16s = %s\n", config->kafka[i].key, hidden ? "(hidden)" : config->kafka[i].value);
    }
}
