"""What is no DICOM when it comes: pictures, documents and films, made into instances."""
