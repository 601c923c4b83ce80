"""The DICOM node: receives, stores, indexes and serves images."""
