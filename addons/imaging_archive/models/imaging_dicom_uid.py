from odoo import api, fields, models

KINDS = [("sop_class", "SOP Class"), ("transfer_syntax", "Transfer Syntax")]


class ImagingDicomUid(models.Model):
    """A registered UID of DICOM PS3.6, annex A, that a device's form offers by name."""

    _name = "imaging.dicom.uid"
    _description = "DICOM UID"
    _order = "kind, name, id"
    _rec_names_search = ["name", "uid"]

    kind = fields.Selection(KINDS, required=True, readonly=True, index=True)
    uid = fields.Char(string="UID", required=True, readonly=True)
    name = fields.Char(required=True, readonly=True, translate=True, index="trigram")

    _uid_unique = models.Constraint("UNIQUE (uid)", "This UID is in the list already.")

    @api.model
    def _by_id(self):
        """Every UID of the list, by record number: one query for all devices."""
        # The code list is short and read whole.  pylint: disable=no-search-all
        return {one.id: one.uid for one in self.search([])}
