from odoo import api, fields, models
from odoo.http import request

ACTS = [
    ("quarantine_retry", "Had quarantine judged again"),
    ("quarantine_accept", "Took in from quarantine"),
    ("quarantine_discard", "Discarded from quarantine"),
    ("hold", "Set a legal hold"),
    ("hold_release", "Released a legal hold"),
    ("disposal_request", "Requested a disposal"),
    ("disposal_approve", "Approved a disposal"),
    ("disposal_refuse", "Refused a disposal"),
    ("disposal_done", "Images were deleted"),
    ("match_confirm", "Confirmed a match"),
    ("match_reject", "Rejected a match"),
    ("match_undo", "Undid a match"),
]


class ImagingAccessLog(models.Model):
    _inherit = "imaging.access.log"

    action = fields.Selection(selection_add=ACTS, ondelete={act: "cascade" for act, _name in ACTS})
    purpose = fields.Selection(selection_add=[("upload", "Upload")], ondelete={"upload": "cascade"})
    study_id = fields.Many2one("imaging.study", readonly=True, index=True, ondelete="restrict")
    event_digest = fields.Char(
        readonly=True, help="Digest of the node's event, by which a repeated one is recognised."
    )

    _event_digest_unique = models.UniqueIndex("(event_digest) WHERE event_digest IS NOT NULL")

    @api.model
    def _record_act(self, action, hospital, *, study=None, study_uid=False, reason=""):
        """What the present user did to the archive itself, beside looking at it."""
        return self._record(
            [
                {
                    "subject": f"user:{self.env.uid}",
                    "label": self.env.user.name,
                    "user_id": self.env.uid,
                    "hospital_id": hospital.id,
                    "study_id": study.id if study else False,
                    "study_uid": study.study_uid if study else study_uid,
                    "action": action,
                    "reason": reason,
                    "address": request.httprequest.remote_addr if request else False,
                }
            ]
        )

    @api.model
    def _apply(self, events):
        """Add the node's reads. `events`: list of study_events.AccessEvent."""
        events = {event.digest: event for event in events}
        listed = set(self.search([("event_digest", "in", list(events))]).mapped("event_digest"))
        new = {digest: event for digest, event in events.items() if digest not in listed}
        uids = list({event.study_uid for event in new.values() if event.study_uid})
        studies = {
            study.study_uid: study
            for study in self.env["imaging.study"].search([("study_uid", "in", uids)])
        }
        subjects = {event.subject for event in new.values()}
        users = self._users_of(subjects)
        labels = self._labels_of(subjects, users)
        nothing = self.env["imaging.study"]
        self._record(
            [
                {
                    "at": event.at,
                    "subject": event.subject,
                    "user_id": users.get(event.subject, self.env["res.users"]).id,
                    "label": labels[event.subject],
                    "hospital_id": studies.get(event.study_uid, nothing).hospital_id.id,
                    "study_id": studies.get(event.study_uid, nothing).id,
                    "study_uid": event.study_uid,
                    "action": event.action,
                    "purpose": event.purpose,
                    "address": event.address,
                    "ticket": event.ticket,
                    "source": "node",
                    "event_digest": digest,
                }
                for digest, event in new.items()
            ]
        )

    def _labels_of(self, subjects, users):
        """What to call each of `subjects`; `users`: the accounts among them, by subject."""
        return {
            subject: users[subject].name if subject in users else subject for subject in subjects
        }

    def _users_of(self, subjects):
        """The accounts behind subjects such as `user:7`, by subject."""
        numbers = {
            subject: int(number)
            for subject in {*subjects}
            for kind, _colon, number in [subject.partition(":")]
            if kind == "user"
        }
        users = self.env["res.users"].with_context(active_test=False)
        found = users.search([("id", "in", [n for n in numbers.values() if n < 2**31])])
        return {
            subject: users.browse(number)
            for subject, number in numbers.items()
            if number in found._ids
        }
