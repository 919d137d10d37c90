"""Counts what is used, for Prometheus: tokens, seconds, characters and money, per app, agent and provider."""

from prometheus_client import CollectorRegistry, Counter

from voi.calls.usage import Whose
from voi.use import Use

SERIES_MAX = 500
"""Most combinations of app, agent and provider that are told apart; later ones count together."""
OTHER = "(other)"


class UsageMetrics:
    """Call it with each use."""

    def __init__(self, registry: CollectorRegistry) -> None:
        labels = ["app", "agent", "provider"]
        self._tokens = Counter(
            "voi_usage_tokens", "Tokens of LLMs", [*labels, "direction"], registry=registry
        )  # fmt: skip
        self._seconds = Counter(
            "voi_usage_seconds", "Sound that was transcribed (stt) or made (tts), and the length of calls (call)",
            [*labels, "kind"], registry=registry,
        )  # fmt: skip
        self._characters = Counter("voi_usage_characters", "Characters given to voices", labels, registry=registry)
        self._cost = Counter("voi_usage_cost", "Money, in the currency of the prices", labels, registry=registry)
        self._unpriced = Counter(
            "voi_usage_unpriced", "Uses whose price nobody knows: they are not in the cost", labels, registry=registry
        )
        self._known: set[tuple[str, str, str]] = set()
        self._children: dict[tuple[Counter, tuple[str, ...]], Counter] = {}
        """Looking one up in the counter itself takes a lock."""

    def __call__(self, whose: Whose, use: Use, cost: float | None) -> None:
        labels = self._labels(whose.app, whose.agent, use.provider)
        if use.kind == "llm":
            self._child(self._tokens, *labels, "in").inc(use.input_tokens)
            self._child(self._tokens, *labels, "out").inc(use.output_tokens)
        else:
            self._child(self._seconds, *labels, use.kind).inc(use.sound_ms / 1_000)
        if use.characters:
            self._child(self._characters, *labels).inc(use.characters)
        if cost is None:
            self._child(self._unpriced, *labels).inc()
        elif cost:
            self._child(self._cost, *labels).inc(cost)

    def _child(self, counter: Counter, *labels: str) -> Counter:
        child = self._children.get((counter, labels))
        if child is None:
            child = self._children[counter, labels] = counter.labels(*labels)
        return child

    def _labels(self, app: str, agent: str, provider: str) -> tuple[str, str, str]:
        labels = app, agent, provider
        if labels in self._known or len(self._known) < SERIES_MAX:
            self._known.add(labels)
            return labels
        return OTHER, OTHER, provider
