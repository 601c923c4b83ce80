def migrate(cr, _version):
    """Have the record rules follow the product: security corrections reach what is installed."""
    cr.execute(r"""
        UPDATE ir_model_data SET noupdate = false
         WHERE model = 'ir.rule' AND module LIKE 'imaging\_%'
    """)
