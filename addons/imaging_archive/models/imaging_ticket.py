from odoo import api, models
from odoo.exceptions import AccessError, UserError
from odoo.http import request

from .. import tickets

ROLE_PERMISSIONS = {
    "imaging_base.group_platform_admin": {"view", "download", "render"},
    "imaging_base.group_hospital_admin": {"view", "render"},
    "imaging_base.group_radiologist": {"view", "download", "annotate", "render"},
    "imaging_base.group_expert": {"view", "annotate", "render"},
    "imaging_base.group_qc": {"view", "render"},
    "imaging_base.group_patient": {"view", "render"},
}
MOST_STUDIES = 50


class ImagingTicket(models.AbstractModel):
    """Who gets a ticket for what: the one decision for portal, node and viewer."""

    _name = "imaging.ticket"
    _description = "Ticket for the DICOM Node"

    @api.model
    def _permissions(self, user):
        """What the roles of `user` permit with the images in sight (a set, maybe empty)."""
        granted = [perms for role, perms in ROLE_PERMISSIONS.items() if user.has_group(role)]
        return set().union(*granted)

    @api.model
    def _outside(self, perms, studies):
        """What of `perms` somebody outside the hospitals gets for `studies`."""
        # What a hospital gives away is no secret to whoever is given it.
        given = all(hospital.outside_render for hospital in studies.sudo().hospital_id)
        return perms if given else perms - {"render"}

    @api.model
    def _for_studies(self, studies, action, *, purpose="reading", anonymous=False, reason=""):
        """A ticket of the present user for `studies`; AccessError when it is not to be had."""
        studies.check_access("read")
        return self._for_user(
            {"studies": studies.mapped("study_uid")},
            studies,
            action,
            purpose=purpose,
            anonymous=anonymous,
            reason=reason,
        )

    @api.model
    def _for_hospitals(self, action, *, purpose="tool", anonymous=False):
        """A ticket of the present user for all hospitals that it belongs to."""
        user = self.env.user
        if user.has_group("imaging_base.group_platform_admin"):
            codes = ["*"]
        elif user.has_group("imaging_base.group_staff"):
            codes = user.hospital_ids.mapped("code")
        else:
            codes = []
        if not codes:
            raise AccessError(self.env._("This account belongs to no hospital."))
        return self._for_user(
            {"hospitals": codes},
            self.env["imaging.study"],
            action,
            purpose=purpose,
            anonymous=anonymous,
        )

    @api.model
    def _for_node(self, node):
        """A front end's ticket: it stores for its own hospital and sees nothing."""
        return self._issue(
            {"hospitals": [node.hospital_id.code]},
            self.env["imaging.study"],
            "ticket",
            subject=f"node:{node.id}",
            perms={"store"},
            label=node.name,
            anonymous=False,
            purpose="upload",
        )

    def _for_user(self, scope, studies, action, *, purpose, anonymous, reason=""):
        user = self.env.user
        perms = self._permissions(user)
        if not perms:
            raise AccessError(self.env._("Your role does not include looking at images."))
        if not user._is_internal():
            perms = self._outside(perms, studies)
        return self._issue(
            scope,
            studies,
            action,
            subject=f"user:{user.id}",
            perms=perms,
            label=user.name,
            anonymous=anonymous,
            purpose=purpose,
            reason=reason,
        )

    def _issue(
        self,
        scope,
        studies,
        action,
        *,
        subject,
        perms,
        label,
        anonymous,
        purpose,
        reason="",
        lifetime=tickets.LIFETIME,
    ):
        try:
            ticket = tickets.sign(
                subject=subject,
                scope=scope,
                perms=perms,
                anonymous=anonymous,
                purpose=purpose,
                label=label,
                lifetime=lifetime,
            )
        except tickets.KeyUnavailableError as error:
            raise UserError(
                self.env._("No ticket can be signed: %(error)s", error=error)
            ) from error
        self._log(
            studies,
            action,
            subject=subject,
            label=label,
            purpose=purpose,
            ticket=ticket.number,
            reason=reason,
        )
        return ticket

    def _log(
        self,
        studies,
        action,
        *,
        subject,
        label,
        purpose,
        outcome="granted",
        ticket=False,
        reason="",
    ):
        """One row a study in the access log; one row when it is about no study in particular."""
        kind, _colon, number = subject.partition(":")
        entry = {
            "subject": subject,
            "label": label,
            "user_id": int(number) if kind == "user" else False,
            "action": action,
            "purpose": purpose,
            "outcome": outcome,
            "ticket": ticket,
            "reason": reason,
            "address": request.httprequest.remote_addr if request else False,
        }
        # The row names the study also when the reader was refused it.
        rows = [
            {
                **entry,
                "study_id": study.id,
                "study_uid": study.study_uid,
                "hospital_id": study.hospital_id.id,
            }
            for study in studies.sudo()
        ]
        self.env["imaging.access.log"]._record(rows or [entry])

    @api.model
    def _renew(self, token):
        """A new ticket for an old one, if it would be given today; AccessError if not."""
        claims = self._claims(token)
        if self.env["imaging.revocation"]._is_revoked([claims["sub"], claims["jti"]]):
            raise AccessError(self.env._("This ticket was revoked."))
        kind, _colon, number = claims["sub"].partition(":")
        renew = {"user": self._renew_user, "share": self._renew_share}.get(kind)
        if not renew or not number.isdecimal():
            raise AccessError(self.env._("This ticket cannot be renewed."))
        return renew(claims, int(number))

    @api.model
    def _extend(self, token, study):
        """A ticket for what `token` opens and for `study` besides; only the new study is logged.

        AccessError when the ticket is not the present user's for studies, or one is out of sight.
        """
        claims = self._claims(token)
        uids = claims["scope"].get("studies", [])
        if claims["sub"] != f"user:{self.env.uid}" or claims["anon"] or not uids:
            raise AccessError(self.env._("This ticket cannot be extended."))
        if self.env["imaging.revocation"]._is_revoked([claims["sub"], claims["jti"]]):
            raise AccessError(self.env._("This ticket was revoked."))
        if len(uids) >= MOST_STUDIES:
            raise UserError(
                self.env._("%(count)s studies at most in one window.", count=MOST_STUDIES)
            )
        open_now = self.env["imaging.study"].search([("study_uid", "in", uids)])
        if set(open_now.mapped("study_uid")) != set(uids):
            raise AccessError(self.env._("You no longer have access to this study."))
        study.check_access("read")
        return self._for_user(
            {"studies": list(dict.fromkeys([*uids, study.study_uid]))},
            study,
            "open",
            purpose=claims["purpose"],
            anonymous=False,
        )

    def _claims(self, token):
        try:
            return tickets.read(token)
        except tickets.TicketRefusedError as error:
            raise AccessError(self.env._("This ticket cannot be renewed.")) from error
        except tickets.KeyUnavailableError as error:
            raise UserError(
                self.env._("No ticket can be signed: %(error)s", error=error)
            ) from error

    def _renew_user(self, claims, number):
        if self.env.user._is_public() or self.env.uid != number:
            raise AccessError(self.env._("Please log in again."))
        anonymous, purpose = claims["anon"], claims["purpose"]
        if "hospitals" in claims["scope"]:
            return self._for_hospitals("renew", purpose=purpose, anonymous=anonymous)
        uids = claims["scope"]["studies"]
        studies = self.env["imaging.study"].search([("study_uid", "in", uids)])
        if set(studies.mapped("study_uid")) != set(uids):
            raise AccessError(self.env._("You no longer have access to this study."))
        return self._for_studies(studies, "renew", purpose=purpose, anonymous=anonymous)

    def _renew_share(self, claims, number):
        raise AccessError(self.env._("This ticket cannot be renewed."))
