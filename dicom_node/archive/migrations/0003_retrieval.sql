-- What is fetched from other archives, as the portal asked; a job goes on where it was broken off.
CREATE TABLE archive.retrieval (
    id bigint PRIMARY KEY,          -- the portal's number
    state text NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed', 'cancelled')),
    listed boolean NOT NULL DEFAULT false,
    error text NOT NULL DEFAULT ''
);
CREATE TABLE archive.retrieval_study (
    retrieval_id bigint NOT NULL REFERENCES archive.retrieval (id) ON DELETE CASCADE,
    study_uid text NOT NULL,
    expected integer,               -- instances at the source; null: it does not say
    state text NOT NULL CHECK (state IN ('wanted', 'present', 'failed')),
    PRIMARY KEY (retrieval_id, study_uid)
);
