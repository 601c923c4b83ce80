from odoo import api, fields, models


class ImagingNodeKey(models.AbstractModel):
    """Shows a key once: it has no table, and lives in the dialogue alone."""

    _name = "imaging.node.key"
    _description = "Key of a Front End"

    # The client asks for it when it opens the dialogue.
    id = fields.Id()
    key = fields.Char(string="API Key", readonly=True)
    toml = fields.Text(string="node.toml", readonly=True)
    toml_file = fields.Binary(string="Download", readonly=True)
    toml_name = fields.Char(readonly=True)

    @api.model
    def _show(self, node):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Key of %(node)s", node=node.name),
            "res_model": self._name,
            "views": [(False, "form")],
            "target": "new",
            "context": {
                "default_key": node._new_key(),
                "default_toml": node._toml(),
                "default_toml_file": node._as_file(node._toml()),
                "default_toml_name": "node.toml",
            },
        }
