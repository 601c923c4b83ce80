-- The next study of a job is found without passing over those that are settled.
CREATE INDEX retrieval_study_wanted ON archive.retrieval_study (retrieval_id, study_uid)
    WHERE state = 'wanted';
