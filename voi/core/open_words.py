"""Words after which an utterance hardly ever ends, in the languages that Voi tells apart.

Words that can end one of another of these languages are left out ("die", "car", "dos"), and so are single letters, as
nobody says here which language is spoken.
"""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ENGLISH = _words(
    # conjunctions
    "and or but nor because cause cuz although though unless until while whereas whether if "
    # prepositions that hardly ever end a sentence
    "of from into onto with without to at for between among "
    "towards toward during despite regarding via per than like as "
    # determiners and possessives
    "the a an my your our their its every "
    # subjects, and verbs that want more
    "i he she we they i'm i'll i'd i've you're you'll you'd you've he's she's it's it'll we're we'll we'd we've "
    "they're they'll they'd they've that's there's here's what's who's where's let's gonna wanna gotta very "
    "is are was were am be been being"
)
OTHERS = _words(
    # German
    "und oder aber sondern weil dass wenn falls obwohl sowie der dem den des ein eine einen einem einer eines mein "
    "meine meinen meinem meiner dein deine deinen unser unsere unseren kein keine keinen für von vom zum zur im "
    "beim bei seit wegen ohne gegen zwischen über ich möchte "
    # French
    "le les un une des du de au aux à et ou mais dans pour avec sans chez mon mes tes sa ses notre votre leur "
    "leurs ce cette ces je j'ai c'est parce lorsque très puisque "
    # Spanish
    "el los las unos unas pero porque que del al en con por hacia desde hasta entre mi su sus mis tus nuestro "
    "nuestra muy "
    # Italian
    "il gli che di della dello dei delle degli alla allo ai alle dal dalla nel nella tra fra perché "
    # Portuguese
    "uma umas mas das com pelo pela meu seu sua "
    # Polish
    "oraz albo lub ponieważ że żeby jeśli jeżeli ze od dla przez przy nad przed między mój moja moje twój "
    # Dutch
    "een van voor naar te maar omdat als mijn jouw onze ik wij zeer en "
    # Turkish
    "ve veya ama fakat çünkü ile eğer "
    # Czech
    "nebo protože aby když jestli ke pro při "
    # Hungarian
    "és vagy de hogy mert az "
    # Swedish
    "och eller att "
    # Russian, Ukrainian
    "и или но что чтобы потому если когда в на с к от до для из за под над при без через между мой твой очень "
    "і або але бо що щоб якщо від "
    # Arabic
    "و أو لكن لأن أن إن في من على إلى عن مع ثم إذا حتى بين عند "
    # Hindi
    "और या लेकिन मगर क्योंकि कि का की के ने अगर"
)
ENDINGS = (
    "和", "跟", "但是", "可是", "因为", "如果", "而且", "或者", "把", "从", "关于", "对于", "比如",
    "を", "は", "そして", "それで",
    "을", "를", "는", "그리고", "그런데", "하지만", "때문에", "에서",
)  # fmt: skip
"""The same for languages whose words are written together."""
GREETINGS = _words("こんにちは こんばんは では それでは")
"""These end so all the same."""
