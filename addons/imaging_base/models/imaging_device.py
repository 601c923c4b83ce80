import ipaddress
import re

from odoo import api, fields, models
from odoo.exceptions import ValidationError

# DICOM PS3.5, 6.2, value representation AE: the default character repertoire without
# backslash and control characters, 16 at most, spaces at the ends without meaning.
AE_TITLE = re.compile(r"(?! )[ -\[\]-~]{1,16}(?<! )")
MAX_ADDRESSES = 64

# Defined terms of Modality (0008,0060), DICOM PS3.3, C.7.3.1.1.1, that acquire images.
MODALITIES = [
    ("CR", "CR"),
    ("CT", "CT"),
    ("DX", "DX"),
    ("ECG", "ECG"),
    ("ES", "ES"),
    ("IO", "IO"),
    ("MG", "MG"),
    ("MR", "MR"),
    ("NM", "NM"),
    ("OP", "OP"),
    ("OPT", "OPT"),
    ("OT", "OT"),
    ("PT", "PT"),
    ("PX", "PX"),
    ("RF", "RF"),
    ("SM", "SM"),
    ("US", "US"),
    ("XA", "XA"),
    ("XC", "XC"),
]


class ImagingDevice(models.Model):
    """What may send images: the node admits an association by this list."""

    _name = "imaging.device"
    _inherit = ["imaging.hospital.owned"]
    _description = "Imaging Device"
    _order = "hospital_id, ae_title"
    _rec_names_search = ["name", "ae_title"]

    name = fields.Char(required=True)
    ae_title = fields.Char(
        string="AE Title",
        required=True,
        copy=False,
        help="The calling AE title that the device sends; unique over all hospitals, because "
        "it decides to which hospital the images belong.",
    )
    modality = fields.Selection(MODALITIES, required=True)
    hospital_id = fields.Many2one(
        "imaging.hospital",
        required=True,
        index=True,
        ondelete="restrict",
        default=lambda self: self.env.user._only_hospital(),
    )
    department_id = fields.Many2one(
        "imaging.department",
        index=True,
        ondelete="restrict",
        domain="[('hospital_id', '=', hospital_id)]",
    )
    addresses = fields.Char(
        help="IP addresses from which the device may connect, separated by commas. "
        "Empty: from any address.",
    )
    manufacturer = fields.Char()
    location = fields.Char()
    active = fields.Boolean(
        default=True, help="The node refuses the associations of an inactive device."
    )

    _ae_title_unique = models.Constraint(
        "UNIQUE (ae_title)", "This AE title belongs to another device already."
    )

    def _address_list(self):
        """The admitted addresses in canonical form; ValueError names one that is not an IP."""
        self.ensure_one()
        parts = re.split(r"[,;\s]+", self.addresses or "")
        return [str(ipaddress.ip_address(part)) for part in parts if part]

    @api.depends("name", "ae_title")
    def _compute_display_name(self):
        for device in self:
            title = f"({device.ae_title})" if device.ae_title else ""
            device.display_name = " ".join(part for part in (device.name, title) if part)

    @api.constrains("ae_title")
    def _check_ae_title(self):
        for device in self:
            if not AE_TITLE.fullmatch(device.ae_title or ""):
                raise ValidationError(
                    self.env._(
                        "AE title %(title)r: 1 to 16 printable ASCII characters, no backslash, "
                        "no space at either end.",
                        title=device.ae_title,
                    )
                )

    @api.constrains("addresses")
    def _check_addresses(self):
        for device in self:
            try:
                addresses = device._address_list()
            except ValueError as error:
                raise ValidationError(
                    self.env._(
                        "Addresses of %(device)s: %(error)s.", device=device.ae_title, error=error
                    )
                ) from error
            if len(addresses) > MAX_ADDRESSES:
                raise ValidationError(
                    self.env._(
                        "Addresses of %(device)s: %(limit)s at most.",
                        device=device.ae_title,
                        limit=MAX_ADDRESSES,
                    )
                )

    @api.constrains("hospital_id", "department_id")
    def _check_department(self):
        for device in self:
            department = device.department_id
            if department and department.hospital_id != device.hospital_id:
                raise ValidationError(
                    self.env._(
                        "Department %(department)s belongs to another hospital.",
                        department=department.name,
                    )
                )
