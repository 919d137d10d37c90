"""English. Spelling alphabets: ICAO Annex 10, and that of police forces in the USA (APCO)."""

from voi.capture.tables.shape import DictationTable, alphabet, phrases

ICAO = alphabet(
    "alfa alpha bravo charlie delta echo foxtrot golf hotel india juliett juliet kilo lima mike november oscar papa "
    "quebec romeo sierra tango uniform victor whiskey whisky x-ray xray yankee zulu"
)

TABLE = DictationTable(
    digits={"oh": "0", "nought": "0", "naught": "0", "nil": "0", "niner": "9", "fife": "5", "tree": "3"},
    likely_digits={"to": "2", "too": "2", "for": "4", "fore": "4", "won": "1", "ate": "8", "sex": "6"},
    repeats={"double": 2, "twice": 2, "triple": 3, "treble": 3, "quadruple": 4, "two times": 2, "three times": 3},
    alphabets=(
        ICAO,
        alphabet(
            "adam boy charles david edward frank george henry ida john king lincoln mary nora ocean paul queen robert "
            "sam tom union victor william young zebra"
        ),
    ),
    letters={
        "bee": "b", "cee": "c", "sea": "c", "see": "c", "dee": "d", "gee": "g", "aitch": "h", "haitch": "h", "eye": "i",
        "jay": "j", "kay": "k", "cay": "k", "el": "l", "ell": "l", "em": "m", "en": "n", "pee": "p", "cue": "q",
        "queue": "q", "ar": "r", "ess": "s", "tee": "t", "tea": "t", "vee": "v", "double u": "w", "double you": "w",
        "ex": "x", "why": "y", "wye": "y", "zee": "z", "zed": "z", "are": "r", "you": "u",
    },
    sounds=("bcdegptvz", "mn", "fsx", "ajkh", "iy", "quw"),
    as_in=phrases("as in | like in | like | for | is for | as | of"),
    signs={
        "at": "@", "at sign": "@", "dot": ".", "period": ".", "point": ".", "full stop": ".", "dash": "-",
        "hyphen": "-", "minus": "-", "underscore": "_", "under score": "_", "plus": "+", "slash": "/",
        "forward slash": "/", "apostrophe": "'", "hash": "#", "colon": ":",
    },
    corrects=phrases(
        "no | no wait | no sorry | sorry | correction | i mean | i meant | oops | make that | excuse me | my mistake "
        "| wait | or rather | rather | no i mean | no it's | no that's | no it is | no not"
    ),
    restarts=phrases(
        "start over | start again | from the beginning | from the start | scratch that | forget that | begin again "
        "| let me start over | let me start again | all over again"
    ),
    negates=phrases("not"),
    fillers=phrases("um | uh | uhm | er | erm | hmm | mm | ah | well | okay | ok | please | thanks | thank you "
                    "| all one word | one word | all in one word | all lowercase | all lower case | lowercase"),
    leads=phrases(
        "yes | yeah | sure | so | right | my | is | it's | its | it is | that's | that is | this is | the | i'm | i am "
        "| name | full name | first name | last name | surname | email | e-mail | mail | address | number | phone "
        "| e mail | call me | would be | you can reach me at | i live at | we live at | i live in | live at | called "
        "| oh it's | oh it is | oh that's | that would be | it would be | you can call me | you can send it to "
        "| send it to | you can email me at | you can reach me on"
    ),
    trails=phrases("speaking | here | is my name | is the name | is my last name"),
    others=phrases(
        "extension | ext | expiry | expires | expiring | expiration | exp | valid | good through | security code "
        "| cvc | cvv"
    ),
    doubled=phrases("with"),
    respells=phrases("that's | spelled | spelt | spell | is | which | that | it's | i | the"),
    links=frozenset({"and"}),
    hundred="hundred", thousand=("thousand",), million=("million", "millions"),
    billion=("billion", "billions"),
    ordinal_marks=frozenset({"st", "nd", "rd", "th"}),
    days={"today": 0, "tomorrow": 1, "yesterday": -1, "day after tomorrow": 2, "day before yesterday": -2},
    articles=frozenset({"a", "an"}), halves={"half": "0.5"},
    currencies={
        "dollar": "USD", "dollars": "USD", "buck": "USD", "bucks": "USD", "euro": "EUR", "euros": "EUR", "pound": "GBP",
        "pounds": "GBP", "quid": "GBP", "yen": "JPY", "franc": "CHF", "francs": "CHF", "swiss francs": "CHF",
        "rupee": "INR", "rupees": "INR",
    },
    cents=frozenset({"cent", "cents", "penny", "pence", "p"}),
    points=frozenset({"point"}),
    regions="US",
)  # fmt: skip
