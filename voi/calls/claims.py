"""What a token says of the client that has it. Doors learn it from the server, which checks tokens."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TokenClaims:
    """What a valid token says. `person`: whom it is for, beside its app; "": it does not say. `id` "": it has none, as
    those that others made by hand. Times are ms since 1970. `names_people`: its holder, a service of the app, may say
    whom a conversation is with. `own_agents`: it grants its client an agent of its own, whatever the settings grant."""

    app: str
    person: str = ""
    id: str = ""
    issued_ms: int = 0
    expires_ms: int = 0
    names_people: bool = False
    own_agents: bool = False
