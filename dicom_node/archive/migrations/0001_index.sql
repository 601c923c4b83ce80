-- The archive index: what is stored where. All of it can be rebuilt from the stored files, except
-- `outbox`, `access` and the duplicate counts.

CREATE TABLE archive.study (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    study_uid text NOT NULL UNIQUE,
    hospital text NOT NULL,
    revision bigint NOT NULL DEFAULT 0,
    patient_id text NOT NULL,
    patient_name text NOT NULL,
    birth_date date,
    sex text NOT NULL,
    accession_number text NOT NULL,
    study_id text NOT NULL,
    study_date date,
    study_time time,
    description text NOT NULL,
    referring_physician text NOT NULL,
    station_name text NOT NULL,
    calling_ae text NOT NULL,
    modalities text[] NOT NULL DEFAULT '{}',
    body_parts text[] NOT NULL DEFAULT '{}',
    series_count integer NOT NULL DEFAULT 0,
    instance_count integer NOT NULL DEFAULT 0,
    duplicate_count bigint NOT NULL DEFAULT 0,
    size bigint NOT NULL DEFAULT 0,
    first_received timestamptz NOT NULL,
    last_received timestamptz NOT NULL
);
CREATE INDEX study_hospital_date ON archive.study (hospital, study_date DESC NULLS LAST, id DESC);
CREATE INDEX study_date ON archive.study (study_date DESC NULLS LAST, id DESC);
CREATE INDEX study_patient_id ON archive.study (patient_id text_pattern_ops);
CREATE INDEX study_accession ON archive.study (accession_number text_pattern_ops);
CREATE INDEX study_patient_name ON archive.study (upper(patient_name) text_pattern_ops);

CREATE TABLE archive.series (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    study_id bigint NOT NULL REFERENCES archive.study (id) ON DELETE CASCADE,
    series_uid text NOT NULL,
    number integer,
    modality text NOT NULL,
    description text NOT NULL,
    body_part text NOT NULL,
    laterality text NOT NULL,
    series_date date,
    series_time time,
    instance_count integer NOT NULL DEFAULT 0,
    UNIQUE (study_id, series_uid)
);
CREATE INDEX series_uid ON archive.series (series_uid);

CREATE TABLE archive.instance (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    series_id bigint NOT NULL REFERENCES archive.series (id) ON DELETE CASCADE,
    sop_uid text NOT NULL UNIQUE,
    sop_class text NOT NULL,
    number integer,
    transfer_syntax text NOT NULL,
    object_key text NOT NULL,
    digest bytea NOT NULL,          -- SHA-256 over the data set, without group 2
    size bigint NOT NULL,           -- of the file
    dataset_offset bigint NOT NULL,
    row_count integer,
    column_count integer,
    frame_count integer NOT NULL,   -- 0: no pixel data
    pixel_offset bigint,            -- of the first native frame, or of the first fragment's value;
                                    -- within the inflated data set for the deflated syntax
    frame_length bigint,            -- native: bytes of one frame
    fragment_lengths bytea,         -- encapsulated: 4 bytes little endian each
    frame_starts bytea,             -- first fragment of each frame, when there are not as many of both
    image boolean NOT NULL,         -- can be shown as an image
    withheld boolean NOT NULL,      -- not for anonymous tickets: may show the patient's name
    received timestamptz NOT NULL
);
CREATE INDEX instance_series ON archive.instance (series_id, number, id);

-- One row a spool id: what became of it. A replay after a crash finds it here.
CREATE TABLE archive.arrival (
    spool_id text PRIMARY KEY,
    outcome text NOT NULL CHECK (outcome IN ('stored', 'duplicate', 'quarantined', 'noted'))
);

CREATE TABLE archive.outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('study', 'quarantine', 'access', 'rejection')),
    study_uid text,                 -- kind study: a newer event replaces an older one
    at timestamptz NOT NULL DEFAULT now(),
    body jsonb NOT NULL,
    due timestamptz NOT NULL DEFAULT now(),
    attempts integer NOT NULL DEFAULT 0,
    refused text                    -- the portal's error; never sent again
);
CREATE INDEX outbox_due ON archive.outbox (id) WHERE refused IS NULL;
CREATE INDEX outbox_study ON archive.outbox (study_uid) WHERE kind = 'study' AND refused IS NULL;

-- Which reads are already on record: one row a ticket, study and action.
CREATE TABLE archive.access (
    ticket text NOT NULL,
    study_uid text NOT NULL,
    action text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (ticket, study_uid, action)
);
CREATE INDEX access_at ON archive.access (at);
