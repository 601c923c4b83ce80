from pathlib import Path

import polib
from odoo.modules import get_module_path
from odoo.tests import TransactionCase, tagged
from odoo.tools.translate import TranslationModuleReader

MODULES = ("imaging_base", "imaging_archive", "imaging_share", "imaging_demo")


@tagged("post_install", "-at_install")
class TestTranslations(TransactionCase):
    def test_every_word_of_the_interface_is_there_in_chinese(self):
        for module in MODULES:
            if self.env["ir.module.module"]._get(module).state != "installed":
                continue
            with self.subTest(module):
                self.assertFalse(self._untranslated(module))

    def _untranslated(self, module):
        path = Path(get_module_path(module)) / "i18n" / "zh_CN.po"
        catalogue = polib.pofile(str(path)) if path.exists() else []
        translated = {entry.msgid for entry in catalogue if entry.msgstr and not entry.fuzzy}
        terms = {
            source
            for _module, _kind, _name, _id, source, _value, _comments in TranslationModuleReader(
                self.env.cr, modules=[module]
            )
        }
        return sorted(terms - translated)
