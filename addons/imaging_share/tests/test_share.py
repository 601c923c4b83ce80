import base64
import io
from datetime import timedelta
from unittest.mock import patch

import zxingcpp
from odoo import fields
from odoo.addons.imaging_archive import revocations
from odoo.addons.imaging_archive.models.imaging_ticket import ROLE_PERMISSIONS
from odoo.addons.imaging_archive.tests.archive_case import study_event
from odoo.addons.imaging_base.tests.requirements import req
from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged
from PIL import Image

from .share_case import ShareCase

ADDRESS = "10.9.8.7"


@tagged("post_install", "-at_install")
class TestShare(ShareCase):
    def _gate(self, share):
        return share.sudo()

    def _open(self, share, password="", address=ADDRESS):
        return self._gate(share)._open(password, address, "a browser")

    @req("SHR-3.26")
    def test_share_has_link_qr_code_and_password(self):
        action = (
            self.env["imaging.share.create"]
            .with_user(self.users_a["radiologist"])
            .create({"study_ids": [Command.set(self.study_a.ids)]})
            .action_create()
        )
        share = (
            self.env["imaging.share"]
            .with_user(self.users_a["radiologist"])
            .with_context(**action["context"])
            .browse(action["res_id"])
        )
        self.assertRegex(share.link, r"^https?://[^/]+/s/[A-Za-z0-9_-]{43}$")
        self.assertIn(share.link, share.share_text)
        self.assertIn(share.shown_password, share.share_text)
        picture = Image.open(io.BytesIO(base64.b64decode(share.qr_code)))
        self.assertEqual([code.text for code in zxingcpp.read_barcodes(picture)], [share.link])
        self.assertEqual(self._open(share, "nonsense")[0], "wrong_password")
        self.assertEqual(self._open(share, share.shown_password)[0], "opened")

    def test_link_is_shown_to_its_owner_only(self):
        share = self._share()
        self.assertTrue(share.link)
        for role in ("hospital", "platform"):
            other = share.with_user(self.users_a[role])
            self.assertFalse(other.link or other.qr_code)

    def test_database_alone_opens_nothing(self):
        share = self._share(password="secret1")
        token = share.link.rpartition("/")[2]
        self.env.flush_all()
        self.env.cr.execute("SELECT * FROM imaging_share WHERE id = %s", [share.id])
        row = repr(self.env.cr.dictfetchone())
        self.assertNotIn(token, row)
        self.assertNotIn("secret1", row)

    def test_secret_fields_are_closed_to_everybody(self):
        share = self._share(password="secret1")
        for role in ("radiologist", "hospital", "platform"):
            for name in ("nonce", "token_hash", "password_hash"):
                with self.subTest(role=role, name=name), self.assertRaises(AccessError):
                    share.with_user(self.users_a[role]).read([name])

    def test_password_is_gone_after_the_dialog(self):
        share = self._share(password="secret1")
        self.assertFalse(share.shown_password)
        self.assertNotIn("secret1", share.share_text)

    @req("PAT-1.22")
    def test_encrypted_share_opens_with_its_password_only(self):
        share = self._share(password="secret1")
        self.assertEqual(self._open(share, "")[0], "wrong_password")
        self.assertEqual(self._open(share, "Secret1")[0], "wrong_password")
        outcome, ticket = self._open(share, "secret1")
        self.assertEqual(outcome, "opened")
        self.assertEqual(self._claims(ticket.token)["sub"], f"share:{share.id}")

    @req("SHR-3.25", "PAT-1.19", part=True)
    def test_ticket_of_an_anonymous_share_is_anonymous(self):
        for anonymous in (True, False):
            _outcome, ticket = self._open(self._share(anonymous=anonymous))
            claims = self._claims(ticket.token)
            self.assertIs(claims["anon"], anonymous)
            self.assertEqual(claims["scope"], {"studies": ["1.2.826.1"]})
            self.assertNotIn("王", claims["label"])

    def _perms(self, share):
        _outcome, ticket = self._open(share)
        return self._claims(ticket.token)["perms"]

    def test_share_gives_download_only_when_it_says_so(self):
        for allow, perms in ((False, ["view"]), (True, ["download", "view"])):
            share = self._share(allow_download=allow, allow_render=False)
            self.assertEqual(self._perms(share), perms)

    @req("PAT-1.6", "PAT-1.7", "PAT-1.8", "PAT-1.27", part=True)
    def test_share_has_planes_and_volumes_drawn_unless_it_or_its_hospital_says_no(self):
        share = self._share()
        self.assertEqual(self._perms(share), ["render", "view"])
        self.assertEqual(self._perms(self._share(allow_render=False)), ["view"])
        self.a.outside_render = False
        self.assertEqual(self._perms(share), ["view"])
        self.a.outside_render = True
        _outcome, ticket = self._open(share)
        self.a.outside_render = False
        renewed = self.env["imaging.ticket"]._renew(ticket.token)
        self.assertEqual(self._claims(renewed.token)["perms"], ["view"])

    def test_share_gives_no_more_than_its_owner_has(self):
        share = self._share()
        # A role of one's own, without the right that is asked about.
        with patch.dict(ROLE_PERMISSIONS, {"imaging_base.group_radiologist": {"view", "download"}}):
            self.assertEqual(self._perms(share), ["view"])

    def test_ticket_ends_with_the_share(self):
        share = self._share(hours=0.1)
        _outcome, ticket = self._open(share)
        self.assertLessEqual(ticket.expires_in, 360)

    def test_guessing_is_locked_for_a_growing_time(self):
        share = self._share(password="secret1")
        self._gate(share).failed_count = 49
        self.assertEqual(self._open(share, "guess", "10.0.0.1")[0], "wrong_password")
        self.assertEqual(self._open(share, "secret1", "10.0.1.1")[0], "locked")
        locked = self._gate(share)
        first = locked.locked_until - fields.Datetime.now()
        locked.locked_until = fields.Datetime.now() - timedelta(seconds=1)
        self.assertEqual(self._open(share, "guess", "10.0.0.9")[0], "wrong_password")
        self.assertGreater(locked.locked_until - fields.Datetime.now(), 1.5 * first)
        locked.locked_until = fields.Datetime.now() - timedelta(seconds=1)
        self.assertEqual(self._open(share, "secret1")[0], "opened")
        self.assertEqual(locked.failed_count, 0)

    def test_stranger_who_guesses_locks_nobody_else_out(self):
        share = self._share(password="secret1")
        outcomes = [self._open(share, "guess", "10.0.0.1")[0] for _guess in range(6)]
        self.assertEqual(outcomes, ["wrong_password"] * 5 + ["locked"])
        self.assertEqual(self._open(share, "secret1", "10.0.0.1")[0], "locked")
        self.assertEqual(self._open(share, "secret1", "10.0.0.2")[0], "opened")

    def test_guesses_from_many_addresses_are_locked_for_an_hour_at_most(self):
        share = self._share(password="secret1")
        self._gate(share).failed_count = 1000
        self._open(share, "guess")
        left = self._gate(share).locked_until - fields.Datetime.now()
        self.assertLessEqual(left, timedelta(hours=1))
        self.assertGreater(left, timedelta(minutes=59))

    def test_one_address_does_not_guess_over_many_shares(self):
        for _number in range(5):
            share = self._share(password="secret1")
            for _guess in range(4):
                self._open(share, "guess")
        fresh = self._share(password="secret1")
        self.assertEqual(self._open(fresh, "secret1")[0], "locked")
        self.assertEqual(self._open(fresh, "secret1", "10.3.3.3")[0], "opened")

    def test_every_opening_is_logged_with_time_and_address(self):
        share = self._share(password="secret1")
        self._open(share, "wrong")
        self._open(share, "secret1")
        self.assertEqual(share.opening_ids.mapped("outcome"), ["opened", "wrong_password"])
        self.assertEqual(set(share.opening_ids.mapped("address")), {ADDRESS})
        self.assertEqual(share.opened_count, 1)
        entries = self.env["imaging.access.log"].search([("subject", "=", f"share:{share.id}")])
        self.assertEqual(sorted(entries.mapped("outcome")), ["granted", "refused"])
        self.assertEqual(entries.study_id, self.study_a)
        for change in (lambda o: o.write({"address": "x"}), lambda o: o.unlink()):
            with self.assertRaises(AccessError):
                change(share.opening_ids.sudo())

    @req("SHR-3.24", "PAT-1.11", part=True)
    def test_expired_share_opens_nothing_and_renews_nothing(self):
        share = self._share()
        _outcome, ticket = self._open(share)
        self._expire(share)
        self.assertEqual(self._open(share), ("expired", None))
        with self.assertRaises(AccessError):
            self.env["imaging.ticket"]._renew(ticket.token)

    def test_revoked_share_ends_at_once(self):
        share = self._share()
        _outcome, ticket = self._open(share)
        self.assertTrue(self.env["imaging.ticket"]._renew(ticket.token))
        share.action_revoke()
        self.assertEqual(share.state, "revoked")
        self.assertEqual(self._open(share), ("revoked", None))
        with self.assertRaises(AccessError):
            self.env["imaging.ticket"]._renew(ticket.token)

    def test_owner_sees_whether_the_node_has_heard_of_the_revocation(self):
        share = self._share()
        share.action_revoke()
        self.assertTrue(share.revocation_pending)
        with patch.object(revocations, "publish") as publish:
            self.env["imaging.revocation"]._cron_publish()
        self.assertIn(f"share:{share.id}", publish.call_args.args[0])
        share.invalidate_recordset()
        self.assertFalse(share.revocation_pending)

    def test_share_that_is_used_up_opens_no_more(self):
        share = self._share(max_openings=2)
        self.assertEqual(
            [self._open(share)[0] for _n in range(3)], ["opened", "opened", "exhausted"]
        )

    def test_share_ends_when_its_owner_may_no_longer_view(self):
        for change in (
            {"active": False},
            {"hospital_ids": [Command.clear()]},
            {"group_ids": [Command.set(self.env.ref("imaging_base.group_finance").ids)]},
        ):
            with self.subTest(change), self.env.cr.savepoint() as point:
                share = self._share()
                self.users_a["radiologist"].write(change)
                self.assertEqual(self._open(share), ("revoked", None))
                point.rollback()
                self.env.invalidate_all()
                self.env.registry.clear_cache()

    def test_share_holds_studies_of_one_hospital_only(self):
        both = self.study_a | self.study_b
        owner = self.users_a["radiologist"]
        owner.hospital_ids |= self.b
        with self.assertRaises(ValidationError):
            self._share_of(both, owner)
        self._deliver([study_event(3, "1.2.826.3")])
        share = self._share_of(self.study_a | self._study("1.2.826.3"), owner)
        self.assertEqual(share.hospital_id, self.a)

    def _share_of(self, studies, owner):
        return (
            self.env["imaging.share"]
            .with_user(owner)
            .create(
                {
                    "study_ids": [Command.set(studies.ids)],
                    "expires_at": fields.Datetime.now() + timedelta(hours=1),
                }
            )
        )

    def test_share_makes_and_changes_no_study(self):
        doctor = self.users_a["radiologist"]
        foreign, own = self.study_b.id, self.study_a.id
        for commands in (
            [Command.update(foreign, {"hospital_id": self.a.id}), Command.link(foreign)],
            [Command.update(own, {"patient_name": "EVIL"}), Command.link(own)],
            [Command.create({"study_uid": "1.9", "hospital_id": self.a.id})],
            [Command.delete(own)],
            [own],
            Command.set([own]),
            [Command.set([foreign])],
            [Command.link(foreign), Command.link(own)],
        ):
            with self.subTest(commands), self.assertRaises(AccessError):
                self.env["imaging.share"].with_user(doctor).create(
                    {
                        "study_ids": commands,
                        "expires_at": fields.Datetime.now() + timedelta(hours=1),
                    }
                )
        self.assertEqual(self.study_b.hospital_id, self.b)
        self.assertEqual(self.study_a.patient_name, "王小东")

    def test_context_decides_nothing_about_a_share(self):
        share = self._share()
        chosen = {
            "default_user_id": self.users_b["radiologist"].id,
            "default_failed_count": -1000,
            "default_opened_count": -1000,
            "default_opening_ids": [
                Command.create(
                    {"hospital_id": self.a.id, "at": "2020-01-01 00:00:00", "outcome": "opened"}
                )
            ],
        }
        doctor = self.users_a["radiologist"]
        forged = (
            self.env["imaging.share"]
            .with_user(doctor)
            .with_context(**chosen)
            .create({"study_ids": [Command.link(self.study_a.id)], "expires_at": share.expires_at})
        )
        self.assertEqual(forged.user_id, doctor)
        self.assertEqual((forged.failed_count, forged.opened_count), (0, 0))
        self.assertFalse(forged.opening_ids)

    def test_tickets_of_a_share_end_with_the_rights_of_its_owner(self):
        _outcome, ticket = self._open(self._share())
        self.users_a["radiologist"].active = False
        self.assertIn(ticket.number, self.env["imaging.revocation"].search([]).mapped("name"))

    def test_access_log_calls_a_share_by_its_name_in_the_owners_language(self):
        share = self._share()
        public = self._gate(share).with_context(lang="en_US")
        _outcome, ticket = public._open("", ADDRESS, "a browser")
        name = f"分享 #{share.id}"
        self.assertEqual(self._claims(ticket.token)["label"], name)
        self._deliver(
            [
                {
                    "id": 9,
                    "kind": "access",
                    "at": "2026-11-24T05:57:19Z",
                    "access": {
                        "ticket": ticket.number,
                        "subject": subject,
                        "purpose": "share",
                        "study_uid": "1.2.826.1",
                        "action": "frames",
                        "address": ADDRESS,
                    },
                }
                for subject in (f"share:{share.id}", f"share:{10**12}")
            ]
        )
        log = self.env["imaging.access.log"]
        entries = log.search([("ticket", "=", ticket.number)])
        self.assertEqual({*entries.mapped("label")}, {name, f"share:{10**12}"})
