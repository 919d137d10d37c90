"""Makes the session of a call from what the server has."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from voi.calls.call import Call
from voi.calls.load import Load, LoadLevel
from voi.calls.memories import Memories
from voi.calls.proof import Proof
from voi.calls.quotas import Quotas
from voi.config.agents import Agent
from voi.config.config import Config, voice_uses_of
from voi.config.settings import Settings
from voi.core.facts import Continued, LoadChanged
from voi.core.options import CallOptions
from voi.dialogue import Phrase
from voi.engines.startup import Engines
from voi.engines.wanting import unspeakable
from voi.errors import ClientError
from voi.knowledge.library import Library
from voi.server.after_calls import AfterCalls
from voi.server.kept_calls import KeptCalls
from voi.server.metrics import Metrics, TurnMetrics
from voi.server.tracing import Tracing
from voi.server.usages import Usages
from voi.session.budgets import PictureBudget, QuestionBudget
from voi.session.line import Line
from voi.session.observer import Observer
from voi.session.session import Session
from voi.tools.toolbox import Toolbox

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider


@dataclass(kw_only=True, slots=True)
class SessionMaker:
    """`engines` returns those that are warm; None: none are, and nobody is admitted. `find` returns the call with an
    id. `context_tokens_of` returns how much an agent's model can take. `never_call_of` returns what keeps that the
    person of a call is not called again; None: that is not possible. `traces`: where traces go; None: nowhere."""

    settings: Settings
    engines: Callable[[], Engines | None]
    find: Callable[[str], Call | None]
    toolbox: Toolbox
    library: Library
    memories: Memories
    after_calls: AfterCalls
    usages: Usages
    kept: KeptCalls
    quotas: Quotas
    questions: QuestionBudget
    load: Load
    metrics: Metrics
    context_tokens_of: Callable[[Agent], int]
    never_call_of: Callable[[Call], Callable[[], Awaitable[str]] | None]
    traces: "TracerProvider | None"
    _pictures: PictureBudget = field(init=False)
    _turn_metrics: TurnMetrics = field(init=False)

    def __post_init__(self) -> None:
        self._pictures = PictureBudget(self.settings.pictures_mb * 2**20)
        self._turn_metrics = TurnMetrics(self.metrics)

    def open(
        self,
        conversation_id: str,
        line: Line,
        agent: Agent,
        config: Config,
        options: CallOptions,
        /,
        continued: Continued | None = None,
    ) -> Session:
        """See `OpenSession`."""
        engines = self.engines()
        assert engines is not None, "nobody is admitted before the engines are warm"
        if problems := unspeakable(voice_uses_of(agent, "agent_config"), engines.tts):
            raise ClientError("\n".join(problems))
        settings = self.settings
        call = self.find(conversation_id)
        app = call.app if call else ""
        session = Session(
            conversation_id=conversation_id,
            line=line,
            agent=agent,
            agent_name=call.agent_name if call else "",
            tools_of=lambda other, came_from: self.toolbox.of(other, app_tools=options.app_tools, came_from=came_from),
            about=call.about if call else {"app": app},
            config=config,
            engines=engines.of(agent),
            options=options,
            greetings_dir=settings.greetings_dir,
            observers=self.observers(call, conversation_id, agent, options.mode),
            on_observer_failed=self.metrics.observer_failed,
            language=settings.language,
            notice=self.notice(call, agent),
            log_words=settings.log_words,
            continued=continued,
            knowledge_of=self.library.of,
            pictures=self._pictures,
            why_not_invoke=lambda: self.quotas.used_up(app) or self.questions.why_not(app),
            invoke_max_tokens=settings.invoke_llm_max_tokens,
            memory=self.memories.of(call, agent),
            prove_person=lambda: call.prove(Proof.AGENT) if call else None,
            never_call=self.never_call_of(call) if call else None,
            context_tokens_of=self.context_tokens_of,
        )
        if call is not None:
            self.after_calls.watch(call, agent, options, session)
        if self.load.level >= LoadLevel.BUSY:
            session.tell(LoadChanged(busy=True))
        return session

    def notice(self, call: Call | None, agent: Agent) -> Phrase | None:
        """What the agent discloses first of all."""
        return self.kept.notice(call, agent)

    def observers(self, call: Call | None, conversation_id: str, agent: Agent, mode: str) -> list[Observer]:
        """All that look on."""
        observers: list[Observer] = [self._turn_metrics]
        if self.traces is not None:
            about = {"gen_ai.conversation.id": conversation_id, "gen_ai.request.model": agent.llm_model}
            observers.append(Tracing(self.traces.get_tracer("voi"), about, words=self.settings.trace_words))
        observers += call.looked_on_by if call else []
        observers += self.kept.observers(call, conversation_id, agent, mode)
        return [*observers, self.usages.observer(call, conversation_id)]
