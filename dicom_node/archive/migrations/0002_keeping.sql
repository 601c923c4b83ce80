-- Where objects lie, what is to be deleted, checked and described, and how much came in a day.

ALTER TABLE archive.instance
    ADD COLUMN location text NOT NULL DEFAULT 'local' CHECK (location IN ('local', 's3'));
CREATE INDEX instance_location ON archive.instance (location, series_id);

ALTER TABLE archive.study ADD COLUMN nearline_count integer NOT NULL DEFAULT 0;
CREATE INDEX study_age ON archive.study ((coalesce(study_date, (first_received AT TIME ZONE 'UTC')::date)), id)
    WHERE nearline_count < instance_count;

ALTER TABLE archive.series
    ADD COLUMN last_received timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN described boolean NOT NULL DEFAULT false;
CREATE INDEX series_not_described ON archive.series (last_received) WHERE NOT described;

ALTER TABLE archive.outbox DROP CONSTRAINT outbox_kind_check;
ALTER TABLE archive.outbox ADD CONSTRAINT outbox_kind_check CHECK (kind IN (
    'study', 'quarantine', 'access', 'rejection', 'quarantine_result', 'retrieval', 'disposal',
    'damage', 'volume'));
ALTER TABLE archive.outbox ADD COLUMN subject text;   -- kind volume: a newer event replaces an older
CREATE INDEX outbox_subject ON archive.outbox (subject) WHERE subject IS NOT NULL AND refused IS NULL;

-- What was newly stored; the day in the node's time zone.
CREATE TABLE archive.volume (
    day date NOT NULL,
    hospital text NOT NULL,
    modality text NOT NULL,
    instances bigint NOT NULL,
    size bigint NOT NULL,
    PRIMARY KEY (day, hospital, modality)
);

-- What people decided in the portal and the node has done: it is done once.
CREATE TABLE archive.decision (
    kind text NOT NULL CHECK (kind IN ('quarantine', 'disposal')),
    key text NOT NULL,
    outcome text NOT NULL,
    detail text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (kind, key)
);

-- Objects that belong to nothing any more and are still to be deleted.
CREATE TABLE archive.doomed (
    location text NOT NULL,
    object_key text NOT NULL,
    PRIMARY KEY (location, object_key)
);

-- How far a walk over all objects has come, so that the next process goes on from there.
CREATE TABLE archive.progress (
    walk text PRIMARY KEY,
    position text NOT NULL,
    checked bigint NOT NULL,
    damaged bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
-- Objects found missing or changed, so that each is told once.
CREATE TABLE archive.damage (
    instance_id bigint PRIMARY KEY REFERENCES archive.instance (id) ON DELETE CASCADE,
    detail text NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
