/* One line a column. The first 34 are those of statistics publishers' SDMX-CSV 2.0 files with three columns of ours behind them;
 * names never change and columns are only appended, so that a reader written today reads every later vintage. */
#include "aggregate/publication/fields.h"

#define COUNT(items) (sizeof(items) / sizeof((items)[0]))

static const struct field observation_fields[] = {
    {"STRUCTURE", "", "Kind of SDMX structure", "Loại cấu trúc SDMX", FIELD_TEXT, FIELD_CONSTANT, true, false},
    {"STRUCTURE_ID", "", "Dataflow", "Luồng dữ liệu", FIELD_TEXT, FIELD_CONSTANT, true, false},
    {"ACTION", "CL_ACTION", "Action: R replaces", "Hành động: R là thay thế", FIELD_TEXT, FIELD_CONSTANT, true, false},
    {"FREQ", "CL_FREQ", "Frequency", "Tần suất", FIELD_TEXT, FIELD_DIMENSION, true, true},
    {"REF_AREA", "CL_AREA", "Area", "Địa bàn", FIELD_TEXT, FIELD_DIMENSION, true, true},
    {"INDICATOR", "CL_INDICATOR", "Indicator", "Chỉ tiêu", FIELD_TEXT, FIELD_DIMENSION, true, true},
    {"EVIDENCE", "CL_EVIDENCE", "Evidence: registry, observed, combined", "Bằng chứng: đăng ký, quan sát, kết hợp", FIELD_TEXT,
     FIELD_DIMENSION, true, true},
    {"ACTIVITY", "CL_ACTIVITY", "Industry, with the version of its classification", "Ngành, kèm phiên bản phân ngành", FIELD_TEXT,
     FIELD_DIMENSION, true, true},
    {"UNIT_TYPE", "CL_UNIT_TYPE", "Type of unit", "Loại đơn vị", FIELD_TEXT, FIELD_DIMENSION, true, true},
    {"SIZE_CLASS", "CL_SIZE_CLASS", "Size by persons employed", "Quy mô theo lao động", FIELD_TEXT, FIELD_DIMENSION, true, true},
    {"PLATFORM", "CL_PLATFORM", "Sales channel or platform", "Kênh bán hoặc sàn", FIELD_TEXT, FIELD_DIMENSION, true, true},
    {"INSTRUMENT", "CL_INSTRUMENT", "Payment instrument", "Phương tiện thanh toán", FIELD_TEXT, FIELD_DIMENSION, true, true},
    {"TRANSFORMATION", "CL_TRANSFORMATION", "Transformation", "Phép biến đổi", FIELD_TEXT, FIELD_DIMENSION, true, true},
    {"TIME_PERIOD", "", "Reference period", "Kỳ báo cáo", FIELD_TEXT, FIELD_TIME, true, true},
    {"OBS_VALUE", "", "Value", "Giá trị", FIELD_DECIMAL, FIELD_MEASURE, false, false},
    {"UNIT_MEASURE", "CL_UNIT_MEASURE", "Unit of measure", "Đơn vị tính", FIELD_TEXT, FIELD_ATTRIBUTE, true, false},
    {"UNIT_MULT", "", "Unit multiplier, power of ten", "Hệ số nhân, lũy thừa của mười", FIELD_INTEGER, FIELD_ATTRIBUTE, true,
     false},
    {"DECIMALS", "", "Decimals of the value", "Số chữ số thập phân", FIELD_INTEGER, FIELD_ATTRIBUTE, true, false},
    {"OBS_STATUS", "CL_OBS_STATUS", "Status of the observation", "Trạng thái quan sát", FIELD_TEXT, FIELD_ATTRIBUTE, true, false},
    {"CONF_STATUS", "CL_CONF_STATUS", "Confidentiality", "Bảo mật", FIELD_TEXT, FIELD_ATTRIBUTE, true, false},
    {"NUMERATOR", "", "Numerator", "Tử số", FIELD_INTEGER, FIELD_ATTRIBUTE, false, false},
    {"DENOMINATOR", "", "Denominator", "Mẫu số", FIELD_INTEGER, FIELD_ATTRIBUTE, false, false},
    {"N_UNITS", "", "Contributing units, class", "Số đơn vị đóng góp, theo nhóm", FIELD_TEXT, FIELD_ATTRIBUTE, false, false},
    {"BOUND_LO", "", "Lower bound", "Cận dưới", FIELD_DECIMAL, FIELD_ATTRIBUTE, false, false},
    {"BOUND_HI", "", "Upper bound", "Cận trên", FIELD_DECIMAL, FIELD_ATTRIBUTE, false, false},
    {"ERR_TYPE", "CL_ERR_TYPE", "Kind of bounds", "Loại cận", FIELD_TEXT, FIELD_ATTRIBUTE, true, false},
    {"COVERAGE", "", "Coverage of sources and registry, percent", "Độ bao phủ nguồn và sổ đăng ký, %", FIELD_DECIMAL,
     FIELD_ATTRIBUTE, false, false},
    {"WINDOW", "", "Window before the end of the period", "Cửa sổ trước cuối kỳ", FIELD_TEXT, FIELD_ATTRIBUTE, false, false},
    {"METHOD", "", "Version of the definitions", "Phiên bản định nghĩa", FIELD_TEXT, FIELD_ATTRIBUTE, true, false},
    {"OBS_PRE_BREAK", "", "Value under the method before a break", "Giá trị theo phương pháp trước gián đoạn", FIELD_DECIMAL,
     FIELD_ATTRIBUTE, false, false},
    {"PERIOD_START", "", "First day of the period", "Ngày đầu kỳ", FIELD_DATE, FIELD_CUSTOM, true, false},
    {"PERIOD_END", "", "Last day of the period", "Ngày cuối kỳ", FIELD_DATE, FIELD_CUSTOM, true, false},
    {"RELEASE", "", "Release of the period", "Lần công bố của kỳ", FIELD_INTEGER, FIELD_CUSTOM, true, false},
    {"AS_OF", "", "Known as of", "Tính đến thời điểm", FIELD_INSTANT, FIELD_CUSTOM, true, false},
};

static const struct field code_fields[] = {
    {"codelist", "", "Code list", "Danh mục", FIELD_TEXT, FIELD_PLAIN, true, true},
    {"code", "", "Code", "Mã", FIELD_TEXT, FIELD_PLAIN, true, true},
    {"label_vi", "", "Label in Vietnamese", "Nhãn tiếng Việt", FIELD_TEXT, FIELD_PLAIN, true, false},
    {"label_en", "", "Label in English", "Nhãn tiếng Anh", FIELD_TEXT, FIELD_PLAIN, true, false},
    {"parent", "", "Code above", "Mã cấp trên", FIELD_TEXT, FIELD_PLAIN, false, false},
    {"valid_from", "", "Valid from", "Có hiệu lực từ", FIELD_DATE, FIELD_PLAIN, false, false},
    {"valid_to", "", "Valid until, exclusive", "Hết hiệu lực từ", FIELD_DATE, FIELD_PLAIN, false, false},
    {"source", "", "Source of the code", "Nguồn của mã", FIELD_TEXT, FIELD_PLAIN, true, false},
};

static const struct field area_fields[] = {
    {"code", "", "Area", "Địa bàn", FIELD_TEXT, FIELD_PLAIN, true, true},
    {"name_vi", "", "Name in Vietnamese", "Tên tiếng Việt", FIELD_TEXT, FIELD_PLAIN, true, false},
    {"name_en", "", "Name in English", "Tên tiếng Anh", FIELD_TEXT, FIELD_PLAIN, true, false},
    {"name_ascii", "", "Name without marks", "Tên không dấu", FIELD_TEXT, FIELD_PLAIN, true, false},
    {"iso3166_2", "", "ISO 3166-2 code", "Mã ISO 3166-2", FIELD_TEXT, FIELD_PLAIN, false, false},
    {"gso_province", "", "Code of the province", "Mã tỉnh", FIELD_TEXT, FIELD_PLAIN, false, false},
    {"gso_code", "", "Code of the administrative unit", "Mã đơn vị hành chính", FIELD_TEXT, FIELD_PLAIN, false, false},
    {"level", "", "Level", "Cấp", FIELD_TEXT, FIELD_PLAIN, true, false},
    {"geo_vintage", "", "Boundaries of", "Ranh giới năm", FIELD_TEXT, FIELD_PLAIN, false, false},
    {"parent", "", "Area above", "Địa bàn cấp trên", FIELD_TEXT, FIELD_PLAIN, false, false},
    {"valid_from", "", "Valid from", "Có hiệu lực từ", FIELD_DATE, FIELD_PLAIN, false, false},
    {"valid_to", "", "Valid until, exclusive", "Hết hiệu lực từ", FIELD_DATE, FIELD_PLAIN, false, false},
    {"successor", "", "Area that took it in", "Địa bàn kế tiếp", FIELD_TEXT, FIELD_PLAIN, false, false},
    {"district_2021", "", "District of 2021 that had this code", "Huyện 2021 từng mang mã này", FIELD_TEXT, FIELD_PLAIN, false,
     false},
    {"note", "", "Note", "Ghi chú", FIELD_TEXT, FIELD_PLAIN, false, false},
};

static const struct field benchmark_fields[] = {
    {"indicator", "CL_INDICATOR", "Indicator", "Chỉ tiêu", FIELD_TEXT, FIELD_PLAIN, true, true},
    {"evidence", "CL_EVIDENCE", "Evidence of our figure", "Bằng chứng của số liệu", FIELD_TEXT, FIELD_PLAIN, true, true},
    {"activity", "CL_ACTIVITY", "Industry", "Ngành", FIELD_TEXT, FIELD_PLAIN, true, true},
    {"kind", "", "TARGET or REPORTED", "Mục tiêu hoặc đã công bố", FIELD_TEXT, FIELD_PLAIN, true, true},
    {"area", "", "Whose figure it is", "Số liệu của địa bàn", FIELD_TEXT, FIELD_PLAIN, true, true},
    {"year", "", "Reference year", "Năm tham chiếu", FIELD_INTEGER, FIELD_PLAIN, true, true},
    {"value", "", "Benchmark", "Giá trị chuẩn", FIELD_DECIMAL, FIELD_PLAIN, true, false},
    {"unit_measure", "CL_UNIT_MEASURE", "Unit of measure", "Đơn vị tính", FIELD_TEXT, FIELD_PLAIN, true, false},
    {"ref_area", "", "Area of our figure", "Địa bàn của số liệu", FIELD_TEXT, FIELD_PLAIN, true, false},
    {"time_period", "", "Period of our figure", "Kỳ của số liệu", FIELD_TEXT, FIELD_PLAIN, true, true},
    {"obs_value", "", "Our figure", "Số liệu", FIELD_DECIMAL, FIELD_PLAIN, false, false},
    {"obs_status", "CL_OBS_STATUS", "Status of our figure", "Trạng thái số liệu", FIELD_TEXT, FIELD_PLAIN, true, false},
    {"gap", "", "Our figure less the benchmark (percentage points for PT)", "Chênh lệch so với chuẩn (điểm % nếu là PT)",
     FIELD_DECIMAL, FIELD_PLAIN, false, false},
    {"source", "", "Source", "Nguồn", FIELD_TEXT, FIELD_PLAIN, true, false},
    {"url", "", "Where to read it", "Nơi đọc", FIELD_TEXT, FIELD_PLAIN, false, false},
    {"note", "", "Note", "Ghi chú", FIELD_TEXT, FIELD_PLAIN, false, false},
};

static const struct field slice_fields[] = {
    {"indicator", "CL_INDICATOR", "Indicator", "Chỉ tiêu", FIELD_TEXT, FIELD_PLAIN, true, true},
    {"slice", "", "Axis or axes that differ from the total", "Trục khác với tổng", FIELD_TEXT, FIELD_PLAIN, true, true},
    {"published", "", "YES or NO", "Có công bố hay không", FIELD_TEXT, FIELD_PLAIN, true, false},
    {"rows", "", "Rows in obs.csv", "Số dòng trong obs.csv", FIELD_INTEGER, FIELD_PLAIN, true, false},
    {"with_value", "", "Rows with a value", "Số dòng có giá trị", FIELD_INTEGER, FIELD_PLAIN, true, false},
    {"suppressed", "", "Rows suppressed", "Số dòng bị ẩn", FIELD_INTEGER, FIELD_PLAIN, true, false},
    {"missing", "", "Rows without a value for other reasons", "Số dòng không có giá trị vì lý do khác", FIELD_INTEGER,
     FIELD_PLAIN, true, false},
    {"reason", "", "Why it is not published", "Lý do không công bố", FIELD_TEXT, FIELD_PLAIN, false, false},
    {"note", "", "In words", "Diễn giải", FIELD_TEXT, FIELD_PLAIN, true, false},
};

static const struct field paradata_fields[] = {
    {"scope", "", "SOURCE, PARTITION or ALL", "Phạm vi: nguồn, phân vùng, toàn bộ", FIELD_TEXT, FIELD_PLAIN, true, true},
    {"source", "", "Source", "Nguồn dữ liệu", FIELD_TEXT, FIELD_PLAIN, false, true},
    {"topic", "", "Topic", "Chủ đề Kafka", FIELD_TEXT, FIELD_PLAIN, false, true},
    {"partition", "", "Partition", "Phân vùng", FIELD_INTEGER, FIELD_PLAIN, false, true},
    {"period", "", "Period, empty: the whole log", "Kỳ, trống: toàn bộ nhật ký", FIELD_TEXT, FIELD_PLAIN, false, true},
    {"measure", "", "Measure", "Chỉ số", FIELD_TEXT, FIELD_PLAIN, true, true},
    {"rule", "", "Rule of refusal, or feed of a source", "Quy tắc từ chối, hoặc luồng của nguồn", FIELD_TEXT, FIELD_PLAIN, false,
     true},
    {"value", "", "Value, empty: too few records to say", "Giá trị, trống: quá ít bản ghi", FIELD_DECIMAL, FIELD_PLAIN, false,
     false},
    {"unit", "", "NB, PT, S (seconds) or CLASS", "Đơn vị: số, %, giây hoặc nhóm", FIELD_TEXT, FIELD_PLAIN, true, false},
    {"class", "", "Size class of what was counted", "Nhóm quy mô", FIELD_TEXT, FIELD_PLAIN, false, false},
};

static const struct field calendar_fields[] = {
    {"FREQ", "CL_FREQ", "Frequency", "Tần suất", FIELD_TEXT, FIELD_PLAIN, true, true},
    {"TIME_PERIOD", "", "Reference period", "Kỳ báo cáo", FIELD_TEXT, FIELD_PLAIN, true, true},
    {"PERIOD_START", "", "First day of the period", "Ngày đầu kỳ", FIELD_DATE, FIELD_PLAIN, true, false},
    {"PERIOD_END", "", "Last day of the period", "Ngày cuối kỳ", FIELD_DATE, FIELD_PLAIN, true, false},
    {"STEP", "", "FIRST: whole period; F7, F45, F120, REG: that class is final", "FIRST: trọn kỳ; F7, F45, F120, REG: chính thức",
     FIELD_TEXT, FIELD_PLAIN, true, true},
    {"SCOPE", "", "Indicators that the step is about", "Các chỉ tiêu liên quan", FIELD_TEXT, FIELD_PLAIN, false, false},
    {"PLANNED_DATE", "", "Planned day, local; empty: not known yet", "Ngày dự kiến (giờ địa phương), trống: chưa biết",
     FIELD_DATE, FIELD_PLAIN, false, false},
    {"PLANNED_AT", "", "Planned instant", "Thời điểm dự kiến", FIELD_INSTANT, FIELD_PLAIN, false, false},
    {"RELEASE", "", "Release that reached it, empty: none yet", "Lần công bố đạt tới, trống: chưa có", FIELD_INTEGER, FIELD_PLAIN,
     false, false},
    {"AS_OF", "", "AS_OF of that release", "Thời điểm số liệu của lần công bố đó", FIELD_INSTANT, FIELD_PLAIN, false, false},
};

static const struct field cohort_fields[] = {
    {"COHORT", "", "Month of registration; PRE: before the data begins", "Tháng đăng ký; PRE: trước khi có dữ liệu", FIELD_TEXT,
     FIELD_PLAIN, true, true},
    {"AGE", "", "Months since the cohort began", "Số tháng từ khi nhóm bắt đầu", FIELD_INTEGER, FIELD_PLAIN, true, false},
    {"MONTH", "", "Calendar month", "Tháng lịch", FIELD_TEXT, FIELD_PLAIN, true, true},
    {"AT_RISK", "", "Units not active before and alive when it begins", "Số đơn vị chưa từng hoạt động, còn tồn tại đầu tháng",
     FIELD_INTEGER, FIELD_PLAIN, false, false},
    {"ADOPTIONS", "", "Of them, active for the first time", "Trong đó hoạt động lần đầu", FIELD_INTEGER, FIELD_PLAIN, false,
     false},
    {"HAZARD", "", "ADOPTIONS / AT_RISK", "Tỷ lệ bắt đầu hoạt động", FIELD_DECIMAL, FIELD_PLAIN, false, false},
    {"SURVIVOR", "", "Share not active by its end (product over ages)", "Tỷ lệ chưa hoạt động đến cuối tháng", FIELD_DECIMAL,
     FIELD_PLAIN, false, false},
    {"OBS_STATUS", "CL_OBS_STATUS", "Status", "Trạng thái", FIELD_TEXT, FIELD_PLAIN, true, false},
    {"CONF_STATUS", "CL_CONF_STATUS", "Confidentiality", "Bảo mật", FIELD_TEXT, FIELD_PLAIN, true, false},
};

/* A column of a key that another file shares with obs.csv. */
#define KEY(name, list, en, vi)                                                                                                  \
    { name, list, en, vi, FIELD_TEXT, FIELD_PLAIN, true, true }

static const struct field revision_fields[] = {
    KEY("FREQ", "CL_FREQ", "Frequency", "Tần suất"),
    KEY("REF_AREA", "CL_AREA", "Area", "Địa bàn"),
    KEY("INDICATOR", "CL_INDICATOR", "Indicator", "Chỉ tiêu"),
    KEY("EVIDENCE", "CL_EVIDENCE", "Evidence", "Bằng chứng"),
    KEY("ACTIVITY", "CL_ACTIVITY", "Industry", "Ngành"),
    KEY("UNIT_TYPE", "CL_UNIT_TYPE", "Type of unit", "Loại đơn vị"),
    KEY("SIZE_CLASS", "CL_SIZE_CLASS", "Size class", "Quy mô"),
    KEY("PLATFORM", "CL_PLATFORM", "Sales channel", "Kênh bán"),
    KEY("INSTRUMENT", "CL_INSTRUMENT", "Payment instrument", "Phương tiện thanh toán"),
    KEY("TRANSFORMATION", "CL_TRANSFORMATION", "Transformation", "Phép biến đổi"),
    KEY("TIME_PERIOD", "", "Reference period", "Kỳ báo cáo"),
    {"ACTION", "", "REVISED, NEW or WITHDRAWN", "Điều chỉnh, mới hoặc rút lại", FIELD_TEXT, FIELD_PLAIN, true, false},
    {"OLD_VALUE", "", "Value of the release before", "Giá trị lần công bố trước", FIELD_DECIMAL, FIELD_PLAIN, false, false},
    {"NEW_VALUE", "", "Value of this release", "Giá trị lần công bố này", FIELD_DECIMAL, FIELD_PLAIN, false, false},
    {"OLD_STATUS", "CL_OBS_STATUS", "Status before", "Trạng thái trước", FIELD_TEXT, FIELD_PLAIN, false, false},
    {"NEW_STATUS", "CL_OBS_STATUS", "Status now", "Trạng thái nay", FIELD_TEXT, FIELD_PLAIN, false, false},
    {"CAUSE", "", "Cause, or causes joined by +", "Nguyên nhân, nối bằng dấu +", FIELD_TEXT, FIELD_PLAIN, true, false},
    {"NOTE", "", "Had been final; other columns that changed", "Từng là số chính thức; cột khác đã đổi", FIELD_TEXT, FIELD_PLAIN,
     false, false},
};

static const struct field summary_fields[] = {
    KEY("INDICATOR", "CL_INDICATOR", "Indicator", "Chỉ tiêu"),
    KEY("EVIDENCE", "CL_EVIDENCE", "Evidence", "Bằng chứng"),
    {"RELEASE", "", "This release", "Lần công bố này", FIELD_INTEGER, FIELD_PLAIN, true, false},
    {"PREVIOUS_RELEASE", "", "The release before", "Lần công bố trước", FIELD_INTEGER, FIELD_PLAIN, true, false},
    {"ROWS", "", "Rows with a value in both", "Số dòng có giá trị ở cả hai", FIELD_INTEGER, FIELD_PLAIN, true, false},
    {"MEAN", "", "Mean revision", "Mức điều chỉnh trung bình", FIELD_DECIMAL, FIELD_PLAIN, false, false},
    {"MEAN_ABSOLUTE", "", "Mean absolute revision", "Mức điều chỉnh tuyệt đối trung bình", FIELD_DECIMAL, FIELD_PLAIN, false,
     false},
    {"MAX_ABSOLUTE", "", "Greatest absolute revision", "Mức điều chỉnh tuyệt đối lớn nhất", FIELD_DECIMAL, FIELD_PLAIN, false,
     false},
    {"TOTAL", "", "Revision of the area's total", "Điều chỉnh của số toàn địa bàn", FIELD_DECIMAL, FIELD_PLAIN, false, false},
};

#define FILE_OF(name, en, vi, fields)                                                                                            \
    { name ".csv", name, en, vi, fields, COUNT(fields) }

const struct data_file data_files[] = {
    FILE_OF("obs", "Observations", "Quan sát", observation_fields),
    FILE_OF("revisions", "Revisions", "Điều chỉnh", revision_fields),
    FILE_OF("revisions_summary", "Summary of revisions", "Tóm tắt điều chỉnh", summary_fields),
    FILE_OF("codes", "Code lists", "Danh mục mã", code_fields),
    FILE_OF("geo", "Areas", "Địa bàn", area_fields),
    FILE_OF("benchmarks", "Targets and reported figures", "Mục tiêu và số liệu đã công bố", benchmark_fields),
    FILE_OF("slices", "Which breakdowns exist", "Các phân tổ được công bố", slice_fields),
    FILE_OF("paradata", "Quality of the delivery", "Chất lượng dữ liệu đầu vào", paradata_fields),
    FILE_OF("calendar", "Release calendar", "Lịch công bố", calendar_fields),
    FILE_OF("cohorts", "Time to adoption by month of registration", "Thời gian đến lần hoạt động đầu, theo tháng đăng ký",
            cohort_fields),
};
const size_t data_file_count = COUNT(data_files);
const struct data_file *const observation_file = &data_files[0];
