"""The errors that a person may see. Each says who caused it and what to do next."""


class VoiError(Exception):
    """Base of all errors that Voi raises on purpose. The text is written for the person who can fix the cause."""


class ClientError(VoiError):
    """The client sent something wrong: a frame, a token, audio, text. It ends at most that conversation."""


class NameTaken(ClientError):
    """The name is already in use."""


class ConfigError(VoiError):
    """The operator's or prompt designer's files or environment are wrong. `problems` lists every mistake found."""

    def __init__(self, problems: "str | list[str]") -> None:
        self.problems = [problems] if isinstance(problems, str) else list(problems)
        super().__init__("\n".join(self.problems))


class EngineError(VoiError):
    """A model or provider failed or refused. `retryable`: the same request may succeed a moment later. `limit`: it
    takes no more, at once or for this account."""

    def __init__(self, message: str, *, retryable: bool = False, limit: bool = False) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.limit = limit


class EngineBroken(EngineError):
    """The engine has failed for all callers and has to be made again. Its supervisor does that."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=True)


class StoreError(VoiError):
    """The store of conversations could not be read or written: its disk, its server, or the way to it."""


class RowRefused(StoreError):
    """The store works, but refuses what it was given."""
