"""Short names of months, without their point, that are not also other words: they seldom end a sentence. From CLDR."""

from collections.abc import Mapping

from voi.text.tables.shape import words

SHORT_MONTHS: Mapping[str, frozenset[str]] = {
    "en": words("apr aug dec feb jan jul jun mar nov oct sep sept"),
    "de": words("apr aug dez feb jan jul jun mär nov okt sep sept"),
    "fr": words("avr déc févr janv juil nov oct sept"),
    "es": words("abr ago dic ene feb jul jun nov oct sep sept"),
    "it": words("ago apr dic feb gen giu lug mag nov ott"),
    "pt": words("abr ago dez fev jan jul jun nov out"),
    "nl": words("apr aug dec feb jan jul jun mrt nov okt sep sept"),
    "pl": words("cze gru kwi lut paź sty wrz"),
    "ru": words("авг апр дек июл июн нояб окт сент февр янв"),
    "cs": words("bře dub kvě srp zář úno čvc čvn říj"),
    "hu": words("aug dec febr jan júl jún máj márc nov okt szept ápr"),
    "tr": words("ağu eki eyl nis şub"),
    "da": words("apr aug dec feb jan jul jun mar nov okt sep sept"),
    "sv": words("apr aug dec feb jan nov okt sep sept"),
    "no": words("apr aug des feb jan jul jun mar nov okt sep sept"),
    "hr": words("kol ožu ruj sij srp velj"),
    "sk": words("apr aug dec feb jan jún júl mar nov okt sep sept"),
}
