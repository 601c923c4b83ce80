"""Pictures of stored instances, alone and many in one answer (PS3.18 section 10.4)."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from starlette.datastructures import QueryParams
from starlette.responses import Response, StreamingResponse

from dicom_node import log
from dicom_node.archive.located import Located
from dicom_node.config import Web
from dicom_node.dataset.syntax import SYNTAXES
from dicom_node.store.base import Readable
from dicom_node.web import accept
from dicom_node.web.derived import Derived
from dicom_node.web.draw import Drawing
from dicom_node.web.multipart import Multipart
from dicom_node.web.problem import Problem, bad_request, not_found, unsupported
from dicom_node.web.render import Renderer, options

MEDIA_TYPES = ("image/jpeg", "image/png")
MAX_PARTS = 1000
# Seconds until a picture of many is tried again when the queue before the decoders is full, and
# how often.
PAUSE, ATTEMPTS = 0.5, 60


def media_type(header: str) -> str:
    """As which of `MEDIA_TYPES` to draw; raise `Problem` 406."""
    chosen = accept.best(header, MEDIA_TYPES)
    if chosen is None:
        raise unsupported("Pictures are drawn as image/jpeg and image/png only.")
    return chosen


def not_an_image() -> Problem:
    return Problem(406, "not_an_image", "The instance holds no picture.")


@dataclass(frozen=True, slots=True)
class Pictures:
    """Draws stored instances."""

    settings: Web
    store: Readable
    derived: Derived
    renderer: Renderer
    base: str

    async def drawing(self, instance: Located, frame: int, kind: str) -> Drawing:
        """What to draw; raise `Problem` 404 without the *frame*, 406 when it cannot be drawn."""
        if not instance.image:
            raise not_an_image()
        if not 1 <= frame <= instance.frames:
            raise not_found()
        if not self._fits(instance):
            raise unsupported("The picture is too large to be drawn.")
        path = str(await asyncio.to_thread(self.store.local, instance.key))
        return Drawing(path, frame, SYNTAXES[instance.syntax].deflated, kind)

    def _fits(self, instance: Located) -> bool:
        return (instance.rows or 0) * (instance.columns or 0) <= self.settings.max_pixels

    async def answer(self, instance: Located, drawing: Drawing, *, keep: bool = False) -> Response:
        """One picture; with *keep* it is kept, to be served again."""
        suffix = drawing.media_type.partition("/")[2]
        name = f"{instance.study}/thumbnail-{instance.sop}-{drawing.frame}.{suffix}"
        content = self.derived.get(name) if keep else None
        if content is None:
            content = await self.renderer.draw(drawing)
            if keep:
                self.derived.put(name, content)
        return Response(content, media_type=drawing.media_type)

    async def album(
        self, found: Sequence[Located], kind: str, parameters: QueryParams
    ) -> StreamingResponse:
        """The first frame of each image, one part an instance, drawn while it is sent.

        What cannot be drawn has no part; Content-Location says whose each part is. Raises
        `Problem` 400 when there are too many, 406 when there is none.
        """
        options(Drawing("", 1), parameters, thumbnail=False)
        images = [instance for instance in found if instance.image and self._fits(instance)]
        if not images:
            raise not_an_image()
        if len(images) > MAX_PARTS:
            raise bad_request(
                f"More than {MAX_PARTS} pictures: ask for a series, or for single instances."
            )
        parts = self._parts(images, kind, parameters)
        multipart = Multipart(kind)
        # Before the status goes out, so that the first mishap can still be told.
        first = await anext(parts, None)
        if first is None:
            raise unsupported("None of the pictures can be decoded.")
        body = _assembled(multipart, kind, first, parts)
        return StreamingResponse(body, headers={"Content-Type": multipart.media_type})

    async def _parts(
        self, images: Sequence[Located], kind: str, parameters: QueryParams
    ) -> AsyncIterator[tuple[str, bytes]]:
        for image in images:
            drawing = options(await self.drawing(image, 1, kind), parameters, thumbnail=False)
            try:
                content = await self._patiently(drawing)
            except Problem as problem:
                if problem.status != 406:
                    raise
                log.get().info("left_out", sop_instance=image.sop)
                continue
            address = f"{self.base}/studies/{image.study}/series/{image.series}"
            yield f"{address}/instances/{image.sop}/rendered", content

    async def _patiently(self, drawing: Drawing) -> bytes:
        for _ in range(ATTEMPTS):
            try:
                return await self.renderer.draw(drawing)
            except Problem as problem:
                if problem.code != "overloaded":
                    raise
            await asyncio.sleep(PAUSE)
        return await self.renderer.draw(drawing)


async def _assembled(
    multipart: Multipart,
    kind: str,
    first: tuple[str, bytes],
    others: AsyncIterator[tuple[str, bytes]],
) -> AsyncIterator[bytes]:
    def part(address: str, content: bytes, *, begins: bool) -> bytes:
        headers = (("Content-Type", kind), ("Content-Location", address))
        return multipart.opening(headers, first=begins) + content

    yield part(*first, begins=True)
    async for address, content in others:
        yield part(address, content, begins=False)
    yield multipart.closing()
