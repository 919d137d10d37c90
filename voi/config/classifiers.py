"""Agents that judge: control agents (is this reply a denial?) and completeness agents (has the person finished?)."""

import re
from collections.abc import Iterable
from typing import Self

from pydantic import AliasChoices, Field, model_validator

from voi.config.parts import Lines
from voi.config.problems import quoted
from voi.config.prompted import Prompted

PATTERN_MATCHING = "pattern_matching"
_COMPLETENESS_PROMPT = """\
You hear one side of a live conversation, as it is being transcribed. Judge whether the speaker has finished what they
want to say for now, or is about to go on: a sentence that breaks off, a trailing "and" or "um", a list half told.
Answer with exactly one JSON object: {"status": "complete", "reason": "<why>"} or
{"status": "incomplete", "reason": "<why>"}."""


_COMMON = (
    "a about all also am an and any are as at back be because been but by can cant cannot come could day did didnt do "
    "does dont even first for from get give go good had has have he hello help her here him his how i if im in into "
    "is it its just know let like look make me model more most my need new no not now of okay on one only or other "
    "our out over people please really say see she sir so some sorry sure take tell than thank thanks that the their "
    "them then there these they thing think this time to today two up us use very want was way we well what when "
    "where which who will with wont work would yes you your aber als auch auf aus bei bin bitte danke das dass der "
    "des die du ein eine er es für gut hier ich ihr ist ja kann kein leider man mein mit nein nicht noch nur oder "
    "sein sich sie sind tut und von war wenn wie wir zu au aux avec bien ce cest dans de désolé elle en est et il je "
    "la le les leur mais merci mon ne non nous ou oui par pas plus pour que qui se si son sur te tu un une vous y al "
    "como con cuando del dos el ella ellos eso esta este gracias hay lo los mi muy nada nos para pero por puedo qué "
    "sin su también todo una usted ya yo che chi ci cosa da di è ho io lei ma molto noi per più posso questo sono sì "
    "voi eu ele ela em isso meu muito não nós o os são sim um uma você dat dit een het hij ik maar met niet nog ook "
    "op van voor wat ze zijn ale bo co czy jak jest na nie się ten tak w z za że а в вы да для и из к как на не нет "
    "но о он она от по с так то ты у что это я "
    # a single word that many replies contain
    "ai ia ki ии maybe perhaps probably possibly course actually really right great fine good nice happy welcome glad "
    "question questions answer information problem understand believe feel hope wish need sure certainly definitely "
    "absolutely exactly unfortunately however though always never often sometimes again already still yet soon later "
    "before after while since until today tomorrow yesterday morning evening night day week month year hour minute "
    "people person man woman name number place thing things something anything nothing everything someone everyone "
    "nobody another same different new old big small long short high low best better much many few little less own "
    "should might must may able try find show call talk speak say said told ask asked wait stop start begin end open "
    "close work works home help helps helped friend friends life love world story book part case point fact way kind "
    "sort lot idea reason word words line side head hand eyes oh ah well ok alright hey hi bye goodbye yeah yep nope "
    "apologies apologize pardon excuse moment second guess suppose mean means seem seems looks sounds done here were "
    "ours yours mine every each both such very quite rather too enough almost away down off around through between "
    "vielleicht natürlich gerne gern schön heute morgen gestern immer nie oft schon jetzt dann hier dort alles etwas "
    "nichts viel mehr sehr ganz genau klar richtig gut hallo tschüss guten tag uhr zeit frage antwort hilfe leben "
    "menschen leute jemand niemand werden wird haben hat hatte sollte könnte möchte muss darf weil wieder bald "
    "peut être bien sûr aujourd hui demain hier toujours jamais souvent déjà maintenant ici tout tous rien quelque "
    "chose très beaucoup peu bonjour salut revoir temps question réponse aide vie gens monde quelqu personne faut "
    "quizás tal vez claro supuesto hoy mañana ayer siempre nunca ya ahora aquí todos algo mucho poco buenos días hola "
    "adiós tiempo pregunta respuesta ayuda vida gente nadie alguien debe puede quiere "
    "forse certo naturalmente oggi domani ieri sempre mai spesso già adesso ora qui tutto tutti qualcosa niente molto "
    "poco buongiorno ciao arrivederci tempo domanda risposta aiuto vita gente nessuno qualcuno deve può vuole"
)
"""Words of everyday sentences in the larger languages, without apostrophes."""
_COMMON_WORDS = frozenset(_COMMON.split())


def ordinary_phrases(phrases: Iterable[str]) -> list[str]:
    """The denial phrases that harmless sentences contain: a letter or two, or one or two common words."""
    return [phrase for phrase in phrases if _is_ordinary(phrase)]


def _is_ordinary(phrase: str) -> bool:
    words = re.findall(r"[^\W_]+", re.sub(r"['’]", "", phrase.casefold()))
    return len(words) <= 2 and all(
        word in _COMMON_WORDS or len(word) == 1 or (len(word) == 2 and word.isascii()) for word in words
    )


class _Classifier(Prompted):
    model: str = Field(min_length=1, validation_alias=AliasChoices("model", "llm_model"))
    """A model name of the LiteLLM configuration; for a control agent also pattern_matching, which needs none."""
    temperature: float | None = Field(default=None, ge=0, le=2)
    """How freely the judging model writes; without it, the model's default."""
    title: str = ""
    """Name for people."""
    description: str = ""
    """One sentence for people."""


class ControlAgent(_Classifier):
    """Keeps denials out of another agent's replies: by phrases (model "pattern_matching") or by asking an LLM."""

    denial_phrases: Lines = ()
    """For pattern matching: no reply may contain these, as whole words. Case, markup and disguises don't count."""
    denial_classes: Lines = ()
    """For an LLM, which answers {"class": …}: the classes that are denials."""
    giveup_after: int = Field(default=3, ge=1, le=10)
    """Tries before giving up."""
    temperature_multiplier: float = Field(default=1.5, gt=0, le=10)
    """Each further try runs at the last one's temperature times this."""
    giveup_response: Lines = ()
    """Said after giving up, one at random. None: nothing is said."""

    @property
    def matches_patterns(self) -> bool:
        return self.model == PATTERN_MATCHING

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.matches_patterns:
            if not self.denial_phrases:
                raise ValueError('needs "denial_phrases": phrases that no reply may contain')
            blank = [phrase for phrase in self.denial_phrases if not any(letter.isalnum() for letter in phrase)]
            if blank:
                raise ValueError(
                    f"has a denial phrase without a word in it, which every reply would match: {quoted(blank[0])}"
                )
        elif not (self.denial_classes and "".join(self.system_prompt).strip()):
            raise ValueError(
                f'with the model {quoted(self.model)} needs "system_prompt", which asks for {{"class": …}}, and '
                f'"denial_classes"; without an LLM, the model is "{PATTERN_MATCHING}"'
            )
        return self


class CompletenessAgent(_Classifier):
    """Judges whether a person has finished: an LLM that answers {"status": "complete" | "incomplete", "reason": …}."""

    system_prompt: Lines = (_COMPLETENESS_PROMPT,)
    """A text, or an array of lines; without it, Voi's own."""
