/* datapackage.json (Data Package v2): every file of the vintage with its size and hash, and of every CSV file its columns, types,
 * codes and keys, from the same tables that the other writers use. MANIFEST.sha256 covers this file too; this one cannot. */
#include "aggregate/publication/writers.h"

#include "aggregate/publication/code_lists.h"
#include "aggregate/publication/fields.h"
#include "aggregate/publication/text_out.h"
#include "zone.h"

#include <sys/stat.h>

struct package {
    const struct publication *publication;
    FILE *out;
    const char *separator; /* before the next code of an enumeration */
};

static void write_pair(FILE *out, const char *indent, const char *key, const char *value) {
    (void)fprintf(out, "%s\"%s\": ", indent, key);
    json_text(out, value);
    (void)fputs(",\n", out);
}

static void write_enum_code(void *context, const struct code *code) {
    struct package *package = context;
    (void)fputs(package->separator, package->out);
    json_text(package->out, code->code);
    package->separator = ", ";
}

static const char *type_name(enum field_type type) {
    static const char *const names[] = {"string", "integer", "number", "date", "datetime"};
    return names[type];
}

/* Areas are many: they are a foreign key into geo.csv instead. */
static bool listed(const struct field *field) {
    return field->code_list[0] != '\0' && strcmp(field->code_list, "CL_AREA") != 0;
}

static void write_field(struct package *package, const struct field *field) {
    FILE *out = package->out;
    (void)fprintf(out, "{\"name\": \"%s\", \"type\": \"%s\"", field->name, type_name(field->type));
    if (field->type == FIELD_INSTANT) (void)fputs(", \"format\": \"%Y-%m-%dT%H:%M:%S.%fZ\"", out);
    (void)fputs(", \"title\": ", out);
    json_text(out, field->en);
    (void)fputs(", \"description\": ", out);
    json_text(out, field->vi);
    if (field->required || listed(field)) {
        (void)fputs(", \"constraints\": {", out);
        if (field->required) (void)fputs("\"required\": true", out);
        if (listed(field)) {
            package->separator = "";
            (void)fprintf(out, "%s\"enum\": [", field->required ? ", " : "");
            code_list_visit(package->publication, field->code_list, write_enum_code, package);
            (void)fputs("]", out);
        }
        (void)fputs("}", out);
    }
    (void)fputs("}", out);
}

/* A key whose columns may be empty is no primary key to Data Package readers. */
static bool has_primary_key(const struct data_file *file) {
    bool has = false;
    for (size_t i = 0; i < file->field_count; i++) {
        if (file->fields[i].key && !file->fields[i].required) return false;
        has = has || file->fields[i].key;
    }
    return has;
}

static void write_keys(const struct package *package, const struct data_file *file) {
    FILE *out = package->out;
    const char *separator = "";
    if (has_primary_key(file)) {
        (void)fputs(",\n        \"primaryKey\": [", out);
        for (size_t i = 0; i < file->field_count; i++) {
            if (!file->fields[i].key) continue;
            (void)fprintf(out, "%s\"%s\"", separator, file->fields[i].name);
            separator = ", ";
        }
        (void)fputs("]", out);
    }
    for (size_t i = 0; i < file->field_count; i++) {
        if (strcmp(file->fields[i].code_list, "CL_AREA") != 0) continue;
        (void)fprintf(out,
                      ",\n        \"foreignKeys\": [{\"fields\": [\"%s\"], \"reference\": {\"resource\": \"geo\", \"fields\": "
                      "[\"code\"]}}]",
                      file->fields[i].name);
    }
}

static void write_schema(struct package *package, const struct data_file *file) {
    FILE *out = package->out;
    (void)fputs(",\n      \"dialect\": {\"lineTerminator\": \"\\n\"},\n      \"schema\": {\n        \"$schema\": "
                "\"https://datapackage.org/profiles/2.0/tableschema.json\",\n        \"fields\": [\n",
                out);
    for (size_t i = 0; i < file->field_count; i++) {
        (void)fputs(i == 0 ? "          " : ",\n          ", out);
        write_field(package, &file->fields[i]);
    }
    (void)fputs("\n        ],\n        \"missingValues\": [\"\"]", out);
    write_keys(package, file);
    (void)fputs("\n      }", out);
}

static const struct data_file *find_data_file(const char *name) {
    for (size_t i = 0; i < data_file_count; i++) {
        if (strcmp(data_files[i].file, name) == 0) return &data_files[i];
    }
    return NULL;
}

/* Lower case, with hyphens where the file has dots and underscores: what a resource may be called. */
static void resource_name(const char *file, const struct data_file *data, char out[static 64]) {
    (void)snprintf(out, 64, "%.63s", data != NULL ? data->name : file);
    for (char *at = out; *at != '\0'; at++) {
        if (*at >= 'A' && *at <= 'Z') *at = (char)(*at - 'A' + 'a');
        if (*at == '.' || *at == '_') *at = '-';
    }
}

/* structure.json is no plain JSON: readers that open JSON resources take its member "data" for a resource of theirs. */
static void write_media_type(FILE *out, const char *file) {
    static const char *const types[][3] = {
        {"structure.json", "sdmx-json", "application/vnd.sdmx.structure+json"},
        {".csv", "csv", "text/csv"},
        {".json", "json", "application/json"},
        {".ndjson", "json-lines", "application/x-ndjson"},
        {".md", "md", "text/markdown"},
        {".html", "html", "text/html"},
        {".sqlite", "sqlite", "application/vnd.sqlite3"},
        {".dta", "dta", "application/x-stata"},
        {".cff", "cff", "application/yaml"},
        {".do", "do", "text/plain"},
    };
    size_t length = strlen(file);
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        size_t end = strlen(types[i][0]);
        if (length < end || strcmp(file + length - end, types[i][0]) != 0) continue;
        (void)fprintf(out, "      \"format\": \"%s\",\n      \"mediatype\": \"%s\",\n", types[i][1], types[i][2]);
        return;
    }
}

/* Files that libraries make are the same by content, not by bytes: their hashes are in MANIFEST.sha256 only, so that this file is
 * a function of the inputs whatever the version of the library. */
static bool by_bytes(const char *file) {
    const char *dot = strrchr(file, '.');
    return dot == NULL || (strcmp(dot, ".sqlite") != 0 && strcmp(dot, ".dta") != 0 && strcmp(dot, ".html") != 0);
}

static bool write_resource(struct package *package, size_t number, struct fault *fault) {
    const struct vintage *vintage = package->publication->vintage;
    const struct data_file *data = find_data_file(vintage->files[number]);
    char name[64];
    char path[VINTAGE_PATH_BYTES];
    struct stat status;
    FILE *out = package->out;
    vintage_file_path(vintage, vintage->files[number], path);
    if (stat(path, &status) != 0) return fault_set(fault, STOP_FILE_UNREADABLE, false, "%.300s: cannot be looked at", path);
    resource_name(vintage->files[number], data, name);
    (void)fputs(number == 0 ? "    {\n" : ",\n    {\n", out);
    write_pair(out, "      ", "$schema", "https://datapackage.org/profiles/2.0/dataresource.json");
    write_pair(out, "      ", "name", name);
    write_pair(out, "      ", "path", vintage->files[number]);
    if (data != NULL) {
        write_pair(out, "      ", "type", "table");
        write_pair(out, "      ", "description", data->vi);
        write_pair(out, "      ", "encoding", "utf-8");
    }
    write_media_type(out, vintage->files[number]);
    if (by_bytes(vintage->files[number])) {
        (void)fprintf(out, "      \"bytes\": %lld,\n      \"hash\": \"sha256:%s\",\n", (long long)status.st_size,
                      vintage->digests[number]);
    }
    (void)fprintf(out, "      \"title\": \"%s\"", data != NULL ? data->en : vintage->files[number]);
    if (data != NULL) write_schema(package, data);
    (void)fputs("\n    }", out);
    return true;
}

static void write_sources(const struct definitions *definitions, FILE *out) {
    const char *separator = "";
    (void)fputs("  \"sources\": [\n", out);
    for (size_t i = 0; i < definitions->benchmark_count; i++) {
        const struct benchmark *benchmark = &definitions->benchmarks[i];
        bool seen = false;
        for (size_t j = 0; j < i; j++)
            seen = seen || strcmp(definitions->benchmarks[j].source, benchmark->source) == 0;
        if (seen) continue;
        (void)fprintf(out, "%s    {\"title\": ", separator);
        json_text(out, benchmark->source);
        if (benchmark->url[0] != '\0') {
            (void)fputs(", \"path\": ", out);
            json_text(out, benchmark->url);
        }
        (void)fputs("}", out);
        separator = ",\n";
    }
    (void)fprintf(out,
                  "%s    {\"title\": \"Payment and marketplace events of the connected sources; unit registry "
                  "(snapshot.json)\"}\n  ],\n",
                  separator);
}

bool datapackage_write(const struct publication *publication, FILE *out, struct fault *fault) {
    struct package package = {publication, out, ""};
    char created[25];
    char version[64];
    char urn[256];
    rfc3339_format(publication->as_of_ms, created);
    (void)snprintf(version, sizeof(version), "%s+r%lld", publication->definitions->version,
                   (long long)publication->vintage->release);
    (void)snprintf(urn, sizeof(urn), "urn:nhip:%s", publication->vintage->name);
    (void)fputs("{\n", out);
    write_pair(out, "  ", "$schema", "https://datapackage.org/profiles/2.0/datapackage.json");
    write_pair(out, "  ", "name", "adoption-statistics");
    write_pair(out, "  ", "id", urn);
    write_pair(out, "  ", "title",
               "E-commerce and e-payment adoption / Mức độ ứng dụng thương mại điện tử và thanh toán điện tử");
    write_pair(out, "  ", "version", version);
    write_pair(out, "  ", "created", created);
    (void)fputs("  \"licenses\": [{\"name\": \"CC-BY-4.0\", \"title\": \"Creative Commons Attribution 4.0\", \"path\": "
                "\"https://creativecommons.org/licenses/by/4.0/\"}],\n",
                out);
    write_sources(publication->definitions, out);
    (void)fputs("  \"keywords\": [\"e-commerce\", \"electronic payment\", \"adoption\", \"official statistics\", \"Viet Nam\"],\n"
                "  \"resources\": [\n",
                out);
    for (size_t i = 0; i < publication->vintage->file_count; i++) {
        if (!write_resource(&package, i, fault)) return false;
    }
    (void)fputs("\n  ]\n}\n", out);
    return true;
}
