"""Who is to blame, and what to do next. Every error that a person may see is one of these."""


class VoiError(Exception):
    """Base of all errors that Voi raises on purpose. The text is written for the person to blame."""


class ClientError(VoiError):
    """The caller sent something wrong: a frame, a token, audio, text. Ends at most that conversation."""


class NameTaken(ClientError):
    """There is something of that name already."""


class ConfigError(VoiError):
    """The operator's or prompt designer's files or environment are wrong. `problems` lists every mistake found."""

    def __init__(self, problems: "str | list[str]") -> None:
        self.problems = [problems] if isinstance(problems, str) else list(problems)
        super().__init__("\n".join(self.problems))


class EngineError(VoiError):
    """A model or provider failed or refused. `retryable`: the same request may succeed a moment later."""

    def __init__(self, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.retryable = retryable


class EngineBroken(EngineError):
    """The engine cannot go on as it is, for nobody: whoever keeps it going has to make it anew."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=True)
