/* structure.json: the SDMX structure of obs.csv as an SDMX-JSON 2.0 structure message - code lists, concept scheme, data
 * structure and dataflow - so that rsdmx, pysdmx and sdmx1 label and check the data. Made from the tables that the other writers
 * use. The columns behind the attributes are custom ones, which SDMX-CSV allows and the structure does not list. */
#include "aggregate/publication/writers.h"

#include "aggregate/publication/code_lists.h"
#include "aggregate/publication/dataflow.h"
#include "aggregate/publication/fields.h"
#include "aggregate/publication/text_out.h"
#include "zone.h"

struct message {
    const struct publication *publication;
    struct dataflow flow;
    FILE *out;
    const char *separator; /* before the next item of the list that is being written */
};

static void write_names(FILE *out, const char *en, const char *vi) {
    (void)fputs("\"name\": ", out);
    json_text(out, en);
    (void)fputs(", \"names\": {\"en\": ", out);
    json_text(out, en);
    (void)fputs(", \"vi\": ", out);
    json_text(out, vi);
    (void)fputs("}", out);
}

static void write_artefact(const struct message *message, const char *id, const char *en, const char *vi) {
    (void)fputs("{\"id\": ", message->out);
    json_text(message->out, id);
    (void)fputs(", \"agencyID\": ", message->out);
    json_text(message->out, message->flow.agency);
    (void)fputs(", \"version\": ", message->out);
    json_text(message->out, message->flow.version);
    (void)fputs(", ", message->out);
    write_names(message->out, en, vi);
}

static void write_code(void *context, const struct code *code) {
    struct message *message = context;
    (void)fprintf(message->out, "%s        {\"id\": ", message->separator);
    json_text(message->out, code->code);
    (void)fputs(", ", message->out);
    write_names(message->out, code->en, code->vi);
    if (code->parent[0] != '\0') {
        (void)fputs(", \"parent\": ", message->out);
        json_text(message->out, code->parent);
    }
    (void)fputs("}", message->out);
    message->separator = ",\n";
}

static bool enumerated(const char *list) {
    for (size_t i = 0; i < observation_file->field_count; i++) {
        const struct field *field = &observation_file->fields[i];
        if (field->part != FIELD_CONSTANT && strcmp(field->code_list, list) == 0) return true;
    }
    return false;
}

static void write_code_lists(struct message *message) {
    const char *separator = "";
    (void)fputs("    \"codelists\": [\n", message->out);
    for (size_t i = 0; i < code_list_count; i++) {
        const char *vi;
        const char *en;
        if (!enumerated(code_list_names[i])) continue;
        code_list_name(code_list_names[i], &vi, &en);
        (void)fprintf(message->out, "%s      ", separator);
        write_artefact(message, code_list_names[i], en, vi);
        (void)fputs(", \"codes\": [\n", message->out);
        message->separator = "";
        code_list_visit(message->publication, code_list_names[i], write_code, message);
        (void)fputs("\n      ]}", message->out);
        separator = ",\n";
    }
    (void)fputs("\n    ],\n", message->out);
}

static bool in_structure(const struct field *field) {
    return field->part != FIELD_CONSTANT && field->part != FIELD_CUSTOM;
}

static void write_concepts(struct message *message) {
    const char *separator = "";
    (void)fputs("    \"conceptSchemes\": [\n      ", message->out);
    write_artefact(message, message->flow.concepts, "Concepts of adoption statistics", "Khái niệm của thống kê ứng dụng");
    (void)fputs(", \"concepts\": [\n", message->out);
    for (size_t i = 0; i < observation_file->field_count; i++) {
        const struct field *field = &observation_file->fields[i];
        if (!in_structure(field)) continue;
        (void)fprintf(message->out, "%s        {\"id\": \"%s\", ", separator, field->name);
        write_names(message->out, field->en, field->vi);
        (void)fputs("}", message->out);
        separator = ",\n";
    }
    (void)fputs("\n      ]}\n    ],\n", message->out);
}

static const char *data_type(const struct field *field) {
    if (field->part == FIELD_TIME) return "ObservationalTimePeriod";
    return field->type == FIELD_DECIMAL ? "Decimal" : field->type == FIELD_INTEGER ? "BigInteger" : "String";
}

static void write_component(const struct message *message, const struct field *field) {
    const struct dataflow *flow = &message->flow;
    (void)fprintf(message->out,
                  "{\"id\": \"%s\", \"conceptIdentity\": \"urn:sdmx:org.sdmx.infomodel.conceptscheme.Concept=%s:%s(%s).%s\", "
                  "\"localRepresentation\": {",
                  field->name, flow->agency, flow->concepts, flow->version, field->name);
    if (field->code_list[0] != '\0') {
        (void)fprintf(message->out, "\"enumeration\": \"urn:sdmx:org.sdmx.infomodel.codelist.Codelist=%s:%s(%s)\"}", flow->agency,
                      field->code_list, flow->version);
    } else {
        (void)fprintf(message->out, "\"format\": {\"dataType\": \"%s\"}}", data_type(field));
    }
}

static void write_dimensions(const struct message *message) {
    const char *separator = "";
    int position = 0;
    (void)fputs("        \"dimensionList\": {\"id\": \"DimensionDescriptor\", \"dimensions\": [\n", message->out);
    for (size_t i = 0; i < observation_file->field_count; i++) {
        const struct field *field = &observation_file->fields[i];
        if (field->part != FIELD_DIMENSION) continue;
        (void)fprintf(message->out, "%s          ", separator);
        write_component(message, field);
        (void)fprintf(message->out, ", \"position\": %d}", ++position);
        separator = ",\n";
    }
    for (size_t i = 0; i < observation_file->field_count; i++) {
        const struct field *field = &observation_file->fields[i];
        if (field->part != FIELD_TIME) continue;
        (void)fputs("\n        ], \"timeDimension\": ", message->out);
        write_component(message, field);
        (void)fputs("}", message->out);
    }
    (void)fputs("},\n", message->out);
}

static void write_measures_and_attributes(const struct message *message, enum field_part part) {
    const char *separator = "";
    bool attributes = part == FIELD_ATTRIBUTE;
    (void)fputs(attributes ? "        \"attributeList\": {\"id\": \"AttributeDescriptor\", \"attributes\": [\n"
                           : "        \"measureList\": {\"id\": \"MeasureDescriptor\", \"measures\": [\n",
                message->out);
    for (size_t i = 0; i < observation_file->field_count; i++) {
        const struct field *field = &observation_file->fields[i];
        if (field->part != part) continue;
        (void)fprintf(message->out, "%s          ", separator);
        write_component(message, field);
        (void)fprintf(message->out, ", \"usage\": \"%s\"%s}", field->required ? "mandatory" : "optional",
                      attributes ? ", \"attributeRelationship\": {\"observation\": {}}" : "");
        separator = ",\n";
    }
    (void)fputs(attributes ? "\n        ]}\n" : "\n        ]},\n", message->out);
}

static void write_structure(const struct message *message) {
    (void)fputs("    \"dataStructures\": [\n      ", message->out);
    write_artefact(message, message->flow.structure, "Structure of adoption statistics", "Cấu trúc thống kê ứng dụng");
    (void)fputs(", \"dataStructureComponents\": {\n", message->out);
    write_dimensions(message);
    write_measures_and_attributes(message, FIELD_MEASURE);
    write_measures_and_attributes(message, FIELD_ATTRIBUTE);
    (void)fputs("      }}\n    ],\n    \"dataflows\": [\n      ", message->out);
    write_artefact(message, message->flow.id, "E-commerce and e-payment adoption",
                   "Mức độ ứng dụng thương mại điện tử và thanh toán điện tử");
    (void)fprintf(message->out,
                  ", \"structure\": \"urn:sdmx:org.sdmx.infomodel.datastructure.DataStructure=%s:%s(%s)\"}\n    ]\n",
                  message->flow.agency, message->flow.structure, message->flow.version);
}

bool structure_json_write(const struct publication *publication, FILE *out, struct fault *fault) {
    (void)fault;
    struct message message = {publication, dataflow_of(publication->definitions->structure_id), out, ""};
    char prepared[25];
    rfc3339_format(publication->as_of_ms, prepared);
    (void)fprintf(out,
                  "{\n  \"meta\": {\n    \"schema\": "
                  "\"https://json.sdmx.org/2.0.0/sdmx-json-structure-schema.json\",\n    \"id\": \"%s\",\n    \"test\": "
                  "false,\n    \"prepared\": \"%s\",\n    \"contentLanguages\": [\"en\", \"vi\"],\n    \"sender\": {\"id\": "
                  "\"%s\"}\n  },\n  \"data\": {\n",
                  publication->vintage->name, prepared, message.flow.agency);
    write_code_lists(&message);
    write_concepts(&message);
    write_structure(&message);
    (void)fputs("  }\n}\n", out);
    return true;
}
