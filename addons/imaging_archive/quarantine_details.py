"""The node's sentences about quarantined instances, in words that are translated.

The node speaks English, also to its log; a sentence that is not known here is shown as it is.
"""

import re

from odoo.tools.translate import LazyTranslate

_lt = LazyTranslate(__name__)

SENTENCES = {
    "conflict": r"SOP Instance UID (?P<uid>[0-9.]+) is stored with other bytes",
    "conflict_again": r"the SOP Instance UID is stored with other bytes",
    "other_hospital": r"study (?P<uid>[0-9.]+) belongs to another hospital",
    "other_hospital_again": r"the study belongs to another hospital",
    "mismatch": r"(?P<name>SOP (?:Class|Instance) UID) of the request and of the data set differ",
    "mismatch_again": r"the SOP Instance UIDs of request and data set differ",
    "no_uid": r"(?P<name>[A-Za-z ]+ UID) (?:of the request )?is not a UID",
    "long_uid": r"(?P<name>[A-Za-z ]+ UID) has (?P<count>\d+) bytes",
    "unusable_uid": r"a UID of the instance cannot be used as a name",
    "empty": r"the (?:data set|file) is empty",
    "short": r"the data ends within an element header at byte (?P<count>\d+)",
    "short_value": r"(?P<name>.+) says (?P<count>\d+) bytes, (?P<left>\d+) are left",
    "short_item": r"(?P<name>.+): an item says more bytes than are left",
    "short_deflated": r"the deflated data set is cut short",
    "deflated": r"the deflated data set (?:cannot be inflated|inflates past).*",
    "syntax": r"transfer syntax '(?P<uid>.*)' is not known",
    "head": r"file meta information.*",
    "structure": r".*sequences nested deeper than \d+|.+ more than \d+ (?:items|elements).*",
    "broken": r"(?P<name>.+): .+ where an item should begin",
    "gone": r"there is no such file in quarantine",
    "uploading": r"on its way to the centre",
    "front_end": r"at a front end it can only be judged again or discarded",
    "stored_already": r"the same bytes were stored already",
}
PATTERNS = {kind: re.compile(pattern) for kind, pattern in SENTENCES.items()}
WORDS = {
    "conflict": _lt("An image with the SOP Instance UID %(uid)s is stored with other content."),
    "conflict_again": _lt("An image with the same SOP Instance UID is stored with other content."),
    "other_hospital": _lt("The study %(uid)s belongs to another hospital."),
    "other_hospital_again": _lt("The study belongs to another hospital."),
    "mismatch": _lt("%(name)s: what the device announced and what it sent differ."),
    "mismatch_again": _lt("What the device announced and what it sent differ."),
    "no_uid": _lt("%(name)s: what the device sent is no UID."),
    "long_uid": _lt("%(name)s: %(count)s bytes are too many for a UID."),
    "unusable_uid": _lt("One of its UIDs is none."),
    "empty": _lt("It is empty."),
    "short": _lt("It is cut short, at byte %(count)s."),
    "short_value": _lt("It is cut short: %(name)s should have %(count)s bytes, %(left)s are left."),
    "short_item": _lt("It is cut short within %(name)s."),
    "short_deflated": _lt("Its compressed data are cut short."),
    "deflated": _lt("Its compressed data cannot be unpacked."),
    "syntax": _lt("Its encoding (transfer syntax %(uid)s) is not known."),
    "head": _lt("The head of the file is missing or damaged."),
    "structure": _lt("Its structure is too deep or too long to be read safely."),
    "broken": _lt("Its structure is broken within %(name)s."),
    "gone": _lt("The file is not in quarantine any more."),
    "uploading": _lt("It is on its way to the centre."),
    "front_end": _lt("At a front end it can only be judged again or discarded."),
    "stored_already": _lt("The same image was stored already."),
}
REASON = re.compile(r"(?:unreadable|invalid_uid|mismatch|conflict|other_hospital): ")

ADVICE = "; it can only be tried again or discarded"


def words(text, translate):
    """A sentence of the node in the words of `translate` (`env._`)."""
    sentence = REASON.sub("", text or "", count=1).removesuffix(ADVICE)
    for kind, pattern in PATTERNS.items():
        if found := pattern.fullmatch(sentence):
            return translate(WORDS[kind]) % found.groupdict()
    return text or ""
