"""The pieces of a pattern by which the index finds what may match it: see 0005_search.sql.

They only narrow a search down; whether a row matches, LIKE decides.
"""

import re

# At most so many pieces are looked up: the rest of a longer pattern hardly narrows it further.
MAX_GRAMS = 12
_END = "^"


def grams(pattern: str) -> list[str]:
    """Some of what `archive.grams` makes of every text that *pattern* with ``*``, ``?`` matches."""
    found: dict[str, None] = {}
    for group in pattern.split("="):
        runs = re.split(r"[*?]", group)
        for number, run in enumerate(runs):
            literal = run.replace("^", "").replace(" ", "")
            if not literal:
                continue
            start = _END if number == 0 else ""
            end = _END if number == len(runs) - 1 else ""
            found |= dict.fromkeys(_of(start + literal + end))
    return list(found)[:MAX_GRAMS]


def _of(text: str) -> list[str]:
    if len(text) == 1:
        return [] if text.isascii() else [text]
    found = []
    for position in range(len(text) - 1):
        two, three = text[position : position + 2], text[position : position + 3]
        if not two.isascii():
            found.append(two)
        elif len(three) == 3:
            found.append(three)
    return found
