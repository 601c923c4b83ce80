"""Body Part Examined: the standard's terms (PS3.16 annex L) in words that are translated."""

import re

from odoo.tools.translate import LazyTranslate

_lt = LazyTranslate(__name__)

NAMES = {
    "ABDOMEN": _lt("Abdomen"),
    "ABDOMENPELVIS": _lt("Abdomen and pelvis"),
    "ANKLE": _lt("Ankle"),
    "AORTA": _lt("Aorta"),
    "ARM": _lt("Arm"),
    "BLADDER": _lt("Bladder"),
    "BRAIN": _lt("Brain"),
    "BREAST": _lt("Breast"),
    "CALCANEUS": _lt("Heel bone"),
    "CAROTID": _lt("Carotid artery"),
    "CHEST": _lt("Chest"),
    "CHESTABDOMEN": _lt("Chest and abdomen"),
    "CHESTABDPELVIS": _lt("Chest, abdomen and pelvis"),
    "CLAVICLE": _lt("Collar bone"),
    "COCCYX": _lt("Coccyx"),
    "COLON": _lt("Colon"),
    "CSPINE": _lt("Cervical spine"),
    "CTSPINE": _lt("Cervicothoracic spine"),
    "EAR": _lt("Ear"),
    "ELBOW": _lt("Elbow"),
    "ESOPHAGUS": _lt("Esophagus"),
    "EXTREMITY": _lt("Extremity"),
    "EYE": _lt("Eye"),
    "FACE": _lt("Face"),
    "FEMUR": _lt("Femur"),
    "FINGER": _lt("Finger"),
    "FOOT": _lt("Foot"),
    "FOREARM": _lt("Forearm"),
    "GALLBLADDER": _lt("Gallbladder"),
    "HAND": _lt("Hand"),
    "HEAD": _lt("Head"),
    "HEADNECK": _lt("Head and neck"),
    "HEART": _lt("Heart"),
    "HIP": _lt("Hip"),
    "HUMERUS": _lt("Humerus"),
    "IAC": _lt("Inner ear canal"),
    "JAW": _lt("Jaw"),
    "KIDNEY": _lt("Kidney"),
    "KNEE": _lt("Knee"),
    "LEG": _lt("Leg"),
    "LIVER": _lt("Liver"),
    "LSPINE": _lt("Lumbar spine"),
    "LSSPINE": _lt("Lumbosacral spine"),
    "LUNG": _lt("Lung"),
    "MANDIBLE": _lt("Lower jaw"),
    "MAXILLA": _lt("Upper jaw"),
    "MEDIASTINUM": _lt("Mediastinum"),
    "NECK": _lt("Neck"),
    "NECKCHEST": _lt("Neck and chest"),
    "NOSE": _lt("Nose"),
    "ORBIT": _lt("Orbit"),
    "PANCREAS": _lt("Pancreas"),
    "PATELLA": _lt("Knee cap"),
    "PELVIS": _lt("Pelvis"),
    "PROSTATE": _lt("Prostate"),
    "RIB": _lt("Ribs"),
    "SCAPULA": _lt("Shoulder blade"),
    "SELLA": _lt("Sella"),
    "SHOULDER": _lt("Shoulder"),
    "SI JOINT": _lt("Sacroiliac joint"),
    "SINUS": _lt("Paranasal sinuses"),
    "SKULL": _lt("Skull"),
    "SPINE": _lt("Spine"),
    "SPLEEN": _lt("Spleen"),
    "SSPINE": _lt("Sacrum"),
    "STERNUM": _lt("Breastbone"),
    "STOMACH": _lt("Stomach"),
    "TESTIS": _lt("Testis"),
    "THIGH": _lt("Thigh"),
    "THUMB": _lt("Thumb"),
    "THYROID": _lt("Thyroid"),
    "TIBIAFIBULA": _lt("Lower leg bones"),
    "TLSPINE": _lt("Thoracolumbar spine"),
    "TMJ": _lt("Temporomandibular joint"),
    "TOE": _lt("Toe"),
    "TSPINE": _lt("Thoracic spine"),
    "UTERUS": _lt("Uterus"),
    "WHOLEBODY": _lt("Whole body"),
    "WRIST": _lt("Wrist"),
    "ZYGOMA": _lt("Cheekbone"),
}
# What devices write instead.
SAME = {
    "CERVICAL SPINE": "CSPINE",
    "LUMBAR SPINE": "LSPINE",
    "THORACIC SPINE": "TSPINE",
    "THORAX": "CHEST",
    "WHOLE BODY": "WHOLEBODY",
}


def words(text, translate):
    """`CHEST, ABDOMEN` in the words of `translate` (`env._`); an unknown term as it is."""
    parts = [part.strip() for part in re.split(r"[,\\]", text or "") if part.strip()]
    return ", ".join(
        translate(NAMES[term]) if (term := SAME.get(part.upper(), part.upper())) in NAMES else part
        for part in parts
    )


def terms(text, translate):
    """The terms whose words hold `text`, whatever its case."""
    wanted = text.casefold()
    found = {term for term, name in NAMES.items() if wanted in translate(name).casefold()}
    return found | {other for other, term in SAME.items() if term in found}
