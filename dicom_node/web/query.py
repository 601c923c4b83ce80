"""QIDO-RS query parameters (PS3.18 section 8.3.4), turned into SQL parameters; nothing else."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time

from pydicom.datadict import dictionary_has_tag, tag_for_keyword

from dicom_node.dataset.text import parse_date, parse_time
from dicom_node.dataset.uid import is_uid
from dicom_node.web.attributes import LEVELS, Attribute
from dicom_node.web.catalog import Condition
from dicom_node.web.grams import grams
from dicom_node.web.problem import Problem, bad_request
from dicom_node.web.ticket import Ticket

MAX_LIMIT, DEFAULT_LIMIT, MAX_OFFSET = 1000, 100, 1_000_000
MAX_PARAMETERS, MAX_VALUE, MAX_LIST = 64, 1024, 1000
_TAG = re.compile(r"[0-9A-Fa-f]{8}")
_ESCAPE = str.maketrans({"\\": r"\\", "%": r"\%", "_": r"\_", "*": "%", "?": "_"})


@dataclass(slots=True)
class Query:
    """``ignored`` names attributes that the index does not match."""

    condition: Condition
    limit: int
    offset: int
    ignored: list[str]


def parse(level: str, parameters: Iterable[tuple[str, str]], ticket: Ticket) -> Query:
    """Read the parameters of a search at *level*; raise `Problem` 400 naming the parameter."""
    query = Query(Condition(), DEFAULT_LIMIT, 0, [])
    known = {attribute.keyword: attribute for attribute in LEVELS[level]}
    known |= {attribute.tag: attribute for attribute in LEVELS[level]}
    parameters = list(parameters)
    if len(parameters) > MAX_PARAMETERS:
        raise bad_request(f"More than {MAX_PARAMETERS} query parameters.")
    for number, (name, value) in enumerate(parameters):
        if len(value) > MAX_VALUE * 64 or "\0" in value:
            raise bad_request(f"Query parameter {number + 1} is too long or holds a NUL.")
        if _paging(query, name, value):
            continue
        attribute = known.get(name.upper() if _TAG.fullmatch(name) else name)
        if attribute is None:
            query.ignored.append(_standard_name(name, number))
        elif ticket.anonymous and not attribute.anonymous:
            message = f"An anonymous ticket does not allow to search by {attribute.keyword}."
            raise Problem(403, "permission_denied", message)
        elif value.strip("* "):
            shown = attribute.masked() if ticket.anonymous else attribute
            _match(query.condition, shown, value, f"q{number}")
    if ticket.studies is not None:
        # The index finds these few by their UIDs; no piece of a name leaves fewer.
        query.condition.hints.clear()
        query.condition.doubtful = False
    return query


def _paging(query: Query, name: str, value: str) -> bool:
    match name:
        case "limit":
            query.limit = min(_count(name, value), MAX_LIMIT)
        case "offset":
            query.offset = _count(name, value)
        case "fuzzymatching":
            if value not in ("true", "false"):
                raise bad_request("fuzzymatching: is neither true nor false.")
            if value == "true":
                query.ignored.append("fuzzymatching")
        case "includefield":
            for number, part in enumerate(value.split(",")):
                if part != "all":
                    _standard_name(part, number)
        case _:
            return False
    return True


def _count(name: str, value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,7}", value) or int(value) > MAX_OFFSET:
        raise bad_request(f"{name}: is no number from 0 to {MAX_OFFSET}.")
    return int(value)


def _standard_name(name: str, number: int) -> str:
    """*name* if the standard knows it (a path of them, for an attribute within a sequence)."""
    for part in name.split("."):
        known = (
            dictionary_has_tag(int(part, 16))
            if _TAG.fullmatch(part)
            else tag_for_keyword(part) is not None
        )
        if not known:
            raise bad_request(f"Query parameter {number + 1} names no attribute.")
    return name


def _match(condition: Condition, attribute: Attribute, value: str, name: str) -> None:
    match attribute.kind:
        case "uid":
            _match_uids(condition, attribute, value, name)
        case "date" | "time":
            _match_range(condition, attribute, value, name)
        case "integer":
            if not re.fullmatch(r"-?[0-9]{1,9}", value):
                raise bad_request(f"{attribute.keyword}: is no whole number.")
            condition.add(f"{attribute.column} = %({name})s", **{name: int(value)})
        case "any":
            wanted = [part.upper() for part in re.split(r"[\\,]", value)[:MAX_LIST]]
            condition.add(f"{attribute.column} && %({name})s", **{name: wanted})
        case "name":
            _match_name(condition, attribute, value, name)
        case _:
            _match_text(condition, attribute, value, name)


def _match_uids(condition: Condition, attribute: Attribute, value: str, name: str) -> None:
    uids = re.split(r"[\\,]", value)
    if len(uids) > MAX_LIST or not all(is_uid(uid) for uid in uids):
        raise bad_request(f"{attribute.keyword}: is no list of UIDs.")
    condition.add(f"{attribute.column} = ANY(%({name})s)", **{name: uids})


def _narrow(condition: Condition, attribute: Attribute, pattern: str, name: str) -> None:
    """Say by what the index finds what may match: it knows LIKE by a beginning alone."""
    pieces = grams(pattern)
    if attribute.grams and pieces:
        condition.hints.append(f"{attribute.grams} @> %({name}_grams)s")
        condition.parameters[f"{name}_grams"] = pieces
        condition.doubtful |= len(condition.hints) > 1 or len(pieces) > 1


def _match_text(condition: Condition, attribute: Attribute, value: str, name: str) -> None:
    if not attribute.ordered or value.startswith(("*", "?")):
        _narrow(condition, attribute, value[:MAX_VALUE], name)
    if "*" in value or "?" in value:
        pattern = value[:MAX_VALUE].translate(_ESCAPE)
        condition.add(f"{attribute.column} LIKE %({name})s", **{name: pattern})
    else:
        condition.add(f"{attribute.column} = %({name})s", **{name: value})


def _match_name(condition: Condition, attribute: Attribute, value: str, name: str) -> None:
    """Match any group of a name (PS3.5 section 6.2.1), in any case, with or without ``^``."""
    pattern = value[:MAX_VALUE].upper().translate(_ESCAPE)
    whole = f"upper({attribute.column}) LIKE %({name})s"
    _narrow(condition, attribute, value[:MAX_VALUE].upper(), name)
    if "=" in value:
        condition.add(whole, **{name: pattern})
        return
    # Most names fail at a glance; in CASE, so that the index does not take that for rare.
    some = "*".join(re.split(r"[*?]", re.sub(r"[\^ ]", "", value[:MAX_VALUE].upper())))
    condition.add(
        f"CASE WHEN translate(upper({attribute.column}), '^ ', '') LIKE %({name}_some)s THEN"
        f" EXISTS (SELECT FROM unnest(string_to_array(upper({attribute.column}), '=')) AS part"
        f" WHERE part LIKE %({name})s OR replace(part, '^', '') LIKE %({name})s"
        f" OR replace(part, '^', ' ') LIKE %({name})s) ELSE FALSE END",
        **{name: pattern, f"{name}_some": f"*{some}*".translate(_ESCAPE)},
    )


def _match_range(condition: Condition, attribute: Attribute, value: str, name: str) -> None:
    first, dash, last = value.partition("-")
    bounds = [(">=", first), ("<=", last)] if dash else [("=", first)]
    if not any(text for _operator, text in bounds):
        raise bad_request(f"{attribute.keyword}: is an empty range.")
    for number, (operator, text) in enumerate(bounds):
        if text:
            parameter = f"{name}_{number}"
            condition.add(
                f"{attribute.column} {operator} %({parameter})s",
                **{parameter: _moment(attribute, text)},
            )


def _moment(attribute: Attribute, text: str) -> date | time:
    parsed = parse_date(text) if attribute.kind == "date" else parse_time(text)
    if parsed is None:
        raise bad_request(f"{attribute.keyword}: is no {attribute.kind} or range of them.")
    return parsed
