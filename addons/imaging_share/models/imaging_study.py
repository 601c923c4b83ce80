from odoo import fields, models


class ImagingStudy(models.Model):
    _inherit = "imaging.study"

    share_ids = fields.Many2many("imaging.share", string="Shares", readonly=True)
    share_count = fields.Integer(
        string="Number of Shares",
        compute="_compute_share_count",
        groups="imaging_base.group_radiologist,imaging_base.group_hospital_admin,"
        "imaging_base.group_platform_admin",
    )

    def _compute_share_count(self):
        counts = dict(
            self.env["imaging.share"]._read_group(
                [("study_ids", "in", self.ids)], ["study_ids"], ["__count"]
            )
        )
        for study in self:
            study.share_count = counts.get(study, 0)

    def action_share(self):
        """The dialog that makes a share of these studies."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Share"),
            "res_model": "imaging.share.create",
            "view_mode": "form",
            "target": "new",
            "context": {"default_study_ids": self.ids},
        }

    def action_shares(self):
        """The shares of this study."""
        action = self.env["ir.actions.act_window"]._for_xml_id("imaging_share.imaging_share_action")
        return {**action, "domain": [("study_ids", "in", self.ids)], "context": {}}
