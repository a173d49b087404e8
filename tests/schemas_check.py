#!/usr/bin/env python3
"""Compares everything that states the event contract twice: include/codes.h, schemas/codes/*.csv, the JSON Schemas, the
examples, the tables of schemas/README.md, the currency table of the decoder, the districts of the registry reader,
indicators.json, and the shipped mappings.

usage: tests/schemas_check.py        (prints each difference; exit 1 when there is one)
"""
import csv
import json
import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent
SCHEMAS = TOP / "schemas"
problems = []


def expect(condition, message):
    if not condition:
        problems.append(message)


def read_codes(name):
    with open(SCHEMAS / "codes" / (name + ".csv"), encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    expect(rows, f"codes/{name}.csv: no rows")
    for row in rows:
        expect(row.get("source") and re.fullmatch(r"\d{4}-\d\d-\d\d", row.get("date") or ""),
               f"codes/{name}.csv: {row.get('code')}: no provenance (source, date)")
        expect(row.get("name") and None not in row, f"codes/{name}.csv: {row.get('code')}: wrong number of cells")
    return rows


def read_header_lists():
    """The X-macro lists of include/codes.h: name -> list of lists of arguments."""
    text = re.sub(r"/\*.*?\*/", "", (TOP / "include/codes.h").read_text(), flags=re.S).replace("\\\n", " ")
    lists = {}
    for match in re.finditer(r"^#define ([A-Z_]+)\(X\)(.*)$", text, re.M):
        items = re.findall(r"X\(([^)]*)\)", match[2])
        lists[match[1]] = [[part.strip().strip('"') for part in item.split(",")] for item in items]
    return lists


def check_lists(header):
    for name, items in header.items():
        file = name.lower()
        if not (SCHEMAS / "codes" / (file + ".csv")).exists():
            problems.append(f"codes/{file}.csv: missing, but {name} is in include/codes.h")
            continue
        rows = read_codes(file)
        code = 0 if len(items[0]) == 1 else 1
        expect([row["code"] for row in rows] == [item[code] for item in items], f"codes/{file}.csv: codes differ from {name}")
        numbers = [str(i + 1) for i in range(len(items))]
        expect([row["number"] for row in rows] == numbers, f"codes/{file}.csv: numbers are not 1, 2, ...")
    for row, item in zip(read_codes("event_kinds"), header["EVENT_KINDS"]):
        expect(row["family"] == item[2], f"codes/event_kinds.csv: {row['code']}: family")
    for row, item in zip(read_codes("reasons"), header["REASONS"]):
        expect(row["class"] == item[2], f"codes/reasons.csv: {row['code']}: class")


def check_currencies():
    rows = read_codes("currencies")
    table = {row["code"]: int(row["exponent"]) for row in rows}
    expect(len(table) == len(rows), "codes/currencies.csv: a code twice")
    source = TOP / "ingest/currency.c"
    if not source.exists():
        print("schemas_check: ingest/currency.c is not there, its table is not compared")
        return
    text = source.read_text()
    found = {}
    for code, exponent in re.findall(r'"([A-Z]{3})"\s*,\s*(\d)\b', text):
        found[code] = int(exponent)
    for code, exponent in re.findall(r"\b[A-Z_]+\(([A-Z]{3}),\s*(?:\d{1,3},\s*)?(\d)\)", text):
        found[code] = int(exponent)
    for run, exponent in re.findall(r'"((?:[A-Z]{3}[ ,]?)+)"\s*,\s*(\d)\b', text):
        found.update({code: int(exponent) for code in re.findall("[A-Z]{3}", run)})
    for code in sorted(set(table) ^ set(found)):
        problems.append(f"currency {code}: only in {'codes/currencies.csv' if code in table else 'ingest/currency.c'}")
    for code in sorted(set(table) & set(found)):
        expect(table[code] == found[code], f"currency {code}: exponent {table[code]} in csv, {found[code]} in ingest/currency.c")


def check_districts(types, unit):
    codes = [row["code"] for row in read_codes("districts")]
    expect(len(set(codes)) == 27 and codes == sorted(codes), "codes/districts.csv: not 27 sorted codes")
    stated = unit["properties"]["district"]["enum"]
    expect(stated == codes + [int(code) for code in codes], "unit.registered: district differs from csv")
    expect(types["currency"]["enum"] == [row["code"] for row in read_codes("currencies")], "types: currency differs from csv")
    source = TOP / "ingest/unit.c"
    if not source.exists():
        print("schemas_check: ingest/unit.c is not there, its districts are not compared")
        return
    text = source.read_text()
    numbers = set(re.findall(r"\b(?:38\d|39\d|40\d)\b", text))
    if len(numbers) >= 20:
        expect(numbers == set(codes), f"ingest/unit.c: districts differ: {sorted(numbers ^ set(codes))}")


def check_areas():
    """aggregate/publication/areas.c prints the same districts and communes."""
    text = (TOP / "aggregate/publication/areas.c").read_text(encoding="utf-8")
    kinds = {"thanh-pho": "AREA_CITY", "thi-xa": "AREA_TOWN", "huyen": "AREA_RURAL", "phuong": "AREA_WARD", "xa": "AREA_COMMUNE"}
    communes = read_codes("communes")
    expect(len(communes) == 166 and len({row["code"] for row in communes}) == 166, "codes/communes.csv: not 166 codes")
    stated = [(row["code"], kinds[row["type"]], row["name"], row["name_ascii"], row["valid_from"], row["valid_to"])
              for row in read_codes("districts")]
    found = re.findall(r'\{(\d{3}), (AREA_\w+), "([^"]*)", "([^"]*)", "([^"]*)", "([^"]*)"\}', text)
    expect(found == stated, f"areas.c: districts differ from csv: {set(found) ^ set(stated)}")
    stated = [(row["code"], kinds[row["type"]], row["district_2021"], row["name"], row["name_ascii"]) for row in communes]
    found = re.findall(r'\{"(\d{5})", (AREA_\w+), (\d{3}), "([^"]*)", "([^"]*)"\}', text)
    expect(found == stated, f"areas.c: communes differ from csv: {set(found) ^ set(stated)}")
    text = (TOP / "aggregate/publication/code_lists.c").read_text(encoding="utf-8")
    for name, code_list in (("unit_types", "CL_UNIT_TYPE"), ("instruments", "CL_INSTRUMENT"), ("outlets", "CL_PLATFORM")):
        labelled = set(re.findall(rf'"{code_list}", "(\w+)"', text))
        for row in read_codes(name):
            expect(row["code"] in labelled, f"code_lists.c: {row['code']} of codes/{name}.csv has no labels")


def check_vintage_files():
    """The columns that schemas/vintage-files.md lists are those of the field tables, in order."""
    text = (TOP / "aggregate/publication/fields.c").read_text(encoding="utf-8")
    tables = {match[1]: re.findall(r'^    (?:\{|KEY\()"(\w+)",', match[2], re.M)
              for match in re.finditer(r"struct field (\w+)\[\] = \{\n(.*?)\n\};", text, re.S)}
    page = (SCHEMAS / "vintage-files.md").read_text(encoding="utf-8")
    for name, fields in re.findall(r'FILE_OF\("(\w+)",.*?(\w+_fields)\)', text):
        row = re.search(rf"^\| `{name}\.csv` \|[^|]*\| ([^|]*) \|$", page, re.M)
        expect(row and row[1].split() == tables[fields], f"vintage-files.md: columns of {name}.csv differ from fields.c")


def check_names():
    definitions = json.loads((SCHEMAS / "indicators.json").read_text(encoding="utf-8"))
    wanted = {item["code"] for item in definitions["indicators"]} | set(definitions["populations"])
    expect(wanted == set(definitions["names"]), f"indicators.json: names differ: {wanted ^ set(definitions['names'])}")


def check_code_enums(header, types, unit):
    lists = {"pay_status": "PAY_STATUSES", "reason_class": "REASON_CLASSES", "instrument": "INSTRUMENTS", "context": "CONTEXTS",
             "channel": "CHANNELS", "pay_mode": "PAY_MODES", "person_type": "PERSON_TYPES"}
    for name, macro in lists.items():
        expect(types[name]["enum"] == [item[0] for item in header[macro]], f"types.schema.json: {name} differs from {macro}")
    expect(types["event_kind"]["enum"] == [item[1] for item in header["EVENT_KINDS"]], "types.schema.json: event_kind")
    for field, file in {"status": "unit_statuses", "legal_form": "legal_forms", "unit_type": "unit_types"}.items():
        codes = [row["code"] for row in read_codes(file)]
        expect(unit["properties"][field]["enum"] == codes, f"unit.registered: {field} differs from csv")
    software = unit["properties"]["mgmt_software"]["anyOf"][0]["items"]["enum"]
    expect(software == [row["code"] for row in read_codes("mgmt_software")], "unit.registered: mgmt_software differs from csv")


def check_indicator_sets():
    populations = json.loads((SCHEMAS / "indicators.json").read_text())["populations"]
    sets = {}
    for row in read_codes("vsic_sets"):
        sets.setdefault(row["set"], []).append(row["code"])
    for name, population in populations.items():
        codes = list(population.get("vsic", [])) + [c for part in population.get("any", []) for c in part.get("vsic", [])]
        expect(codes == sets.get(name, []), f"codes/vsic_sets.csv: {name} differs from indicators.json")


# ---- JSON Schema, the subset that schemas/ uses ----

PLAIN = {"string": str, "object": dict, "array": list, "boolean": bool, "null": type(None)}


def has_type(value, name):
    if name == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, PLAIN[name])


def same(a, b):
    return type(a) is type(b) and a == b


class Validator:
    """Says why a value does not satisfy a schema. Refuses keywords that it does not know, so that none is silently ignored."""

    NOTES = {"$schema", "$id", "$defs", "title", "description"}

    def __init__(self, folder):
        self.folder, self.files = folder, {}

    def load(self, name):
        if name not in self.files:
            self.files[name] = json.loads((self.folder / name).read_text(encoding="utf-8"))
        return self.files[name]

    def resolve(self, reference, file):
        name, _, pointer = reference.partition("#")
        name = name or file
        schema = self.load(name)
        for part in pointer.strip("/").split("/") if pointer else []:
            schema = schema[part]
        return schema, name

    def errors(self, value, schema, file, path="$"):
        for keyword, argument in schema.items():
            if keyword in self.NOTES or keyword == "then":
                continue
            yield from getattr(self, "on_" + keyword.strip("$"))(value, argument, schema, file, path)

    def valid(self, value, schema, file):
        return next(self.errors(value, schema, file), None) is None

    def fits(self, value, file):
        return self.valid(value, self.load(file), file)

    def on_ref(self, value, argument, _, file, path):
        schema, name = self.resolve(argument, file)
        yield from self.errors(value, schema, name, path)

    def on_type(self, value, argument, _, __, path):
        if not has_type(value, argument):
            yield f"{path}: {value!r} is not {argument}"

    def on_const(self, value, argument, _, __, path):
        if not same(value, argument):
            yield f"{path}: {value!r} is not {argument!r}"

    def on_enum(self, value, argument, _, __, path):
        if not any(same(value, item) for item in argument):
            yield f"{path}: {value!r} is not in the list"

    def on_pattern(self, value, argument, _, __, path):
        if isinstance(value, str) and not re.search(argument.replace("$", r"\Z") if argument.endswith("$") else argument, value):
            yield f"{path}: {value!r} has not the form {argument}"

    def on_maxLength(self, value, argument, _, __, path):
        if isinstance(value, str) and len(value) > argument:
            yield f"{path}: longer than {argument}"

    def on_minimum(self, value, argument, _, __, path):
        if has_type(value, "integer") and value < argument:
            yield f"{path}: {value} is less than {argument}"

    def on_maximum(self, value, argument, _, __, path):
        if has_type(value, "integer") and value > argument:
            yield f"{path}: {value} is more than {argument}"

    def on_required(self, value, argument, _, __, path):
        for key in argument:
            if isinstance(value, dict) and key not in value:
                yield f"{path}: {key} is missing"

    def on_properties(self, value, argument, _, file, path):
        for key, schema in argument.items():
            if isinstance(value, dict) and key in value:
                yield from self.errors(value[key], schema, file, f"{path}.{key}")

    def on_propertyNames(self, value, argument, _, file, path):
        for key in value if isinstance(value, dict) else []:
            yield from self.errors(key, argument, file, f"{path} key")

    def on_additionalProperties(self, value, argument, schema, file, path):
        for key in (set(value) - set(schema.get("properties", {}))) if isinstance(value, dict) else []:
            if argument is False:
                yield f"{path}: {key} is not expected"
            else:
                yield from self.errors(value[key], argument, file, f"{path}.{key}")

    def on_items(self, value, argument, _, file, path):
        for i, item in enumerate(value if isinstance(value, list) else []):
            yield from self.errors(item, argument, file, f"{path}[{i}]")

    def on_anyOf(self, value, argument, _, file, path):
        if not any(self.valid(value, schema, file) for schema in argument):
            yield f"{path}: no alternative fits"

    def on_allOf(self, value, argument, _, file, path):
        for schema in argument:
            yield from self.errors(value, schema, file, path)

    def on_if(self, value, argument, schema, file, path):
        if self.valid(value, argument, file):
            yield from self.errors(value, schema["then"], file, path)


def family_file(kind):
    return ("order" if kind.startswith("order.") else kind) + ".schema.json"


def check_examples(header, validator):
    kinds = [item[1] for item in header["EVENT_KINDS"]]
    names = sorted(path.name for path in (SCHEMAS / "examples").iterdir())
    expect(names == sorted(kind + ".json" for kind in kinds), f"examples/: found {names}")
    for kind in kinds:
        path = SCHEMAS / "examples" / (kind + ".json")
        if not path.exists():
            continue
        example = json.loads(path.read_text(encoding="utf-8"))
        expect(example.get("type") == kind, f"examples/{kind}.json: is of type {example.get('type')}")
        file = family_file(kind)
        schema = validator.load(file)
        for error in validator.errors(example, schema, file):
            problems.append(f"examples/{kind}.json: {error}")
        for key in schema["required"]:  # each breach must be seen, or the validator is asleep
            shorter = {k: v for k, v in example.items() if k != key}
            expect(not validator.fits(shorter, file), f"examples/{kind}.json: passes without {key}")
            expect(not validator.fits({**example, key: {}}, file), f"examples/{kind}.json: passes with {key} = {{}}")
    example = json.loads((SCHEMAS / "examples/payment.status.json").read_text())
    for change in ({"reason_class": None}, {"scheme": None}, {"merchant_id": None, "terminal_id": None}, {"currency": "XXX"},
                   {"amount_minor": -1}, {"event_time": "2021-09-03T18:00:00"}, {"event_id": "x" * 65}, {"channel": "FAX"}):
        expect(not validator.fits({**example, **change}, "payment.status.schema.json"), f"payment.status: {change} is accepted")
    for ok in ({}, {"PSP1": {"success_at": "SETTLED", "records_cash": True}}):
        expect(validator.fits(ok, "sources.schema.json"), f"sources: {ok} is refused")
    for bad in ({"PSP1": {"success_at": "LAST"}}, {"PSP1": {"records_cash": 1}}, {"PSP1": {"else": 1}}, {"": {}}, []):
        expect(not validator.fits(bad, "sources.schema.json"), f"sources: {bad} is accepted")


def check_mappings(validator):
    """Every shipped mapping satisfies the JSON Schema, claims topics of its own and has a sample with its results; the schema
    names the fields of the contract and refuses what the page forbids."""
    folder = SCHEMAS / "mappings"
    paths = sorted(folder.glob("*.json"))
    expect(len(paths) >= 10, f"mappings/: only {len(paths)} found")
    schema = validator.load("mapping.schema.json")
    mapped = set(schema["properties"]["event"]["properties"])
    every = set(validator.load("types.schema.json")["$defs"]["message"]["properties"]) | {"status"}
    expect(mapped == every - {"schema_version"}, f"mapping.schema.json: fields differ: {sorted(mapped ^ every)}")
    topics, readme = {}, (folder / "README.md").read_text(encoding="utf-8")
    for path in paths:
        mapping = json.loads(path.read_text(encoding="utf-8"))
        for error in validator.errors(mapping, schema, "mapping.schema.json"):
            problems.append(f"mappings/{path.name}: {error}")
        expect(mapping["name"] == path.stem, f"mappings/{path.name}: is named {mapping['name']}")
        expect(f"]({path.name})" in readme, f"mappings/README.md: does not name {path.name}")
        expect(mapping.get("documentation"), f"mappings/{path.name}: no documentation")
        for topic in mapping["topics"]:
            expect(topic not in topics, f"mappings/{path.name}: {topic} is claimed by {topics.get(topic)}, too")
            topics[topic] = path.name
        for ending in (".ndjson", ".expected.ndjson"):
            expect((folder / "samples" / (path.stem + ending)).exists(), f"mappings/samples/{path.stem}{ending}: missing")
    example = json.loads((folder / "vnpay.json").read_text(encoding="utf-8"))
    for change in ({"name": "VNPay"}, {"topics": "x"}, {"topics": ["*a"]}, {"envelope": "soap"}, {"wire": "avro"},
                   {"filter": []}, {"ignore": [{"at": "vnp_Command",
                                                                                                      "in": ["x"]}]},
                   {"ignore": [{"at": "/a"}]}, {"event": {}}, {"each": "@/x"}):
        expect(not validator.fits({**example, **change}, "mapping.schema.json"), f"mapping: {change} is accepted")
    for field, rule in (("schema_version", 1), ("vsic", "1"), ("status", "PAID"), ("status", {"from": "a"}), ("status",
                                                                                                              {"form": "/x"}),
                        ("status", {"from": "/a", "table": {"1": "PAID"}}), ("status", {"from": "/a", "otherwise": "drop"}),
                        ("test", "x"), ("test", {"from": "/a", "table": {"1": "yes"}}), ("event_time", {"from": "/x",
                                                                                                        "scale": 1}),
                        ("amount_minor", {"from": "/x", "table": {}}), ("amount_minor", {"from": "/a", "scale": 10}),
                        ("fare_minor", -1), ("payer_id", {"digest": True}), ("order_id", {"from": "/a", "to": 1})):
        event = {**example["event"], field: rule}
        expect(not validator.fits({**example, "event": event}, "mapping.schema.json"), f"mapping: {field} = {rule} is accepted")


def check_stream(header, validator):
    """The examples of the stream satisfy its schema, which knows the codes of the pulse and the columns of obs.csv."""
    file = "stream.schema.json"
    schema = validator.load(file)
    parts = schema["$defs"]
    codes = {"family": "FAMILIES", "outlet": "OUTLETS", "instrument": "INSTRUMENTS", "context": "CONTEXTS", "outcome": "OUTCOMES",
             "reason": "REASON_CLASSES"}
    for name, macro in codes.items():
        expect(parts["minute"]["properties"][name]["enum"] == ["_Z"] + [item[0] for item in header[macro]],
               f"{file}: {name} differs from {macro}")
    page = (SCHEMAS / "vintage-files.md").read_text(encoding="utf-8")
    columns = re.search(r"^\| `obs\.csv` \|[^|]*\| ([^|]*) \|$", page, re.M)[1].split()
    stated = [name for name in parts["observation"]["properties"] if name.isupper()]
    expect(stated == columns, f"{file}: columns differ from vintage-files.md")
    seen = set()
    for line in (SCHEMAS / "stream.example.ndjson").read_text(encoding="utf-8").splitlines():
        example = json.loads(line)
        key, value = example["key"], example["value"]
        seen.add(None if value is None else value["kind"])
        if value is None:
            continue
        expect(list(example) == ["key", "value"] and key.split("|")[0] == value["kind"], f"stream.example.ndjson: {key}")
        for error in validator.errors(value, schema, file):
            problems.append(f"stream.example.ndjson: {key}: {error}")
        for name in parts[value["kind"]]["required"]:
            expect(not validator.fits({k: v for k, v in value.items() if k != name}, file), f"{key}: passes without {name}")
            expect(not validator.fits({**value, name: {}}, file), f"{key}: passes with {name} = {{}}")
        expect(not validator.fits({**value, "else": 1}, file), f"{key}: passes with another field")
    expect(seen == {None, "minute", "observation", "release", "position"}, f"stream.example.ndjson: kinds {seen}")


def table_rows(text, title):
    """Cells of the first table after a heading."""
    part = text.split(title, 1)[1]
    for line in part.splitlines():
        if line.startswith("## "):
            return
        if line.startswith("|") and not re.match(r"\|[-| ]+\|$", line):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def check_readme(validator):
    text = (SCHEMAS / "README.md").read_text(encoding="utf-8")
    families = ["payment.status", "order", "ride.completed", "website.observed", "unit.registered"]
    stated = {family: {} for family in families}
    rows = list(table_rows(text, "## 2. Fields"))[1:]
    expect(len(rows) > 30, "README.md: the table of fields was not found")
    for cells in rows:
        for field in cells[0].replace("`", "").split(","):
            for family, mark in zip(families, cells[2:7]):
                if mark != "–":
                    stated[family][field.strip()] = mark
    for cells in list(table_rows(text, "## 3. `unit.registered`"))[1:]:
        for field in cells[0].replace("`", "").split(","):
            stated["unit.registered"][field.strip()] = cells[2].strip()[:1]
    every = set(validator.load("types.schema.json")["$defs"]["message"]["properties"])
    listed = {field.strip() for cells in rows for field in cells[0].replace("`", "").split(",")}
    listed.discard("status")
    expect(every == listed, f"types.schema.json: message differs from README.md: {sorted(every ^ listed)}")
    for family, fields in stated.items():
        schema = validator.load(family + ".schema.json")
        for field in sorted(set(fields) ^ set(schema["properties"])):
            problems.append(f"{family}: {field}: only in {'README.md' if field in fields else 'the schema'}")
        for field, mark in fields.items():
            expect((mark == "R") == (field in schema["required"]), f"{family}: {field}: {mark} in README.md, the schema differs")
            if mark == "R¹":
                alternatives = [part.get("required", []) for part in schema.get("anyOf", [])]
                expect([field] in alternatives, f"{family}: {field}: R¹ has no anyOf")


def main():
    header = read_header_lists()
    expect(len(header) >= 17, f"include/codes.h: only {len(header)} lists found")
    validator = Validator(SCHEMAS)
    types = validator.load("types.schema.json")["$defs"]
    unit = validator.load("unit.registered.schema.json")
    check_lists(header)
    check_currencies()
    check_districts(types, unit)
    check_code_enums(header, types, unit)
    check_indicator_sets()
    check_areas()
    check_names()
    check_vintage_files()
    check_examples(header, validator)
    check_readme(validator)
    check_stream(header, validator)
    check_mappings(validator)
    for problem in problems:
        print("schemas_check:", problem)
    print(f"schemas_check: {len(header)} code lists, {len(header['EVENT_KINDS'])} examples, {len(problems)} differences")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
