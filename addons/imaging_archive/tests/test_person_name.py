from odoo.addons.imaging_archive import person_name
from odoo.tests import BaseCase, tagged


@tagged("post_install", "-at_install")
class TestPersonName(BaseCase):
    def test_people_read_the_name_as_they_write_it(self):
        for dicom, shown in {
            "Wang^XiaoDong=王^小东": "王小东",
            "王^小东": "王小东",
            "王小东": "王小东",
            "Yamada^Tarou=山田^太郎=やまだ^たろう": "山田太郎",
            "Adams^John Robert Quincy^^Rev.^B.A. M.Div.": "Adams John Robert Quincy Rev. "
            "B.A. M.Div.",
            "=王^小东": "王小东",
            "": "",
            "^^^^": "",
        }.items():
            with self.subTest(dicom):
                self.assertEqual(person_name.display(dicom), shown)

    def test_latin_letters_are_kept_beside(self):
        self.assertEqual(person_name.alphabetic("Wang^XiaoDong=王^小东"), "Wang XiaoDong")
