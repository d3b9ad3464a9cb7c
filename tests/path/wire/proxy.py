"""A proxy between the gateway and its providers: any name that it is asked for leads to this machine."""

import asyncio
import base64

from tests.path.wire.raw import RawProvider, Visit, head

_CREDENTIALS = b"\r\nProxy-Authorization: Basic " + base64.b64encode(b"me:p w")


class Proxy(RawProvider):
    """Leads CONNECT to the port that the authority names, if the credentials are right."""

    def __init__(self) -> None:
        super().__init__(self._lead)
        self.asked: list[bytes] = []
        """Every head that it was sent."""

    async def _lead(self, visit: Visit) -> None:
        asked = await visit.head()
        self.asked.append(asked)
        visit.heard = visit.heard.partition(b"\r\n\r\n")[2]
        method, target, _ = asked.split(b"\r\n")[0].split(b" ")
        if method != b"CONNECT" or _CREDENTIALS not in asked:
            await visit.send(head("HTTP/1.1 407 Proxy Authentication Required", "content-length: 0"))
            return
        reader, writer = await asyncio.open_connection("127.0.0.1", int(target.rpartition(b":")[2]))
        await visit.send(b"HTTP/1.1 200 Connection established\r\nvia: test\r\n\r\n")

        async def back() -> None:
            while data := await reader.read(65536):
                await visit.send(data)

        task = asyncio.create_task(back())
        try:
            while await visit.some():
                writer.write(visit.heard)
                visit.heard = b""
        finally:
            task.cancel()
            writer.close()
