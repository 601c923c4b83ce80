-- What others said of how much a study holds. One row a study, kind of evidence and whoever gave
-- it. Neither `expected` nor `instances`: it was asked, and knows nothing of the study. `hospital`
-- empty: of any. It may come before the study.
CREATE TABLE archive.evidence (
    study_uid text NOT NULL,
    source text NOT NULL CHECK (source IN ('mpps', 'c-find', 'ris')),
    origin text NOT NULL,           -- SOP Instance UID of the step, AE title, or nothing
    hospital text NOT NULL,
    expected integer,
    instances text[],               -- their SOP Instance UIDs, when they are known
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (study_uid, source, origin)
);
CREATE INDEX study_last_received ON archive.study (hospital, last_received);
