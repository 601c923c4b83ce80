from datetime import timedelta

from odoo import fields
from odoo.addons.imaging_archive.tests.archive_case import ArchiveCase, ArchiveHttpCase
from odoo.fields import Command


class ShareData:
    def _share(self, study=None, role="radiologist", hours=24, **values):
        """A share of `study` (hospital A's by default), made by its hospital's `role`."""
        study = study or self.study_a
        users = self.users_a if study == self.study_a else self.users_b
        return (
            self.env["imaging.share"]
            .with_user(users[role])
            .create(
                {
                    "study_ids": [Command.set(study.ids)],
                    "expires_at": fields.Datetime.now() + timedelta(hours=hours),
                    **values,
                }
            )
        )

    def _expire(self, share):
        """Let its time pass (the policy would refuse such a time from a user)."""
        share.flush_recordset()
        self.env.cr.execute(
            "UPDATE imaging_share SET expires_at = %s WHERE id = %s",
            [fields.Datetime.now() - timedelta(seconds=1), share.id],
        )
        share.invalidate_recordset()


class ShareCase(ShareData, ArchiveCase):
    pass


class ShareHttpCase(ShareData, ArchiveHttpCase):
    pass
