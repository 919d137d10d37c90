"""Server-sent events (WHATWG HTML, section 9.2), parsed as the bytes come in. No I/O.

Only `data` matters to chat completions; comments (`: ping`) and the other fields are skipped.
"""

from voi.errors import EngineError


class SseParser:
    """Takes bytes cut anywhere and returns the data of each complete event."""

    def __init__(self, max_event_bytes: int) -> None:
        self._max_event_bytes = max_event_bytes
        self._line = bytearray()
        self._data: list[bytes] = []
        self._data_bytes = 0
        self._after_cr = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """Data of the events that `chunk` completes. Raises EngineError when one exceeds the limit."""
        if self._after_cr and chunk:
            # That CR has ended its line; an LF here is the other half of it, not an empty line.
            self._after_cr = False
            if chunk[0] == 0x0A:
                chunk = chunk[1:]
        cut = max(chunk.rfind(b"\n"), chunk.rfind(b"\r")) + 1
        # Incomplete lines grow in place: joining them again for each chunk would be quadratic.
        if not cut:
            self._line += chunk
            self._check(len(self._line))
            return []
        whole = chunk[:cut]
        if self._line:
            self._line += whole
            whole = bytes(self._line)
        self._line = bytearray(chunk[cut:])
        self._after_cr = whole.endswith(b"\r")
        events = []
        for line in whole.splitlines():
            if line.startswith(b"data:"):
                self._take(line)
            elif not line and self._data:
                events.append(self._event())
        return events

    def finish(self) -> list[bytes]:
        """The end of the stream: some servers leave out the empty line after the last event."""
        if self._line.startswith(b"data:"):
            self._take(bytes(self._line))
        self._line.clear()
        return [self._event()] if self._data else []

    def _take(self, line: bytes) -> None:
        data = line[6:] if line.startswith(b"data: ") else line[5:]
        self._data.append(data)
        self._data_bytes += len(data) + 1  # the line break: lines without an end are too much as well, empty or not
        self._check(self._data_bytes)

    def _event(self) -> bytes:
        event = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
        self._data = []
        self._data_bytes = 0
        return event

    def _check(self, size_bytes: int) -> None:
        if size_bytes > self._max_event_bytes:
            raise EngineError(
                f"The LLM server sent an event of more than {self._max_event_bytes} bytes. "
                "Is LITELLM_API_BASE really a chat-completions server?"
            )
