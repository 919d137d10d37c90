"""Who took the call, judged from facts."""

import pytest

from voi.core.answering_machine import (
    BALANCE_MS,
    BALANCE_QUIET_MS,
    SILENCE_MS,
    UNCLEAR_SPEECH_MS,
    AnswerJudge,
    TakenBy,
)


class Heard:
    """What is heard of a call, told to a judge."""

    def __init__(self, answered_ms: int = 0) -> None:
        self.judge = AnswerJudge()
        self.now_ms = answered_ms
        """How long nobody has said anything before."""

    def speaks(self, ms: int, words: str = "") -> "Heard":
        for stretch_ms in range(32, ms + 1, 32):
            self.now_ms += 32
            self.judge.voice(self.now_ms, stretch_ms)
        if words:
            self.judge.words(self.now_ms, words)
        return self

    def quiet(self, ms: int) -> "Heard":
        for quiet_ms in range(32, ms + 1, 32):
            self.now_ms += 32
            self.judge.quiet(self.now_ms, quiet_ms)
        return self

    @property
    def taken_by(self) -> TakenBy | None:
        return self.judge.verdict.taken_by if self.judge.verdict else None


def test_a_short_hello_is_a_person_at_once() -> None:
    heard = Heard().speaks(500).quiet(544)
    assert heard.taken_by is None
    assert heard.quiet(576).taken_by is TakenBy.PERSON
    assert heard.judge.verdict is not None
    assert heard.judge.verdict.why == "pause"


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("Hi, please leave a message", TakenBy.VOICEMAIL), ("Sprechen Sie nach dem Signalton", TakenBy.VOICEMAIL),
        ("laissez-moi un message après le bip", TakenBy.VOICEMAIL),
        ("Deje su mensaje después de la señal", TakenBy.VOICEMAIL),
        ("lasciate un messaggio dopo il segnale", TakenBy.VOICEMAIL),
        ("Spreek een bericht in na de piep", TakenBy.VOICEMAIL),
        ("deixe a sua mensagem após o sinal", TakenBy.VOICEMAIL), ("Zostaw wiadomość po sygnale", TakenBy.VOICEMAIL),
        ("For sales, press one", TakenBy.IVR), ("drücken Sie die Eins", TakenBy.IVR), ("tapez deux", TakenBy.IVR),
        ("pulse uno", TakenBy.IVR), ("premere uno", TakenBy.IVR), ("toets een", TakenBy.IVR),
        ("tecle dois", TakenBy.IVR),
        ("naciśnij dwa", TakenBy.IVR), ("please say your name and why you're calling", TakenBy.SCREENING),
        ("nennen Sie bitte Ihren Namen", TakenBy.SCREENING), ("Please hold.", TakenBy.HOLD),
        ("Veuillez patienter", TakenBy.HOLD),
        ("Der nächste freie Mitarbeiter", TakenBy.HOLD), ("Anna speaking, how can I help you?", TakenBy.PERSON),
    ],
)  # fmt: skip
def test_words_decide_as_soon_as_they_are_heard(words: str, kind: TakenBy) -> None:
    assert Heard().speaks(600, words).taken_by is kind


@pytest.mark.parametrize("words", ["Hello?", "Who is this?", "Müller", "Allô, bonjour", "Halo, słucham", "one moment"])
def test_words_of_people_are_no_machines(words: str) -> None:
    assert Heard().speaks(700, words).quiet(608).taken_by is TakenBy.PERSON


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("Miller and Sons Anna", TakenBy.PERSON), ("Praxis Doktor Weber", TakenBy.PERSON),
        ("Pizzeria Roma, buonasera", TakenBy.PERSON), ("who are you looking for", TakenBy.PERSON),
        ("Green Garden Centre, this is Lucy", TakenBy.PERSON), ("Garage Bos, u spreekt", TakenBy.PERSON),
        ("Thanks for calling the", TakenBy.MACHINE), ("Ihr gewünschter Gesprächs", TakenBy.MACHINE),
        ("Vous êtes en", TakenBy.MACHINE), ("El cliente al", TakenBy.MACHINE), ("Ik kan nu", TakenBy.MACHINE),
        ("O número para o", TakenBy.MACHINE), ("Nie mogę teraz", TakenBy.MACHINE), ("Benvenuti in", TakenBy.MACHINE),
    ],
)  # fmt: skip
def test_a_long_greeting_is_weighed_by_its_beginning(words: str, kind: TakenBy) -> None:
    heard = Heard(answered_ms=500).speaks(1_000, words)
    assert heard.taken_by is None, "there is time"
    verdict = heard.speaks(1_000).judge.verdict
    assert verdict is not None
    assert (verdict.taken_by, verdict.why) == (kind, "balance" if verdict.at_ms >= BALANCE_MS else "length")
    assert verdict.at_ms <= BALANCE_MS + 32


def test_who_says_nothing_telling_is_waited_for() -> None:
    heard = Heard(answered_ms=500).speaks(2_000, "cinnamon apple cake").speaks(UNCLEAR_SPEECH_MS - 2_032)
    assert heard.taken_by is None
    assert heard.speaks(64).taken_by is TakenBy.MACHINE
    silent = Heard(answered_ms=500).speaks(2_000, "cinnamon apple cake").quiet(BALANCE_QUIET_MS)
    assert silent.taken_by is TakenBy.PERSON
    unheard = Heard(answered_ms=500).speaks(2_500)
    assert unheard.taken_by is None, "nothing is known of what they say"


def test_what_was_weighed_is_corrected() -> None:
    person = Heard(answered_ms=500).speaks(2_300, "Sie sind hier")
    assert person.taken_by is TakenBy.MACHINE
    assert person.speaks(500, "Sie sind hier richtig, wie kann ich Ihnen helfen").taken_by is TakenBy.PERSON
    unclear = Heard(answered_ms=500).speaks(3_040, "cinnamon apple cake")
    assert unclear.taken_by is TakenBy.MACHINE
    assert unclear.quiet(800).taken_by is TakenBy.PERSON, "short after all"
    machine = Heard(answered_ms=500).speaks(2_300, "Praxis Doktor Weber")
    assert machine.taken_by is TakenBy.PERSON
    assert machine.speaks(1_000, "Praxis Doktor Weber wir sind im Urlaub").taken_by is TakenBy.MACHINE
    settled = Heard(answered_ms=500).speaks(2_300, "Praxis Doktor Weber").quiet(600)
    assert settled.speaks(6_000).taken_by is TakenBy.PERSON, "that is their conversation now"


def test_speech_without_end_is_a_machine_and_waits_for_its_beep() -> None:
    heard = Heard().speaks(4_000)
    assert heard.taken_by is TakenBy.MACHINE
    heard.quiet(600)
    assert not heard.judge.may_leave_message(heard.now_ms)
    heard.judge.beep(heard.now_ms, 1_000)
    assert heard.taken_by is TakenBy.VOICEMAIL
    assert heard.quiet(320).judge.may_leave_message(heard.now_ms)


def test_an_announcement_without_a_beep() -> None:
    heard = Heard().speaks(3_000, "We are not at home, leave a message").quiet(2_400)
    assert not heard.judge.may_leave_message(heard.now_ms)
    assert heard.quiet(2_624).judge.may_leave_message(heard.now_ms)


def test_a_person_is_taken_back_for_a_while() -> None:
    heard = Heard().speaks(300).quiet(600)
    assert heard.taken_by is TakenBy.PERSON
    heard.speaks(2_000, "hello please leave a message after the beep")
    assert heard.taken_by is TakenBy.VOICEMAIL
    late = Heard().speaks(300).quiet(600)
    late.now_ms += 20_000
    late.judge.words(late.now_ms, "can you leave me a message with the price")
    assert late.taken_by is TakenBy.PERSON


def test_nobody_says_anything() -> None:
    judge = AnswerJudge()
    assert judge.passed(SILENCE_MS - 1) is None
    verdict = judge.passed(SILENCE_MS)
    assert verdict is not None
    assert verdict.taken_by is TakenBy.SILENCE


def test_the_tones_of_an_exchange_are_no_beep() -> None:
    judge = AnswerJudge()
    assert judge.beep(500, 425) is None
    assert judge.beep(900, 1_000) is not None


def test_music_and_the_person_behind_it() -> None:
    judge = AnswerJudge()
    verdict = judge.music(2_000, 2_000)
    assert verdict is not None
    assert verdict.taken_by is TakenBy.HOLD
    judge.listen_again()
    assert judge.passed(60_000) is None, "a queue is silent for any time"
    assert judge.voice(61_000, 96) is None
    person = judge.quiet(61_650, 580)
    assert person is not None
    assert person.taken_by is TakenBy.PERSON
