"""A development server for the viewer: a folder of DICOM files served by the contract, one origin.

    python dev/server.py FOLDER [--port 8900] [--anonymous] [--ticket-seconds 900] [--dist dist]

Prints one viewer address a study. Not shipped: no index, no database, everything is read at the
start. It is strict where the node is: no bearer ticket, no answer. `--ticket-seconds 5` tries
renewal, `POST /dev/fault {"kind": "offline" | "slow" | "revoked" | null}` tries failures.
"""

import argparse
import base64
import io
import json
import mimetypes
import re
import secrets
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import uvicorn
from PIL import Image
from pydicom.dataset import FileDataset
from pydicom.encaps import generate_frames
from pydicom.pixels import pixel_array
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

CSP = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' blob: data:; connect-src 'self'; "
    "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
BULK = ("7FE00010", "7FE00008", "7FE00009")


class Refusal(HTTPException):
    """An answer with a code of the contract."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(status, message)
        self.code = code


class Archive:
    """Every instance of a folder, by study, series and instance UID."""

    def __init__(self, folder: Path, anonymous: bool) -> None:
        self.anonymous = anonymous
        self.instances: dict[str, dict[str, dict[str, FileDataset]]] = defaultdict(
            lambda: defaultdict(dict)
        )
        for path in sorted(folder.rglob("*")) if folder.is_dir() else [folder]:
            if path.is_file():
                self._read(path)

    def _read(self, path: Path) -> None:
        try:
            ds = pydicom.dcmread(path, force=True)
            for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
                if keyword not in ds:
                    setattr(ds, keyword, pydicom.uid.generate_uid(entropy_srcs=[path.name, keyword]))
            study, series, instance = (
                str(ds.StudyInstanceUID),
                str(ds.SeriesInstanceUID),
                str(ds.SOPInstanceUID),
            )
        except Exception as error:  # noqa: BLE001 - a folder may hold anything
            print(f"left out {path.name}: {error}")
            return
        known = self.instances[study][series]
        # Test files often share one UID: each becomes a series of its own, so that all can be seen.
        while instance in known:
            series += ".1"
            known = self.instances[study][series]
        known[instance] = ds

    def series(self, study: str, series: str) -> dict[str, FileDataset]:
        found = self.instances.get(study, {}).get(series)
        if not found:
            raise Refusal(404, "not_found", "no such series in scope")
        return found

    def instance(self, request: Request) -> FileDataset:
        parameters = request.path_params
        found = self.series(parameters["study"], parameters["series"]).get(parameters["instance"])
        if found is None:
            raise Refusal(404, "not_found", "no such instance in scope")
        return found


def is_image(ds: FileDataset) -> bool:
    return "Rows" in ds and "PixelData" in ds


def syntax(ds: FileDataset) -> str:
    return str(getattr(ds.file_meta, "TransferSyntaxUID", "1.2.840.10008.1.2"))


def iso_date(value: str) -> str | None:
    return f"{value[:4]}-{value[4:6]}-{value[6:8]}" if re.fullmatch(r"\d{8}", value) else None


def overview(archive: Archive, study: str) -> dict[str, Any]:
    listed = []
    for uid, instances in archive.instances[study].items():
        datasets = list(instances.values())
        middle = sorted(datasets, key=lambda d: int(d.get("InstanceNumber") or 0))[len(datasets) // 2]
        listed.append(
            {
                "uid": uid,
                "number": int(middle.get("SeriesNumber") or 0),
                "modality": str(middle.get("Modality", "")),
                "description": str(middle.get("SeriesDescription", ""))
                + (f" [{syntax(middle)[-8:]}]" if archive.label_syntax else ""),
                "body_part": str(middle.get("BodyPartExamined", "")),
                "instance_count": len(datasets),
                "frame_count": sum(int(d.get("NumberOfFrames") or 1) for d in datasets),
                "representative": str(middle.SOPInstanceUID),
                "sop_class": str(middle.get("SOPClassUID", "")),
                "viewable": is_image(middle),
            }
        )
    first = next(iter(next(iter(archive.instances[study].values())).values()))
    text: Callable[[str], str] = lambda key: "" if archive.anonymous else str(first.get(key, ""))
    return {
        "study": {
            "uid": study,
            "date": iso_date(str(first.get("StudyDate", ""))),
            "time": None,
            "description": text("StudyDescription"),
            "patient_name": text("PatientName"),
            "patient_id": text("PatientID"),
            "patient_sex": str(first.get("PatientSex", "")),
            "patient_birth_date": iso_date(text("PatientBirthDate")),
            "accession_number": text("AccessionNumber"),
            "hospital": "H001",
            "anonymous": archive.anonymous,
            "withheld": 2 if archive.anonymous else 0,
        },
        "series": sorted(listed, key=lambda item: item["number"]),
    }


def metadata(ds: FileDataset) -> dict[str, Any]:
    light = pydicom.Dataset({e.tag: e for e in ds if f"{e.tag:08X}" not in BULK})
    light.set_original_encoding(ds.is_implicit_VR, ds.is_little_endian, ds._character_set)
    answer = light.to_json_dict(suppress_invalid_tags=True)
    answer["00083002"] = {"vr": "UI", "Value": [syntax(ds)]}
    return answer


def frame_bytes(ds: FileDataset, number: int) -> tuple[bytes, str]:
    frames = int(ds.get("NumberOfFrames") or 1)
    if not is_image(ds) or not 1 <= number <= frames:
        raise Refusal(404, "not_found", "no such frame")
    if pydicom.uid.UID(syntax(ds)).is_encapsulated:
        for index, frame in enumerate(generate_frames(ds.PixelData, number_of_frames=frames), 1):
            if index == number:
                return frame, syntax(ds)
        raise Refusal(404, "not_found", "no such frame")
    length = len(ds.PixelData) // frames
    return ds.PixelData[(number - 1) * length : number * length], syntax(ds)


def picture(ds: FileDataset, number: int, size: int | None) -> bytes:
    try:
        pixels = pixel_array(ds, index=number - 1 if int(ds.get("NumberOfFrames") or 1) > 1 else None)
    except Exception as error:  # noqa: BLE001 - any decoder may fail in its own way
        raise Refusal(406, "unsupported_transfer_syntax", str(error)) from error
    values = pixels.astype(np.float64)
    if values.ndim == 2:
        low, high = np.percentile(values, [1, 99])
        values = np.clip((values - low) / max(high - low, 1) * 255, 0, 255)
        if ds.PhotometricInterpretation == "MONOCHROME1":
            values = 255 - values
    image = Image.fromarray(values.astype(np.uint8))
    if size:
        image.thumbnail((size, size))
    out = io.BytesIO()
    image.convert("RGB").save(out, "JPEG", quality=80)
    return out.getvalue()


class Tickets:
    """Tickets that look like the portal's, kept in memory instead of signed."""

    def __init__(self, seconds: int, anonymous: bool) -> None:
        self.seconds = seconds
        self.anonymous = anonymous
        self.live: dict[str, float] = {}

    def issue(self) -> str:
        expires = time.time() + self.seconds
        claims = {"exp": int(expires), "anon": self.anonymous, "perms": ["view"], "label": "开发"}
        parts = [{"alg": "none"}, claims]
        body = ".".join(
            base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts
        )
        ticket = f"{body}.{secrets.token_urlsafe(16)}"
        self.live[ticket] = expires
        return ticket

    def check(self, request: Request) -> None:
        scheme, _, ticket = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer":
            raise Refusal(401, "ticket_missing", "a bearer ticket is needed")
        expires = self.live.get(ticket)
        if expires is None:
            raise Refusal(401, "ticket_invalid", "the ticket is not known")
        if expires < time.time():
            raise Refusal(401, "ticket_expired", "the ticket has expired")


def build(archive: Archive, tickets: Tickets, dist: Path) -> Starlette:
    faults: dict[str, str | None] = {"kind": None}

    async def answer_overview(request: Request) -> Response:
        study = request.path_params["study"]
        if study not in archive.instances:
            raise Refusal(404, "not_found", "no such study in scope")
        return JSONResponse(overview(archive, study))

    async def answer_metadata(request: Request) -> Response:
        found = archive.series(request.path_params["study"], request.path_params["series"])
        return JSONResponse([metadata(ds) for ds in found.values()], media_type="application/dicom+json")

    async def answer_frame(request: Request) -> Response:
        body, uid = frame_bytes(archive.instance(request), int(request.path_params["frame"]))
        return Response(body, media_type=f"application/octet-stream; transfer-syntax={uid}")

    async def answer_rendered(request: Request) -> Response:
        number = int(request.path_params.get("frame", 1))
        return Response(picture(archive.instance(request), number, None), media_type="image/jpeg")

    async def answer_thumbnail(request: Request) -> Response:
        found = archive.series(request.path_params["study"], request.path_params["series"])
        middle = list(found.values())[len(found) // 2]
        return Response(picture(middle, 1, 128), media_type="image/jpeg")

    async def renew(request: Request) -> Response:
        body = await request.json()
        if faults["kind"] == "revoked" or body["params"]["ticket"] not in tickets.live:
            return JSONResponse({"jsonrpc": "2.0", "id": 1, "error": {"message": "refused"}})
        result = {"ticket": tickets.issue(), "expires_in": tickets.seconds}
        return JSONResponse({"jsonrpc": "2.0", "id": 1, "result": result})

    async def set_fault(request: Request) -> Response:
        faults["kind"] = (await request.json())["kind"]
        return JSONResponse(faults)

    async def viewer(request: Request) -> Response:
        name = request.path_params.get("name") or "index.html"
        path = (dist / name).resolve()
        if not path.is_relative_to(dist) or not path.is_file():
            raise Refusal(404, "not_found", "no such file")
        headers = {"Content-Security-Policy": CSP, "Cache-Control": "no-cache"}
        if name.startswith("assets/"):
            headers["Cache-Control"] = "public, max-age=31536000, immutable"
        packed = path.with_name(path.name + ".br")
        if packed.is_file() and "br" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "br"
            kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            return FileResponse(packed, headers=headers, media_type=kind)
        return FileResponse(path, headers=headers)

    async def guard(request: Request, call_next: Callable[..., Any]) -> Response:
        if request.url.path.startswith("/dicom-web/"):
            if faults["kind"] == "offline":
                return JSONResponse({"error": "unavailable", "message": "away"}, 503)
            try:
                if faults["kind"] == "revoked":
                    raise Refusal(401, "ticket_revoked", "the ticket was revoked")
                tickets.check(request)
            except Refusal as refusal:
                return await refuse(request, refusal)
        return await call_next(request)

    async def refuse(_: Request, error: Exception) -> Response:
        assert isinstance(error, Refusal)
        return JSONResponse({"error": error.code, "message": error.detail}, error.status_code)

    study, series, instance = "/dicom-web/studies/{study}", "/series/{series}", "/instances/{instance}"
    return Starlette(
        routes=[
            Route(f"{study}/overview", answer_overview),
            Route(f"{study}{series}/metadata", answer_metadata),
            Route(f"{study}{series}/thumbnail", answer_thumbnail),
            Route(f"{study}{series}{instance}/frames/{{frame:int}}", answer_frame),
            Route(f"{study}{series}{instance}/frames/{{frame:int}}/rendered", answer_rendered),
            Route(f"{study}{series}{instance}/rendered", answer_rendered),
            Route("/imaging/ticket/renew", renew, methods=["POST"]),
            Route("/dev/fault", set_fault, methods=["POST"]),
            Route("/viewer/", viewer),
            Route("/viewer/{name:path}", viewer),
        ],
        exception_handlers={Refusal: refuse},
        middleware=[Middleware(BaseHTTPMiddleware, dispatch=guard)],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, default=8900)
    parser.add_argument("--anonymous", action="store_true")
    parser.add_argument("--label-syntax", action="store_true", help="show each series' transfer syntax")
    parser.add_argument("--ticket-seconds", type=int, default=900)
    parser.add_argument("--dist", type=Path, default=Path(__file__).parent.parent / "dist")
    arguments = parser.parse_args()
    archive = Archive(arguments.folder, arguments.anonymous)
    archive.label_syntax = arguments.label_syntax
    tickets = Tickets(arguments.ticket_seconds, arguments.anonymous)
    for study in archive.instances:
        print(
            f"http://127.0.0.1:{arguments.port}/viewer/#study={study}&ticket={tickets.issue()}",
            flush=True,
        )
    uvicorn.run(
        build(archive, tickets, arguments.dist.resolve()),
        host="127.0.0.1",
        port=arguments.port,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
