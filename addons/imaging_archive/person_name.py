"""Person names as DICOM writes them (PS3.5, 6.2.1): alphabetic=ideographic=phonetic groups,
each of the components family^given^middle^prefix^suffix."""

import re
import unicodedata


def alphabetic(name):
    """`"Wang^XiaoDong=王^小东"` → `"Wang XiaoDong"`."""
    return _components(name, 0, " ")


def ideographic(name):
    """`"Wang^XiaoDong=王^小东"` → `"王小东"`; empty when there is no such group."""
    return _components(name, 1, "")


def display(name):
    """The name as people write it: the ideographic one where there is one.

    A Chinese name is written without a space, also when a modality put it in the first group.
    """
    if written := ideographic(name):
        return written
    plain = alphabetic(name)
    return plain.replace(" ", "") if re.search(r"[\u3400-\u9fff]", plain) else plain


def _components(name, group, separator):
    groups = name.split("=")
    if group >= len(groups):
        return ""
    parts = (part.strip() for part in groups[group].split("^"))
    return separator.join(part for part in parts if part)


def folded(name):
    """A form in which spellings of one name are equal: no case, spaces, carets or hyphens."""
    return re.sub(r"[\s^,.'·\-]+", "", unicodedata.normalize("NFKC", name)).casefold()
