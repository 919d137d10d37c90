"""German. Spelling alphabets: DIN 5009:2022 (cities), DIN 5009:1996 with what was usual before it, ÖNORM A 1081, and
the Swiss one."""

from voi.capture.tables.shape import DictationTable, alphabet, phrases

TABLE = DictationTable(
    digits={
        "zwo": "2", "fuenf": "5", "ein": "1", "eine": "1", "einer": "1", "zwoundzwanzig": "22",
        "zwounddreissig": "32", "zwoundvierzig": "42", "zwoundfünfzig": "52", "zwoundsechzig": "62",
        "zwoundsiebzig": "72", "zwoundachtzig": "82", "zwoundneunzig": "92",
    },
    repeats={
        "doppel": 2, "doppelt": 2, "zweimal": 2, "dreimal": 3, "viermal": 4, "zweimal die": 2, "dreimal die": 3,
        "viermal die": 4, "zwei mal": 2, "drei mal": 3, "vier mal": 4, "zwei mal die": 2, "drei mal die": 3,
        "vier mal die": 4,
    },
    alphabets=(
        alphabet(
            "aachen berlin chemnitz düsseldorf essen frankfurt goslar hamburg ingelheim jena köln leipzig münchen "
            "nürnberg offenbach potsdam quickborn rostock salzwedel tübingen unna völklingen wuppertal xanten ypsilon "
            "zwickau"
        ),
        alphabet(
            "anton berta cäsar dora emil friedrich gustav heinrich ida julius kaufmann ludwig martha nordpol otto "
            "paula quelle richard samuel theodor ulrich viktor wilhelm xanthippe zacharias ärger ökonom übermut "
            "schule=sch charlotte=ch eszett=ß bertha konrad martin norbert siegfried zürich=z österreich=ö "
            "übel=ü jot=j josef zeppelin anna cesar daniel jakob kaiser leopold marie niklaus peter rosa sophie "
            "yverdon xaver zeppelin kilo"
        ),
    ),
    letters={
        "be": "b", "ce": "c", "ze": "c", "de": "d", "ef": "f", "ge": "g", "ha": "h", "jott": "j", "ka": "k", "el": "l",
        "em": "m", "en": "n", "pe": "p", "ku": "q", "kuh": "q", "er": "r", "es": "s", "te": "t", "tee": "t", "vau": "v",
        "fau": "v", "we": "w", "weh": "w", "iks": "x", "ix": "x", "üpsilon": "y", "zett": "z", "zet": "z",
        "scharfes s": "ß", "scharfes es": "ß", "umlaut a": "ä", "umlaut o": "ö", "umlaut u": "ü", "a umlaut": "ä",
        "o umlaut": "ö", "u umlaut": "ü", "umlaut aachen": "ä", "umlaut offenbach": "ö", "umlaut unna": "ü",
        "a e": "ae",
    },
    sounds=("bcdegptw", "mn", "fs", "ahk", "iy", "qu", "vw"),
    as_in=phrases("wie | wie in | für | von | so wie"),
    signs={
        "at": "@", "ät": "@", "at zeichen": "@", "klammeraffe": "@", "affe": "@", "punkt": ".", "dot": ".",
        "bindestrich": "-", "minus": "-", "strich": "-", "minuszeichen": "-", "unterstrich": "_", "plus": "+",
        "schrägstrich": "/", "slash": "/", "apostroph": "'", "raute": "#", "doppelpunkt": ":",
    },
    corrects=phrases(
        "nein | nee | quatsch | falsch | stopp | halt | moment | entschuldigung | entschuldigen sie | sorry "
        "| ich meine | ich meinte | besser gesagt | vielmehr | korrektur | pardon | äh nein | nein moment | nein halt "
        "| nein sorry | nein entschuldigung | nein ich meine | doch nicht"
    ),
    restarts=phrases("noch mal von vorn | nochmal von vorn | nochmal von vorne | noch mal von vorne | von vorn "
                     "| von vorne | noch einmal von vorn | noch einmal von vorne | alles falsch | ganz von vorn"),
    negates=phrases("nicht"),
    fillers=phrases("äh | ähm | öh | öhm | hm | also | bitte | danke | ja gut | genau | sondern "
                    "| alles klein | klein und zusammen | zusammen | zusammengeschrieben | zusammen geschrieben "
                    "| alles klein und zusammen | kleingeschrieben | klein geschrieben | in einem wort"),
    leads=phrases(
        "ja | gut | so | klar | meine | mein | ist | lautet | das | es | die | der | ich | bin | heiße | heisse | name "
        "| nachname | vorname | e-mail | email | mail | e mail | adresse | nummer | telefonnummer | handynummer "
        "| mailadresse | emailadresse | mein name | das wäre | wohne | wir wohnen | in der | am | im "
        "| hier ist | hier spricht | sie können an | sie können mir an | sie erreichen mich unter | schreiben sie an"
    ),
    trails=phrases("mein name | am apparat | ist mein name | hier"),
    others=phrases("durchwahl | gültig | gültig bis | läuft ab | prüfnummer | prüfziffer | sicherheitscode | cvc"),
    doubled=phrases("mit"),
    respells=phrases("das | ist | buchstabiert | geschrieben | also | schreibt | sich | ich | buchstabiere"),
    links=frozenset({"und"}),
    hundred="hundert", thousand=("tausend",), million=("million", "millionen"),
    billion=("milliarde", "milliarden"),
    ordinal_marks=frozenset({"ter", "te", "ten"}),
    halves={
        "halb": "0.5", "halbe": "0.5", "halber": "0.5", "anderthalb": "1.5", "eineinhalb": "1.5", "zweieinhalb": "2.5",
        "dreieinhalb": "3.5", "viereinhalb": "4.5",
    },
    articles=frozenset({"einem", "einfachem"}),
    weekdays={"sonnabend": 5},
    days={"heute": 0, "morgen": 1, "übermorgen": 2, "gestern": -1, "vorgestern": -2},
    currencies={
        "euro": "EUR", "euros": "EUR", "franken": "CHF", "dollar": "USD", "pfund": "GBP", "zloty": "PLN",
    },
    cents=frozenset({"cent", "cents", "rappen"}),
    points=frozenset({"komma"}),
    regions="DE",
)  # fmt: skip
