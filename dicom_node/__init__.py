"""The DICOM node: receives, stores, indexes and serves images."""

__version__ = "0.1.0"
