"""The DICOM node: receives, stores, indexes and serves images."""

# Of the whole product, as in pyproject.toml: the node runs from its source, not installed.
VERSION = "0.1.0"
