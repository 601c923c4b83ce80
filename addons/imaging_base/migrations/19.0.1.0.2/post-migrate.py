from odoo import SUPERUSER_ID, api
from odoo.addons.imaging_base.hooks import keep_to_itself


def migrate(cr, _version):
    keep_to_itself(api.Environment(cr, SUPERUSER_ID, {}))
