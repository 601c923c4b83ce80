-- Searches among millions of studies: by any part of a name, number or description, newest first.

-- The pieces of *value* by which a pattern finds it: every three characters; of text that is not
-- ASCII every two, since a Chinese name is rarely longer, and every one. Both ends of each group of
-- a name are marked by `^`; spaces and the name's own `^` do not count. dicom_node/web/grams.py cuts
-- a pattern in the same way.
CREATE FUNCTION archive.grams(value text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 10000 AS $$
DECLARE
    found text[] := '{}';
    word text;
    two text;
BEGIN
    FOREACH word IN ARRAY string_to_array(translate(value, '^ ', ''), '=') LOOP
        CONTINUE WHEN word = '';
        word := '^' || word || '^';
        FOR n IN 1 .. length(word) - 1 LOOP
            two := substr(word, n, 2);
            IF octet_length(two) > 2 THEN
                found := found || two;
                IF octet_length(substr(two, 1, 1)) > 1 THEN
                    found := found || substr(two, 1, 1);
                END IF;
            ELSIF n < length(word) - 1 THEN
                found := found || substr(word, n, 3);
            END IF;
        END LOOP;
    END LOOP;
    RETURN found;
END $$;

-- What changes with every batch is in no index, and a page has room for a row's next version: else
-- each update of a study would enter it into every index anew. `online` and `received_on` change
-- with few of them.
ALTER TABLE archive.study SET (fillfactor = 80);
DROP INDEX archive.study_age, archive.study_last_received;
ALTER TABLE archive.study
    ADD COLUMN online boolean NOT NULL GENERATED ALWAYS AS (nearline_count < instance_count) STORED,
    ADD COLUMN received_on date NOT NULL
        GENERATED ALWAYS AS ((last_received AT TIME ZONE 'UTC')::date) STORED;
CREATE INDEX study_age ON archive.study
    ((coalesce(study_date, (first_received AT TIME ZONE 'UTC')::date)), id) WHERE online;
CREATE INDEX study_received ON archive.study (hospital, received_on);

-- In the very order of the answers, so that none is sorted.
DROP INDEX archive.study_hospital_date, archive.study_date;
CREATE INDEX study_hospital_date ON archive.study
    (hospital, study_date DESC NULLS LAST, study_time DESC NULLS LAST, id DESC);
CREATE INDEX study_date ON archive.study
    (study_date DESC NULLS LAST, study_time DESC NULLS LAST, id DESC);

CREATE INDEX study_birth_date ON archive.study (birth_date);
CREATE INDEX study_number ON archive.study (study_id text_pattern_ops);
-- Names are found by their pieces. What waits to be entered is read at every search: not much may.
DROP INDEX archive.study_patient_name;
CREATE INDEX study_grams ON archive.study USING gin (
    archive.grams(upper(patient_name)),
    archive.grams(upper(referring_physician)),
    archive.grams(patient_id),
    archive.grams(accession_number),
    archive.grams(description),
    modalities
) WITH (gin_pending_list_limit = 512);
-- How rare a piece is decides how a search goes about.
ANALYZE archive.study;
