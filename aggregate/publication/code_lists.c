/* The fixed lists are tables here; the others are walks over the definitions and the areas. Codes start with a letter or an
 * underscore and none is NA, because spreadsheets and statistics programs turn numbers and NA into something else. */
#include "aggregate/publication/code_lists.h"

#include "aggregate/publication/areas.h"

#define COUNT(items) (sizeof(items) / sizeof((items)[0]))

static const char sdmx[] = "SDMX cross-domain code list";
static const char ours[] = "nhip";
static const char contract[] = "nhip event contract (schemas/codes)";
static const char definitions_source[] = "indicators.json";

const char *const code_list_names[] = {"CL_FREQ",        "CL_AREA",           "CL_INDICATOR",    "CL_EVIDENCE",
                                       "CL_ACTIVITY",    "CL_UNIT_TYPE",      "CL_SIZE_CLASS",   "CL_PLATFORM",
                                       "CL_INSTRUMENT",  "CL_TRANSFORMATION", "CL_UNIT_MEASURE", "CL_OBS_STATUS",
                                       "CL_CONF_STATUS", "CL_ERR_TYPE",       "CL_ACTION",       "CL_CAUSE"};
const size_t code_list_count = COUNT(code_list_names);

struct fixed_code {
    const char *list;
    const char *code;
    const char *vi;
    const char *en;
    const char *source;
};

static const struct fixed_code fixed_codes[] = {
    {"CL_FREQ", "D", "Ngày", "Daily", sdmx},
    {"CL_FREQ", "W", "Tuần", "Weekly", sdmx},
    {"CL_FREQ", "M", "Tháng", "Monthly", sdmx},
    {"CL_FREQ", "Q", "Quý", "Quarterly", sdmx},
    {"CL_FREQ", "A", "Năm", "Annual", sdmx},
    {"CL_EVIDENCE", "R", "Khai báo trong sổ đăng ký", "Declared in the registry", ours},
    {"CL_EVIDENCE", "O", "Quan sát được trong giao dịch", "Observed in transactions", ours},
    {"CL_EVIDENCE", "C", "Khai báo hoặc quan sát được", "Declared or observed", ours},
    {"CL_SIZE_CLASS", "_T", "Mọi quy mô", "All sizes", ours},
    {"CL_SIZE_CLASS", "S_GE10", "Từ 10 lao động trở lên", "10 or more persons employed",
     "UNCTAD, Eurostat: enterprises with 10+"},
    {"CL_TRANSFORMATION", "N", "Không biến đổi", "None", sdmx},
    {"CL_TRANSFORMATION", "G1", "Tăng so với kỳ trước, %", "Growth on the period before, percent", sdmx},
    {"CL_TRANSFORMATION", "GY", "Tăng so với cùng kỳ năm trước, %", "Growth on the same period a year ago, percent", sdmx},
    {"CL_TRANSFORMATION", "GYT", "Tháng 1 và tháng 2 so với cùng kỳ năm trước, %",
     "Growth of January and February on both a year ago, percent", ours},
    {"CL_TRANSFORMATION", "IX", "Chỉ số theo kỳ gốc", "Index to a base period", ours},
    {"CL_TRANSFORMATION", "IXM", "Chỉ số chuỗi theo nhóm nguồn cố định", "Chain index of matched sources", ours},
    {"CL_UNIT_MEASURE", "PT", "Phần trăm", "Percent", sdmx},
    {"CL_UNIT_MEASURE", "PP", "Điểm phần trăm", "Percentage points", sdmx},
    {"CL_UNIT_MEASURE", "NB", "Số lượng", "Number", sdmx},
    {"CL_UNIT_MEASURE", "IX", "Chỉ số, kỳ gốc bằng 100", "Index, base period 100", sdmx},
    {"CL_UNIT_MEASURE", "IX_10K", "Chỉ số từ 0 đến 10.000", "Index from 0 to 10,000", ours},
    {"CL_OBS_STATUS", "A", "Bình thường", "Normal value", "SDMX CL_OBS_STATUS"},
    {"CL_OBS_STATUS", "B", "Gián đoạn chuỗi", "Time series break", "SDMX CL_OBS_STATUS"},
    {"CL_OBS_STATUS", "D", "Khác định nghĩa", "Definition differs", "SDMX CL_OBS_STATUS"},
    {"CL_OBS_STATUS", "E", "Ước lượng", "Estimated value", "SDMX CL_OBS_STATUS"},
    {"CL_OBS_STATUS", "G", "Thử nghiệm", "Experimental value", "SDMX CL_OBS_STATUS"},
    {"CL_OBS_STATUS", "K", "Gộp vào nhóm khác", "Data included in another category", "SDMX CL_OBS_STATUS"},
    {"CL_OBS_STATUS", "L", "Có nhưng không thu thập được", "Missing value; data exist but were not collected",
     "SDMX CL_OBS_STATUS"},
    {"CL_OBS_STATUS", "M", "Không tồn tại", "Missing value; data cannot exist", "SDMX CL_OBS_STATUS"},
    {"CL_OBS_STATUS", "O", "Thiếu số liệu", "Missing value", "SDMX CL_OBS_STATUS"},
    {"CL_OBS_STATUS", "P", "Tạm thời", "Provisional value", "SDMX CL_OBS_STATUS"},
    {"CL_OBS_STATUS", "Q", "Bị ẩn để bảo mật", "Missing value; suppressed", "SDMX CL_OBS_STATUS"},
    {"CL_OBS_STATUS", "U", "Độ tin cậy thấp", "Low reliability", "SDMX CL_OBS_STATUS"},
    {"CL_OBS_STATUS", "V", "Chưa kiểm tra", "Unvalidated value", "SDMX CL_OBS_STATUS"},
    {"CL_OBS_STATUS", "W", "Gồm số liệu của nhóm khác", "Includes data from another category", "SDMX CL_OBS_STATUS"},
    {"CL_CONF_STATUS", "F", "Tự do", "Free for publication", "SDMX CL_CONF_STATUS"},
    {"CL_CONF_STATUS", "A", "Mật: quá ít đơn vị", "Primary confidentiality due to small counts", "SDMX CL_CONF_STATUS"},
    {"CL_CONF_STATUS", "O", "Mật: một đơn vị chi phối", "Primary confidentiality due to dominance by one unit",
     "SDMX CL_CONF_STATUS"},
    {"CL_CONF_STATUS", "T", "Mật: hai đơn vị chi phối", "Primary confidentiality due to dominance by two units",
     "SDMX CL_CONF_STATUS"},
    {"CL_CONF_STATUS", "G", "Mật: một hoặc hai đơn vị chi phối", "Primary confidentiality due to dominance by one or two units",
     "SDMX CL_CONF_STATUS"},
    {"CL_CONF_STATUS", "M", "Mật: thước đo tập trung khác", "Primary confidentiality due to another concentration measure",
     "SDMX CL_CONF_STATUS"},
    {"CL_CONF_STATUS", "D", "Mật thứ cấp do cơ quan gửi đặt", "Secondary confidentiality set by the sender",
     "SDMX CL_CONF_STATUS"},
    {"CL_CONF_STATUS", "S", "Mật thứ cấp do cơ quan nhận đặt", "Secondary confidentiality set by the receiver",
     "SDMX CL_CONF_STATUS"},
    {"CL_CONF_STATUS", "N", "Không công bố", "Not for publication, internal use only", "SDMX CL_CONF_STATUS"},
    {"CL_CONF_STATUS", "C", "Thông tin mật", "Confidential statistical information", "SDMX CL_CONF_STATUS"},
    {"CL_CONF_STATUS", "E", "Chưa đến giờ công bố", "Embargo", "SDMX CL_CONF_STATUS"},
    {"CL_ERR_TYPE", "NONE", "Không có cận", "No bounds", ours},
    {"CL_ERR_TYPE", "BND", "Cận logic do giá trị chưa biết", "Logical bounds from unknown answers", ours},
    {"CL_ERR_TYPE", "HLL", "Khoảng 95% của ước lượng HyperLogLog", "95% interval of the HyperLogLog estimate", ours},
    {"CL_ACTION", "R", "Thay thế", "Replace", "SDMX-CSV 2.0"},
    {"CL_ACTION", "D", "Xóa", "Delete", "SDMX-CSV 2.0"},
    {"CL_CAUSE", "LATE_EVENT", "Sự kiện đến muộn", "Late event", ours},
    {"CL_CAUSE", "REGISTRY", "Sổ đăng ký thay đổi", "Change in the registry", ours},
    {"CL_CAUSE", "DEDUP", "Loại bản ghi trùng", "Duplicates removed", ours},
    {"CL_CAUSE", "METHOD", "Thay đổi phương pháp", "Change of method", ours},
    {"CL_CAUSE", "BOUNDARY", "Thay đổi địa giới", "Change of boundaries", ours},
    {"CL_CAUSE", "CLASSIFICATION", "Thay đổi phân loại", "Change of classification", ours},
    {"CL_CAUSE", "SUPPRESSION", "Thay đổi bảo mật", "Change of suppression", ours},
    {"CL_CAUSE", "BUGFIX", "Sửa lỗi", "Error corrected", ours},
    {"CL_CAUSE", "EXCLUSION", "Rút lại lô dữ liệu", "Delivery withdrawn", ours},
};

/* Labels of codes that the definitions list. */
static const struct fixed_code axis_codes[] = {
    {"CL_UNIT_TYPE", "_T", "Mọi loại đơn vị", "All types", ours},
    {"CL_UNIT_TYPE", "ENT", "Doanh nghiệp", "Enterprise", ours},
    {"CL_UNIT_TYPE", "EST", "Cơ sở", "Establishment", ours},
    {"CL_UNIT_TYPE", "GENERIC", "Không thuộc loại riêng", "No special type", contract},
    {"CL_UNIT_TYPE", "SUPERMARKET", "Siêu thị", "Supermarket", contract},
    {"CL_UNIT_TYPE", "MALL", "Trung tâm mua sắm", "Shopping centre", contract},
    {"CL_UNIT_TYPE", "HYPERMARKET", "Đại siêu thị", "Hypermarket", contract},
    {"CL_UNIT_TYPE", "CONVENIENCE", "Cửa hàng tiện lợi", "Convenience store", contract},
    {"CL_UNIT_TYPE", "MODERN_OTHER", "Phân phối hiện đại khác", "Other modern distribution", contract},
    {"CL_UNIT_TYPE", "UTILITY", "Điện, nước, viễn thông, truyền thông", "Utility or telecommunication", contract},
    {"CL_UNIT_TYPE", "MARKET", "Chợ truyền thống", "Traditional market", contract},
    {"CL_UNIT_TYPE", "OTHER", "Loại khác", "Any other", contract},
    {"CL_PLATFORM", "_T", "Mọi kênh điện tử", "All electronic channels", ours},
    {"CL_PLATFORM", "_Z", "Không áp dụng", "Not applicable", sdmx},
    {"CL_PLATFORM", "MARKETPLACE", "Sàn thương mại điện tử", "Marketplaces", ours},
    {"CL_PLATFORM", "LAZADA", "Lazada", "Lazada", contract},
    {"CL_PLATFORM", "SHOPEE", "Shopee", "Shopee", contract},
    {"CL_PLATFORM", "TIKI", "Tiki", "Tiki", contract},
    {"CL_PLATFORM", "SENDO", "Sendo", "Sendo", contract},
    {"CL_PLATFORM", "TIKTOK_SHOP", "TikTok Shop", "TikTok Shop", contract},
    {"CL_PLATFORM", "OTHER", "Sàn khác", "Any other marketplace", contract},
    {"CL_PLATFORM", "OWN_WEB", "Website riêng", "Own web shop", contract},
    {"CL_PLATFORM", "OWN_APP", "Ứng dụng riêng", "Own application", contract},
    {"CL_PLATFORM", "SOCIAL", "Mạng xã hội", "Social network", contract},
    {"CL_PLATFORM", "OTA", "Đại lý du lịch trực tuyến", "Online travel agency", contract},
    {"CL_PLATFORM", "EMAIL", "Thư điện tử", "E-mail", contract},
    {"CL_PLATFORM", "PHONE", "Điện thoại", "Telephone", contract},
    {"CL_PLATFORM", "RIDE_APP", "Ứng dụng gọi xe", "Ride-hailing application", contract},
    {"CL_PLATFORM", "FACEBOOK", "Facebook (quảng cáo)", "Facebook (advertising)", contract},
    {"CL_PLATFORM", "INSTAGRAM", "Instagram (quảng cáo)", "Instagram (advertising)", contract},
    {"CL_PLATFORM", "TWITTER", "X, trước là Twitter (quảng cáo)", "X, formerly Twitter (advertising)", contract},
    {"CL_PLATFORM", "GOOGLE", "Google (quảng cáo)", "Google (advertising)", contract},
    {"CL_PLATFORM", "TIKTOK", "TikTok (quảng cáo)", "TikTok (advertising)", contract},
    {"CL_PLATFORM", "AD_OTHER", "Nền tảng quảng cáo khác hoặc không rõ", "Any other advertising platform, or unknown", ours},
    {"CL_INSTRUMENT", "_T", "Mọi phương tiện không dùng tiền mặt", "All non-cash instruments", ours},
    {"CL_INSTRUMENT", "_Z", "Không áp dụng", "Not applicable", sdmx},
    {"CL_INSTRUMENT", "CARD", "Thẻ", "Card", contract},
    {"CL_INSTRUMENT", "EWALLET", "Ví điện tử", "E-wallet", contract},
    {"CL_INSTRUMENT", "BANK_A2A", "Chuyển khoản ngân hàng", "Bank transfer, account to account", contract},
    {"CL_INSTRUMENT", "QR_A2A", "Chuyển khoản qua mã QR", "Account-to-account transfer by QR code", contract},
    {"CL_INSTRUMENT", "CASH", "Tiền mặt", "Cash", contract},
    {"CL_INSTRUMENT", "MOBILE_MONEY", "Tiền di động", "Mobile money", contract},
    {"CL_INSTRUMENT", "BNPL", "Mua trước trả sau", "Buy now, pay later", contract},
    {"CL_INSTRUMENT", "OTHER", "Phương tiện khác", "Any other instrument", contract},
};

struct visitor {
    const struct publication *publication;
    const char *list;
    void (*visit)(void *, const struct code *);
    void *context;
};

static void give(const struct visitor *visitor, struct code code) {
    code.list = visitor->list;
    if (code.parent == NULL) code.parent = "";
    if (code.from == NULL) code.from = "";
    if (code.to == NULL) code.to = "";
    visitor->visit(visitor->context, &code);
}

/* A code of an axis: its label from the table, or its own name. */
static void give_axis_code(const struct visitor *visitor, const char *name, const char *parent) {
    struct code code = {.code = name, .vi = name, .en = name, .parent = parent, .source = definitions_source};
    for (size_t i = 0; i < COUNT(axis_codes); i++) {
        if (strcmp(axis_codes[i].list, visitor->list) != 0 || strcmp(axis_codes[i].code, name) != 0) continue;
        code.vi = axis_codes[i].vi;
        code.en = axis_codes[i].en;
        code.source = axis_codes[i].source;
    }
    give(visitor, code);
}

static void visit_axis(const struct visitor *visitor, const struct axis *axis) {
    give_axis_code(visitor, "_T", "");
    give_axis_code(visitor, "_Z", "");
    for (size_t i = 0; i < axis->code_count; i++) {
        const char *parent = "_T";
        for (size_t j = 0; j < axis->group_count; j++) {
            bool inside = (axis->codes[i].codes & ~axis->groups[j].codes) == 0;
            if (inside && strcmp(axis->groups[j].name, axis->codes[i].name) != 0) parent = axis->groups[j].name;
        }
        give_axis_code(visitor, axis->codes[i].name, parent);
    }
}

static bool in_list(const struct text_list *list, const char *text) {
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i], text) == 0) return true;
    }
    return false;
}

static void visit_ad_platforms(const struct visitor *visitor) {
    const struct axis *axis = &visitor->publication->definitions->ad_platform;
    for (size_t i = 0; i < axis->code_count; i++)
        give_axis_code(visitor, axis->codes[i].name, "_T");
}

/* Sales channels of total rows that are no part of the axis and of its total: rides. */
static void visit_other_channels(const struct visitor *visitor) {
    const struct definitions *definitions = visitor->publication->definitions;
    struct text_list seen = {.items = {"_T", "_Z"}, .count = 2};
    for (size_t i = 0; i < definitions->platform.code_count; i++)
        seen.items[seen.count++] = definitions->platform.codes[i].name;
    for (size_t i = 0; i < definitions->indicator_count; i++) {
        const char *name = definitions->indicators[i].platform;
        if (seen.count == TEXTS_MAX || in_list(&seen, name)) continue;
        seen.items[seen.count++] = name;
        give_axis_code(visitor, name, "");
    }
}

/* _T, the types of total rows that are no types of single units, then those of units. */
static void visit_unit_types(const struct visitor *visitor) {
    const struct definitions *definitions = visitor->publication->definitions;
    struct text_list seen = {.items = {"_T"}, .count = 1};
    give_axis_code(visitor, "_T", "");
    for (size_t i = 0; i < definitions->indicator_count; i++) {
        const char *name = definitions->indicators[i].unit_type;
        if (seen.count == TEXTS_MAX || in_list(&seen, name) || in_list(&definitions->unit_types, name)) continue;
        seen.items[seen.count++] = name;
        give_axis_code(visitor, name, "_T");
    }
    for (size_t i = 0; i < definitions->unit_types.count; i++)
        give_axis_code(visitor, definitions->unit_types.items[i], "_T");
}

static void visit_indicators(const struct visitor *visitor) {
    const struct definitions *definitions = visitor->publication->definitions;
    for (size_t i = 0; i < definitions->indicator_count; i++) {
        struct name name = definitions_name(definitions, definitions->indicators[i].code);
        give(visitor, (struct code){.code = name.code, .vi = name.vi, .en = name.en, .source = definitions_source});
    }
}

static void visit_activities(const struct visitor *visitor) {
    const struct definitions *definitions = visitor->publication->definitions;
    struct text_list seen = {.count = 0};
    give(visitor, (struct code){.code = "_T", .vi = "Mọi ngành", .en = "All industries", .source = ours});
    give(visitor, (struct code){.code = "_U", .vi = "Không rõ ngành", .en = "Industry unknown", .source = ours});
    for (size_t i = 0; i < definitions->indicator_count; i++) {
        const struct indicator *indicator = &definitions->indicators[i];
        if (indicator->kind != INDICATOR_UNITS && indicator->kind != INDICATOR_STRUCTURE) continue;
        for (size_t j = 0; j < indicator->population_count; j++) {
            struct name name = definitions_name(definitions, indicator->populations[j]->name);
            char code[ACTIVITY_BYTES];
            if (seen.count == TEXTS_MAX || in_list(&seen, name.code)) continue;
            seen.items[seen.count++] = name.code;
            (void)snprintf(code, sizeof(code), "V18_%.40s", name.code);
            give(visitor, (struct code){.code = code,
                                        .vi = name.vi,
                                        .en = name.en,
                                        .parent = "_T",
                                        .source = "VSIC 2018 (Decision 27/2018/QĐ-TTg); grouping in indicators.json"});
        }
    }
}

static void visit_district(const struct visitor *visitor, const char *area, const struct district *district) {
    const char *vi;
    const char *en;
    char code[AREA_BYTES];
    struct label label;
    area_kind_name(district->kind, &vi, &en);
    (void)snprintf(code, sizeof(code), "%.24s_D%d", area, (int)district->code);
    (void)snprintf(label.vi, sizeof(label.vi), "%s %s", vi, district->name);
    (void)snprintf(label.en, sizeof(label.en), "%s %s", district->name, en);
    give(visitor, (struct code){.code = code,
                                .vi = label.vi,
                                .en = label.en,
                                .parent = area,
                                .from = district->valid_from,
                                .to = district->valid_to,
                                .source = "Statistics office, administrative units of 2021"});
}

static void visit_commune(const struct visitor *visitor, const char *area, const struct commune *commune) {
    const char *vi;
    const char *en;
    char code[AREA_BYTES];
    struct label label;
    area_kind_name(commune->kind, &vi, &en);
    (void)snprintf(code, sizeof(code), "%.20s_C%s_2025", area, commune->code);
    (void)snprintf(label.vi, sizeof(label.vi), "%s %s", vi, commune->name);
    (void)snprintf(label.en, sizeof(label.en), "%s %s", commune->name, en);
    give(visitor, (struct code){.code = code,
                                .vi = label.vi,
                                .en = label.en,
                                .parent = area,
                                .from = "2025-07-01",
                                .source = "Decision 19/2025/QĐ-TTg, list of administrative units"});
}

static void visit_areas(const struct visitor *visitor) {
    const char *area = visitor->publication->options->reporting_area;
    bool known = strcmp(area, "VN_38") == 0;
    char unmatched[AREA_BYTES];
    (void)snprintf(unmatched, sizeof(unmatched), "%.30s_U", area);
    give(visitor, (struct code){.code = "VN", .vi = "Việt Nam", .en = "Viet Nam", .source = "ISO 3166-1"});
    give(visitor, (struct code){.code = area,
                                .vi = known ? "Tỉnh Thanh Hóa" : area,
                                .en = known ? "Thanh Hoa province" : area,
                                .parent = "VN",
                                .source = known ? "Statistics office, code 38" : "setting reporting.area"});
    give(visitor,
         (struct code){
             .code = unmatched, .vi = "Không khớp với sổ đăng ký", .en = "Matched to no registered unit", .source = ours});
    for (size_t i = 0; i < district_count; i++)
        visit_district(visitor, area, &districts[i]);
    for (size_t i = 0; known && i < commune_count; i++)
        visit_commune(visitor, area, &communes[i]);
}

void code_list_visit(const struct publication *publication, const char *list, void (*visit)(void *, const struct code *),
                     void *context) {
    const struct visitor visitor = {publication, list, visit, context};
    if (strcmp(list, "CL_AREA") == 0) visit_areas(&visitor);
    if (strcmp(list, "CL_INDICATOR") == 0) visit_indicators(&visitor);
    if (strcmp(list, "CL_ACTIVITY") == 0) visit_activities(&visitor);
    if (strcmp(list, "CL_UNIT_TYPE") == 0) visit_unit_types(&visitor);
    if (strcmp(list, "CL_PLATFORM") == 0) visit_axis(&visitor, &publication->definitions->platform);
    if (strcmp(list, "CL_PLATFORM") == 0) visit_other_channels(&visitor);
    if (strcmp(list, "CL_PLATFORM") == 0) visit_ad_platforms(&visitor);
    if (strcmp(list, "CL_INSTRUMENT") == 0) visit_axis(&visitor, &publication->definitions->instrument);
    for (size_t i = 0; i < COUNT(fixed_codes); i++) {
        const struct fixed_code *code = &fixed_codes[i];
        if (strcmp(code->list, list) != 0) continue;
        give(&visitor, (struct code){.code = code->code, .vi = code->vi, .en = code->en, .source = code->source});
    }
    if (strcmp(list, "CL_UNIT_MEASURE") == 0) {
        const char *currency = publication->options->reporting_currency;
        bool dong = strcmp(currency, "VND") == 0;
        give(&visitor, (struct code){.code = currency,
                                     .vi = dong ? "Đồng Việt Nam" : currency,
                                     .en = dong ? "Vietnamese dong" : currency,
                                     .source = "ISO 4217"});
    }
}

struct search {
    const char *code;
    struct label *label;
};

static void compare_code(void *context, const struct code *code) {
    const struct search *search = context;
    if (strcmp(search->code, code->code) != 0) return;
    (void)snprintf(search->label->vi, LABEL_BYTES, "%s", code->vi);
    (void)snprintf(search->label->en, LABEL_BYTES, "%s", code->en);
}

void code_label(const struct publication *publication, const char *list, const char *code, struct label *label) {
    struct search search = {code, label};
    (void)snprintf(label->vi, LABEL_BYTES, "%s", code);
    (void)snprintf(label->en, LABEL_BYTES, "%s", code);
    code_list_visit(publication, list, compare_code, &search);
}

void code_list_name(const char *list, const char **vi, const char **en) {
    static const char *const names[][3] = {
        {"CL_FREQ", "Tần suất", "Frequency"},
        {"CL_AREA", "Địa bàn", "Area"},
        {"CL_INDICATOR", "Chỉ tiêu", "Indicator"},
        {"CL_EVIDENCE", "Bằng chứng", "Evidence"},
        {"CL_ACTIVITY", "Ngành", "Industry"},
        {"CL_UNIT_TYPE", "Loại đơn vị", "Type of unit"},
        {"CL_SIZE_CLASS", "Quy mô", "Size class"},
        {"CL_PLATFORM", "Kênh bán", "Sales channel"},
        {"CL_INSTRUMENT", "Phương tiện thanh toán", "Payment instrument"},
        {"CL_TRANSFORMATION", "Phép biến đổi", "Transformation"},
        {"CL_UNIT_MEASURE", "Đơn vị tính", "Unit of measure"},
        {"CL_OBS_STATUS", "Trạng thái quan sát", "Observation status"},
        {"CL_CONF_STATUS", "Bảo mật", "Confidentiality status"},
        {"CL_ERR_TYPE", "Loại cận", "Kind of bounds"},
        {"CL_ACTION", "Hành động", "Action"},
        {"CL_CAUSE", "Nguyên nhân điều chỉnh", "Cause of a revision"},
    };
    *vi = list;
    *en = list;
    for (size_t i = 0; i < COUNT(names); i++) {
        if (strcmp(names[i][0], list) != 0) continue;
        *vi = names[i][1];
        *en = names[i][2];
    }
}
