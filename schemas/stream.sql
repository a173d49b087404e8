-- Lands the stream in DuckDB: lines of `nhip stream`, or the records of stream.topic in the same form ({"key", "value"}).
-- May be repeated with what came later; tombstones (value null) delete. Then `minutes` and `observations` are tables as one wants
-- them, and `latest` holds the JSON as it came.
--
--     nhip stream --config nhip.conf > stream.ndjson
--     duckdb stream.duckdb -cmd "SET VARIABLE stream = 'stream.ndjson'" -f schemas/stream.sql

CREATE TABLE IF NOT EXISTS latest (key VARCHAR PRIMARY KEY, value JSON);

-- The last of each key, in the order of the lines.
CREATE OR REPLACE TEMP TABLE news AS
SELECT key, value, value IS NULL OR json_type(value) = 'NULL' AS gone
FROM (SELECT key, value, row_number() OVER () AS line
      FROM read_json(getvariable('stream'), format = 'newline_delimited', columns = {key: 'VARCHAR', value: 'JSON'}))
QUALIFY row_number() OVER (PARTITION BY key ORDER BY line DESC) = 1;

BEGIN;
INSERT OR REPLACE INTO latest SELECT key, value FROM news WHERE NOT gone;
DELETE FROM latest WHERE key IN (SELECT key FROM news WHERE gone);
COMMIT;

CREATE OR REPLACE VIEW minutes AS
SELECT CAST(value ->> 'minute' AS TIMESTAMPTZ) AS minute,
       value ->> 'family' AS family, value ->> 'outlet' AS outlet, value ->> 'instrument' AS instrument,
       value ->> 'context' AS context, value ->> 'outcome' AS outcome, value ->> 'reason' AS reason,
       CAST(value ->> 'n' AS BIGINT) AS n, CAST(value ->> 'sum' AS HUGEINT) AS sum_minor,
       CAST(value ->> 'unconverted' AS BIGINT) AS unconverted
FROM latest WHERE starts_with(key, 'minute|');

CREATE OR REPLACE VIEW observations AS
SELECT value ->> 'series' AS series, value ->> 'FREQ' AS freq, value ->> 'TIME_PERIOD' AS time_period,
       value ->> 'REF_AREA' AS ref_area, value ->> 'INDICATOR' AS indicator, value ->> 'EVIDENCE' AS evidence,
       value ->> 'ACTIVITY' AS activity, value ->> 'UNIT_TYPE' AS unit_type, value ->> 'SIZE_CLASS' AS size_class,
       value ->> 'PLATFORM' AS platform, value ->> 'INSTRUMENT' AS instrument, value ->> 'TRANSFORMATION' AS transformation,
       value ->> 'OBS_VALUE' AS obs_text, TRY_CAST(value ->> 'OBS_VALUE' AS DECIMAL(38, 6)) AS obs_value,
       value ->> 'UNIT_MEASURE' AS unit_measure, value ->> 'OBS_STATUS' AS obs_status, value ->> 'CONF_STATUS' AS conf_status,
       CAST(value ->> 'version' AS INTEGER) AS release, value ->> 'vintage' AS vintage
FROM latest WHERE starts_with(key, 'observation|');
