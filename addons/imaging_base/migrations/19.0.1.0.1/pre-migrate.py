def migrate(cr, _version):
    """Have the record rules follow the product: security corrections reach what is installed."""
    cr.execute(r"""
        UPDATE ir_model_data SET noupdate = false
         WHERE model = 'ir.rule' AND module LIKE 'imaging\_%'
    """)
    # The weekly report to Odoo's maker.
    cr.execute("""
        UPDATE ir_cron SET active = false
         WHERE id IN (SELECT res_id FROM ir_model_data
                       WHERE module = 'mail' AND name = 'ir_cron_module_update_notification')
    """)
