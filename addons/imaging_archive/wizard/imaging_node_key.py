from odoo import api, fields, models


class ImagingNodeKey(models.TransientModel):
    """Shows a key once: the key itself is in no table, it lives in the dialogue's context."""

    _name = "imaging.node.key"
    _description = "Key of a Front End"

    node_id = fields.Many2one("imaging.node", required=True, readonly=True, ondelete="cascade")
    key = fields.Char(string="API Key", compute="_compute_key")
    toml = fields.Text(string="node.toml", compute="_compute_toml")
    toml_file = fields.Binary(string="Download", compute="_compute_toml")
    toml_name = fields.Char(compute="_compute_toml")

    @api.depends_context("node_key")
    def _compute_key(self):
        self.key = self.env.context.get("node_key", False)

    @api.depends("node_id")
    def _compute_toml(self):
        for shown in self:
            shown.toml = shown.node_id._toml()
            shown.toml_file = shown.node_id._as_file(shown.toml)
            shown.toml_name = "node.toml"

    @api.model
    def _show(self, node):
        key = node._new_key()
        # Nobody creates it by hand; its reader is who asked for it.
        shown = self.sudo().create({"node_id": node.id})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Key of %(node)s", node=node.name),
            "res_model": self._name,
            "res_id": shown.id,
            "views": [(False, "form")],
            "target": "new",
            "context": {"node_key": key},
        }
