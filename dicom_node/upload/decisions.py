"""What people decide about instances in a front end's quarantine: judge again, or delete.

What was decided is on record in ``decisions/<key>.json`` below the quarantine from before the file
goes until the portal asks no more, so that a crash at any point leads to the same outcome, and to
an event of the same number.
"""

import json
import mmap
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from dicom_node import ident, log
from dicom_node.archive.instructions import QuarantineAction
from dicom_node.dataset.elements import UnreadableError
from dicom_node.dataset.part10 import decode
from dicom_node.dataset.syntax import SYNTAXES
from dicom_node.dimse.receive import Receiver, RejectedError
from dicom_node.spool import durable

FOLDER = "decisions"  # where no hospital's code (capitals only) can collide with it
# What was refused, and is asked for so long after the portal was told, is asked for once more.
AGAIN = 60.0


class RefusedError(Exception):
    """What was decided cannot be done; the message says why."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    """``note`` is the id of the note that tells the portal."""

    note: str
    action: str
    outcome: str
    detail: str


class Decisions:
    """Carries out decisions, each once."""

    def __init__(
        self, receiver: Receiver, decided: Callable[[], Sequence[QuarantineAction] | None]
    ) -> None:
        """*decided* is what the portal asks for; None while that is not known."""
        self._receiver = receiver
        self._decided = decided
        self._records = receiver.quarantine.root / FOLDER
        self._settled: set[str] = set()
        self._failing: set[str] = set()
        durable.make_directory(self._records, receiver.quarantine.root)

    def run_once(self) -> int:
        """Do what is to be done; return how many decisions that were. Raises OSError.

        What cannot be done now is tried again next time, and stops no other decision.
        """
        decided = self._decided()
        if decided is None:
            return 0
        actions, done = {action.key: action for action in decided}, 0
        self._failing &= actions.keys()
        for action in actions.values():
            try:
                done += self._settle(action)
                self._failing.discard(action.key)
            except OSError as error:
                if action.key not in self._failing:
                    text = str(error)[:300]
                    log.get().warning("quarantine_not_decided", key=action.key, error=text)
                self._failing.add(action.key)
        for record in self._records.glob("*.json"):
            if record.stem not in actions and self._is_told(self._kept(record)):
                self._forget(record)
        return done

    def _settle(self, action: QuarantineAction) -> bool:
        """Have *action* carried out; whether that was still to be done."""
        self._forget_a_refusal(action)
        if action.key in self._settled:
            return False
        self._carry_out(action)
        self._settled.add(action.key)
        return True

    def _forget_a_refusal(self, action: QuarantineAction) -> None:
        """The portal may ask once more before it was seen that it asked no more."""
        if action.key not in self._settled:
            return
        record = self._record(action.key)
        kept = self._kept(record)
        if kept is None or (
            kept.outcome == "refused"
            and self._is_told(kept)
            and (kept.action != action.action or time.time() - record.stat().st_mtime > AGAIN)
        ):
            self._forget(record)

    def _is_told(self, outcome: _Outcome | None) -> bool:
        """Whether the portal has heard of *outcome*."""
        return outcome is None or not self._receiver.spool.note_path(outcome.note).exists()

    def _forget(self, record: Path) -> None:
        record.unlink(missing_ok=True)
        self._settled.discard(record.stem)

    def _carry_out(self, action: QuarantineAction) -> None:
        record = self._record(action.key)
        outcome = self._kept(record)
        if outcome is None:
            outcome = self._decide(action)
            durable.replace(record, json.dumps(asdict(outcome)).encode())
            log.get().info("quarantine_decided", key=action.key, **asdict(outcome))
        if outcome.outcome != "refused":
            self._receiver.quarantine.remove(action.hospital, action.key)
        body = {"key": action.key, "outcome": outcome.outcome, "detail": outcome.detail}
        self._receiver.spool.note("quarantine_result", body, outcome.note)

    def _decide(self, action: QuarantineAction) -> _Outcome:
        try:
            if action.action == "retry":
                self._judge_again(action)
                outcome, detail = "archived", "on its way to the centre"
            elif action.action == "discard":
                outcome, detail = "discarded", ""
            else:
                raise RefusedError("at a front end it can only be judged again or discarded")
        except RefusedError as refused:
            outcome, detail = "refused", str(refused)
        return _Outcome(ident.new(), action.action, outcome, detail)

    def _judge_again(self, action: QuarantineAction) -> None:
        """Spool it, as the receiver would today; raise `RefusedError`."""
        path = self._receiver.quarantine.path(action.hospital, action.key)
        try:
            with path.open("rb") as file:
                data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (FileNotFoundError, ValueError):
            raise RefusedError("there is no such file in quarantine") from None
        with data:
            try:
                meta, start = decode(data)
                if meta.syntax not in SYNTAXES:
                    raise UnreadableError("the transfer syntax is not known")
                self._receiver.identify(meta, data, start)
            except UnreadableError as error:
                raise RefusedError(f"unreadable: {error}") from None
            except RejectedError as rejected:
                raise RefusedError(f"{rejected.reason}: {rejected}") from None
        self._receiver.spool.take(action.hospital, action.key, path)

    def _record(self, key: str) -> Path:
        return self._records / f"{key}.json"

    @staticmethod
    def _kept(record: Path) -> _Outcome | None:
        try:
            return _Outcome(**json.loads(record.read_bytes()))
        except FileNotFoundError:
            return None
