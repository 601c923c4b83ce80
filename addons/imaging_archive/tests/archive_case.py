import os
import tempfile
from pathlib import Path
from unittest.mock import patch

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from odoo.addons.imaging_base.tests.imaging_case import PASSWORD, ImagingData
from odoo.fields import Command
from odoo.tests import HttpCase, TransactionCase, new_test_user

NAME_A = "Wang^XiaoDong=王^小东"
NAME_B = "Li^Si=李^四"


def study_event(number, uid, hospital="TESTA", revision=1, patient=None, **study):
    """A study event as the node sends it; keywords replace fields of the study."""
    return {
        "id": number,
        "kind": "study",
        "at": "2026-11-24T05:57:19.123456Z",
        "study": {
            "uid": uid,
            "hospital": hospital,
            "revision": revision,
            "patient": {
                "id": "P100",
                "name": NAME_A,
                "birth_date": "1957-03-01",
                "sex": "M",
                **(patient or {}),
            },
            "accession_number": "A1",
            "study_id": "1",
            "date": "2026-11-20",
            "time": "09:31:00",
            "description": "胸部平扫",
            "modalities": ["CT"],
            "body_parts": ["CHEST"],
            "referring_physician": "",
            "station_name": "CT1",
            "calling_ae": "TEST_CT_A",
            "series_count": 2,
            "instance_count": 300,
            "duplicate_count": 0,
            "size": 157286400,
            "first_received": "2026-11-20T01:31:00Z",
            "last_received": "2026-11-20T01:33:00Z",
            **study,
        },
    }


class ArchiveData(ImagingData):
    """A study in each of the two hospitals, delivered by the node, and a key for tickets."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.key = Ed25519PrivateKey.generate()
        key_file = Path(folder) / "ticket.pem"
        key_file.write_bytes(
            cls.key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        cls.enterClassContext(
            patch.dict(
                os.environ,
                {
                    "YUNYING_TICKET_KEY": str(key_file),
                    "YUNYING_REDIS_URL": "redis://127.0.0.1:1/0",
                },
            )
        )
        node_group = cls.env.ref("imaging_archive.group_node")
        cls.node_user = new_test_user(cls.env, "test.node", groups="imaging_archive.group_node")
        cls.node_user.group_ids = [Command.set(node_group.ids)]
        cls.node = cls.env["imaging.node"].create({"name": "TEST", "user_id": cls.node_user.id})
        cls._deliver(
            [
                study_event(1, "1.2.826.1", accession_number="ACC-A"),
                study_event(
                    2,
                    "1.2.826.2",
                    "TESTB",
                    patient={"id": "P200", "name": NAME_B},
                    accession_number="ACC-B",
                    calling_ae="TEST_CT_B",
                ),
            ]
        )
        cls.study_a = cls._study("1.2.826.1")
        cls.study_b = cls._study("1.2.826.2")

    @classmethod
    def _deliver(cls, events):
        return cls.env["imaging.study"].with_user(cls.node_user).receive_events(events)

    @classmethod
    def _study(cls, uid):
        return cls.env["imaging.study"].search([("study_uid", "=", uid)])

    def _claims(self, token):
        """The claims as the node sees them: with the public key alone."""
        return jwt.decode(
            token, self.key.public_key(), ["EdDSA"], audience="dicom-node", issuer="yunying"
        )


class ArchiveCase(ArchiveData, TransactionCase):
    pass


class ArchiveHttpCase(ArchiveData, HttpCase):
    def login(self, user):
        self.authenticate(user.login, PASSWORD)

    def jsonrpc(self, path, **params):
        """The result of a JSON-RPC route, or the error object under "error"."""
        answer = self.url_open(path, json={"jsonrpc": "2.0", "method": "call", "params": params})
        answer.raise_for_status()
        body = answer.json()
        return body["result"] if "result" in body else {"error": body["error"]}
