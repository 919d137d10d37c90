"""What people in stage directions handle, show or move, by language, with the form of the verb before it: "adjusts" and
"glasses" together show that *adjusts glasses* is not speech, though neither word does alone. A verb that is just as
common in ordinary sentences ("takes", "opens") must be followed by such a noun, and by no word of `BUSINESS`: "takes a
sip" is a gesture, "takes an hour" and "offers free coffee" are not.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple


class _Language(NamedTuple):
    verb: re.Pattern[str]
    """The first word: a verb without its subject."""
    noun: re.Pattern[str]
    not_first: re.Pattern[str]
    """Words that look like the verb's form but are not verbs."""


def _language(verb: str, noun: str, not_first: str = "") -> _Language:
    return _Language(re.compile(verb), re.compile(noun), re.compile(not_first or r"(?!)"))


ENGLISH = _language(
    r"[a-z]{2,}[^s\W]s|[a-z]{3,}(?:ing|ed)|took|held|drank|threw|blew|set|put|sat|stood|gave|wrote|drew|spread",
    # the body, and what it does
    "smiles?|smirk|grin|nods?|winks?|sips?|hugs?|waves?|sighs?|laughs?|laughter|chuckles?|giggles?|bows?|curtsy|"
    "shrugs?|looks?|"
    "glances?|gaze|stare|breaths?|thumbs?|thumbs-up|kiss|kisses|salute|gulp|gasp|yawn|wink|eyebrows?|eyes?|brows?|"
    "hands?|arms?|"
    "fingers?|fists?|fist-bump|five|fives|bump|bumps|head|chin|beard|moustache|mustache|hair|ears?|cheeks?|lips?|"
    "tongue|nose|teeth|neck|"
    "throat|shoulders?|elbows?|knees?|legs?|feet|foot|toes?|tail|wings?|paws?|wrists?|chest|heart|forehead|temples?|"
    "tears?|jaw|"
    # what one wears
    "glasses|spectacles|monocle|hat|cap|tie|bow-tie|scarf|cloak|robes?|robe|coat|jacket|dress|skirt|sleeves?|collar|"
    "apron|gloves?|"
    "cape|hood|helmet|headset|shirt|vest|belt|badge|cufflinks|mask|crown|suit|"
    # what is at hand
    "coffee|tea|mug|cup|teacup|glass|goblet|tankard|drink|wine|beer|water|cookie|biscuit|snack|popcorn|apple|pipe|"
    "cigar|"
    "watch|pocketwatch|clock|calendar|clipboard|notebook|notepad|notes?|pen|pencil|quill|papers?|page|pages|book|"
    "books|tome|ledger|"
    "scroll|scrolls|map|menu|list|screen|keyboard|mouse|laptop|monitor|tablet|phone|receiver|desk|table|counter|bar|"
    "chair|stool|sofa|"
    "couch|door|window|curtains?|drawers?|shelf|shelves|cabinet|bag|pockets?|satchel|briefcase|folder|files|box|"
    "candle|lantern|lamp|"
    "torch|fire|sword|axe|staff|wand|hammer|cane|umbrella|tissue|tissues|handkerchief|napkin|towel|cloth|confetti|"
    "flowers?|"
    "bouquet|sign|wall|floor|ceiling|sky|horizon|distance|room|guitar|piano|violin|bell|steering|engine|dice|cards|"
    "deck|magnifying",
    "this|yes|was|has|does|is|thanks|news|plus|less|always|perhaps|sometimes|its|his|hers|ours|yours|theirs|us|as|"
    "needed|limited|reserved|included|used|closed|recommended|nothing|anything|something|everything|during|evening|"
    "morning|"
    "being|having|including|regarding|parking|opening|reading|drinking|boarding|smoking|shipping|seating|meeting|"
    "building|"
    "red|bed|hundred|need|indeed|speed|feed|seed|glasses|drinks|notes|keys|tables|seats|rooms|doors|windows|tickets|"
    "prices|cups|"
    "books|cards|phones|flowers|children|kids|dogs|cats|pets|details|guests|members|terms|shoes|coats|bags|"
    "teas|coffees|wines|beers|snacks|cookies|papers|watches|clocks|screens|chairs|candles|lights|bonus|status|campus|"
    "tissues|protects|helps|cleans|fits|reduces|softens|includes|missing|boiling|running|walking|hours|minutes|days|"
    "weeks|reservations|spills|damages|refunds",
)
_LANGUAGES = (
    _language(  # German
        r"\w{2,}t|wirft|hält|lädt|sieht|isst|reibt",
        "brille|hut|mütze|krawatte|mantel|jacke|schürze|ärmel|kragen|kaffee|tee|tasse|becher|glas|schluck|wein|bier|"
        "keks|uhr|"
        "armbanduhr|tastatur|maus|bildschirm|telefon|hörer|papiere?|unterlagen|notiz(?:en|block|buch)?|stift|"
        "bleistift|buch|seiten?|"
        "liste|karte|speisekarte|kalender|zettel|schreibtisch|tisch|theke|stuhl|sessel|tür|fenster|schublade|regal|"
        "tasche|kerze|"
        "lampe|schwert|stab|laute|taschentuch|daumen|faust|knie|bart|kinn|wange|ohr|rücken|nacken|blick|pause|"
        "verbeugung|knicks|"
        "zwinkern|lächeln|nicken|brauen?|braue|kehle|rachen|kopf|schultern?|hand|hände|händen?|augen|augenbrauen?|"
        "stirn|arme?|"
        "luft|haare?|lippen?|nase|mund|finger|tränen?|boden|himmel|ferne|geste|grimasse|schulter",
        "schützt|hilft|pflegt|reinigt|passt|enthält|nicht|jetzt|erst|selbst|fast|statt|mit|seit|sofort|gut|recht|"
        "bereit|fest|ist|hat|gilt|kostet|öffnet|schließt|bietet|heißt|"
        "sonst|meist|zuerst|zuletzt|oft|dort|weit|rot|kalt|alt|nackt|leicht|exakt|direkt|kompakt|perfekt|komplett|"
        "absolut",
    ),
    _language(  # French
        r"\w*[^\W\d_](?:e|it|t|d)|a|remet|met|sert|rend|prend|ajustant|tapotant",
        "lunettes|chapeau|cravate|manteau|veste|tablier|manches?|col|café|thé|tasse|verre|gorgée|vin|bière|biscuit|"
        "montre|horloge|"
        "clavier|souris|écran|téléphone|papiers?|notes?|carnet|stylo|crayon|livre|pages?|liste|carte|menu|calendrier|"
        "dossier|bureau|"
        "table|comptoir|chaise|fauteuil|porte|fenêtre|tiroir|étagère|sac|bougie|lampe|épée|bâton|luth|mouchoir|pouce|"
        "poing|genou|"
        "barbe|menton|joue|oreille|dos|nuque|regard|pause|révérence|clin|sourire|tête|épaules?|yeux|mains?|bras|"
        "sourcils?|front|"
        "cheveux|lèvres?|larmes?|gorge|nez|bouche|doigts?|ciel|sol|geste|grimace|moue|signe",
        "protège|aide|soigne|nettoie|comprend|chambre|une?|de|le|la|les|ce|cette|notre|votre|chaque|toute|prochaine?|"
        "petite|grande|bonne|belle|nouvelle|même|libre|simple|est|"
        "et|sans|contre|entre|coûte|ouvre|ferme|reste|comme|encore|autre|offre|dont|avant|tout|petit|grand|huit|sept|"
        "quatre|onze|"
        "douze|treize|trente|quarante|cinquante|mille|tasse|table|carte|porte|liste|note|page|verre",
    ),
    _language(  # Spanish
        r"\w+(?:a|e|ue)|hace|ajustando|bebiendo",
        "gafas|lentes|sombrero|corbata|abrigo|chaqueta|delantal|mangas?|café|té|taza|vaso|copa|sorbo|trago|vino|"
        "cerveza|galleta|reloj|"
        "teclado|ratón|pantalla|teléfono|papeles|notas?|cuaderno|libreta|bolígrafo|pluma|lápiz|libro|páginas?|lista|"
        "carta|calendario|"
        "escritorio|mesa|mostrador|silla|puerta|ventana|cajón|estante|bolsa|bolso|vela|espada|bastón|pañuelo|pulgar|"
        "puño|rodilla|"
        "barba|barbilla|mentón|mejilla|oreja|espalda|nuca|mirada|pausa|reverencia|guiño|sonrisa|suspiro|cabeza|"
        "hombros?|ojos?|manos?|"
        "brazos?|cejas?|ceño|pelo|labios?|lágrimas?|garganta|nariz|boca|dedos?|cielo|suelo|gesto|mueca|palmas|aire",
        "protege|ayuda|cuida|limpia|una|la|de|que|para|este|esta|cada|toda|nuestra|vuestra|misma|otra|sobre|entre|"
        "desde|durante|cuesta|abre|cierra|incluye|"
        "ofrece|nueva|buena|gran|grande|siempre|nunca|hasta|gratis|doce|trece|quince|siete|nueve|once|mesa|taza|"
        "carta|lista|copa|media",
    ),
    _language(  # Italian
        r"\w+(?:a|e)|fa|dà|beve|si|bevendo",
        "occhiali|cappello|cravatta|cappotto|giacca|grembiule|manic(?:a|he)|caffè|tè|tazza|tazzina|bicchiere|sorso|"
        "vino|birra|biscotto|"
        "orologio|tastiera|mouse|schermo|telefono|carte|fogli|appunti|taccuino|quaderno|penna|matita|libro|pagin[ae]|"
        "lista|menù|"
        "calendario|scrivania|tavolo|bancone|sedia|porta|finestra|cassetto|scaffale|borsa|candela|spada|bastone|"
        "fazzoletto|pollice|"
        "pugno|ginocchi[oa]|barba|mento|guancia|orecchi[oa]|schiena|nuca|sguardo|pausa|inchino|occhiolino|sorriso|"
        "sospiro|testa|capo|"
        "spalle|occhi|occhio|man[io]|braccia|sopracciglia|sopracciglio|fronte|capelli|labbra|lacrime|gola|naso|bocca|"
        "dit[oa]|cielo|"
        "terra|gesto|smorfia",
        "protegge|aiuta|cura|pulisce|una|la|le|e|che|per|questa|ogni|tutta|nostra|vostra|stessa|altra|sopra|durante|"
        "costa|apre|chiude|include|offre|nuova|buona|"
        "grande|sempre|tre|sette|nove|dodici|anche|come|mezza|tazza|lista|carta|porta|senza",
    ),
    _language(  # Portuguese
        r"\w+(?:a|e)|faz|põe|dá|bebendo",
        "óculos|chapéu|gravata|casaco|avental|mangas?|café|chá|xícara|chávena|copo|taça|gole|vinho|cerveja|biscoito|"
        "relógio|teclado|"
        "tela|ecrã|telefone|papéis|notas?|anotações|caderno|caneta|lápis|livro|páginas?|lista|cardápio|calendário|"
        "mesa|balcão|cadeira|"
        "porta|janela|gaveta|prateleira|bolsa|vela|espada|lenço|polegar|punho|joelho|barba|queixo|bochecha|orelha|"
        "costas|nuca|olhar|"
        "pausa|reverência|piscadela|sorriso|suspiro|cabeça|ombros|olhos|mãos?|braços?|sobrancelhas?|cabelos?|lábios?|"
        "lágrimas?|"
        "garganta|nariz|boca|dedos?|céu|chão|gesto|careta|palmas",
        "protege|ajuda|cuida|uma|a|e|que|para|esta|este|cada|toda|nossa|vossa|mesma|outra|sobre|entre|desde|durante|"
        "custa|abre|fecha|inclui|oferece|nova|"
        "boa|grande|sempre|sete|nove|onze|doze|mesa|lista|taça|meia|nota",
    ),
    _language(  # Dutch
        r"\w{2,}t|doet|gaat|staat|slaat",
        "bril|hoed|pet|stropdas|jas|schort|mouwen|kraag|koffie|thee|kopje|mok|glas|slok|slokje|wijn|bier|koekje|"
        "horloge|klok|"
        "toetsenbord|scherm|telefoon|papieren|notitie|notities|pen|potlood|boek|bladzijde|lijst|kaart|agenda|bureau|"
        "tafel|stoel|deur|"
        "raam|lade|tas|kaars|zwaard|duim|vuist|knie|baard|kin|wang|oor|rug|nek|blik|pauze|buiging|knipoog|glimlach|"
        "hoofd|schouders|"
        "ogen|hand|handen|armen|wenkbrauwen|wenkbrauw|haar|lippen|tranen|keel|neus|mond|vingers?",
        "niet|het|met|tot|dat|wat|gratis|kost|groot|goed|eerst|laatst|uit|naast|opent|sluit|biedt|acht",
    ),
    _language(  # Russian, Ukrainian
        r"\w+(?:ет|ёт|ит|ат|ят|ает|є|ить|ая|яя)",
        "очки|шляпу|галстук|пальто|рукава|кофе|чай|чая|чашку|кружку|бокал|стакан|глоток|вино|пиво|часы|клавиатуре|"
        "экран|телефон|"
        "бумаги|заметки|записи|блокнот|ручку|карандаш|книгу|страницы|список|меню|календарь|стол|стул|дверь|окно|ящик|"
        "сумку|свечу|меч|"
        "палец|кулак|колено|бороду|подбородок|щеку|ухо|спину|затылок|взгляд|паузу|поклон|реверанс|улыбку|голову|"
        "голове|плечами|"
        "плечи|глаза|руки|руку|руками|бровь|брови|волосы|губы|губу|слёзы|слезы|горло|нос|рот|пальцами|ладоши|окуляри|"
        "каву",
        "нет|лет|свет|ответ|совет|билет|кабинет|стоит|значит|открывает|закрывает|привет",
    ),
    _language(  # Polish, Czech
        r"\w+(?:a|e|i|y|uje|í|á)",
        "okulary|kapelusz|krawat|płaszcz|rękawy|kawę|kawy|herbatę|herbaty|filiżankę|kubek|szklankę|łyk|wino|piwo|"
        "zegarek|klawiaturze|"
        "ekran|telefon|papiery|notatki|notes|długopis|książkę|strony|listę|menu|kalendarz|biurko|stół|krzesło|drzwi|"
        "okno|szufladę|torbę|"
        "świecę|miecz|kciuk|pięść|kolano|brodę|policzek|ucho|plecy|kark|wzrok|spojrzenie|pauzę|ukłon|uśmiech|głowę|"
        "głową|głowie|ramionami|"
        "oczy|oczami|ręce|rękę|dłonie|brwi|brew|włosy|usta|wargę|łzy|gardło|nos|palcami|"
        "brýle|klobouk|kravatu|kabát|kávu|kávy|čaj|čaje|šálek|hrnek|sklenici|doušek|víno|pivo|hodinky|klávesnici|"
        "obrazovku|papíry|"
        "poznámky|tužku|knihu|stránky|seznam|kalendář|stůl|židli|dveře|palec|bradu|tvář|záda|pohled|poklonu|úsměv|"
        "hlavu|hlavou|rameny|"
        "oči|očima|ruce|ruku|obočí|vlasy|rty|slzy|krk|prsty",
        "i|a|na|za|do|co|nie|ne|kosztuje|otwiera|nowa|dwie|trzy|cztery|tylko|bez",
    ),
    _language(  # Turkish
        r"gözlü\w+|şapka\w+|kravat\w+|kahve\w+|çay\w*|fincan\w+|saat\w+|başın\w*|gözler\w+|eller\w+|elin\w+|omuz\w*|"
        r"kaş\w+|boğaz\w+|saç\w+|"
        r"parma\w+|dudak\w+|yumruğ\w+|çene\w+|sakal\w+|derin",
        r"\w+(?:[aeıiuü]r|[ıiuü]yor|[ae]rek)",
        "kahverengi|saatler|saatte|saati",
    ),
    _language(  # Hungarian
        r"\w+(?:it|ja|l|t|i|ik|e)",
        "szemüvegét|kalapját|nyakkendőjét|kávéját|kávét|teáját|teát|csészét|kortyot|óráját|órájára|fejét|fejével|"
        "szemét|szemöldökét|"
        "kezét|kezével|vállát|haját|torkát|ujjaival|ajkát|állát|szakállát|könnyeit",
        "mit|egy|itt|két|öt|hét|át",
    ),
    _language(  # Danish, Norwegian, Swedish, Finnish
        r"\w+(?:r|aa|ee)",
        "briller|brillerne|hatten|slipset|kaffe|kaffen|te|teen|kop|koppen|slurk|klokken|uret|hovedet|hodet|øjne|"
        "øynene|øjenbryn|øyebryn|"
        "hånden|hænderne|hendene|skuldre|skuldrene|hår|håret|læber|halsen|glasögon|glasögonen|kaffet|teet|klunk|"
        "klockan|huvudet|ögon|"
        "ögonen|ögonbryn|handen|händerna|axlarna|håret|läpparna|silmälasejaan|silmälaseja|kahvia|kahvinsa|teetä|"
        "päätään|silmiään|"
        "käsiään|olkapäitään|hiuksiaan|kelloa|kelloaan",
        "for|er|eller|under|ikke|har|kr|uder|after|over|vår|timer|minutter|koster|åbner|her|der",
    ),
)
_ARABIC_AND_HINDI = re.compile(
    # Arabic, Hindi
    r"[يت]عدل نظار|[يت]نحني|[يت]رتشف|[يت]صفق|[يت]ومئ|[يت]لوح|[يت]غمز|[يت]هز (?:رأس|كتف)|[يت]رفع حاجب|[يت]حك رأس|"
    r"चश्मा|चश्मे|हाथ जोड़|सिर हिला|सिर झुका|झुक(?:कर|ता|ती|ते)|ताली|तालियाँ|आँख मार|आंख मार|चुस्की|गला साफ|"
    r"कंधे उचका|गहरी साँस|पलकें|भौंहें"
)
"""Patterns for scripts whose words have too many forms for a list."""

BUSINESS = re.compile(
    r"\d+|percent|free|included?|includes|only|never|always|not|no|and|or|are|is|was|were|will|can|may|until|per|than|"
    r"minutes?|hours?|days?|weeks?|months?|years?|noon|midnight|today|tomorrow|monday|tuesday|wednesday|thursday|"
    r"friday|saturday|"
    r"sunday|one|two|three|four|six|seven|eight|nine|ten|twelve|twenty|hundred|euros?|dollars?|pounds?|extra|"
    r"available|allowed|"
    r"required|valid|automatically|standard|options?|orders?|reservations?|guests?|people|persons?|everyone|"
    r"zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|zwölf|minuten?|stunden?|tage|uhrzeit|kostenlos\w*|gratis|"
    r"inklusive|täglich|"
    r"personen|gäste|nur|bis|deux|trois|quatre|cinq|six|sept|huit|neuf|dix|minutes?|heures?|jours?|gratuite?s?|"
    r"inclus\w*|jusqu|"
    r"personnes|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|minutos?|horas?|días?|incluid[oa]s?|hasta|personas|"
    r"clientes|"
    r"due|tre|quattro|cinque|sei|sette|otto|nove|dieci|minuti|or[ae]|giorni|gratuit[oaie]|inclus[oaie]|fino|persone|"
    r"clienti|"
    r"dois|duas|três|quatro|minuto|dias|incluíd[oa]s?|até|pessoas|minuten|uren|uur|dagen|personen|минут\w*|час[аов]*|"
    r"дней|"
    r"бесплатн\w*|minut|godzin|zdarma|darmo"
)
"""Words of offers, times and quantities, and words that make the first one the subject of a sentence."""
_NO_OBJECT = re.compile(
    "of|with|without|plus|avec|sans|con|sin|senza|com|sem|mit|ohne|met|zonder|for|für|pour|para|per|voor"
)
"""Words after the first one that show that it is a noun, as in "boxes of tea"."""
_BEFORE_OBJECT = re.compile(
    "an?|the|his|her|their|your|my|its|some|at|on|to|in|into|through|over|up|down|out|off|back|against|from|around"
)
_GERUNDS = re.compile(
    "adjust|sipp|clutch|stirr|shuffl|fiddl|clear|rais|rubb|polish|twirl|strok|wip|cross|tapp|scratch|push|fidget"
)
_WORDS_MAX = 9


def is_handling(words: Sequence[str]) -> bool:
    """True if the words, in lower case, say that a person handles, shows or moves something."""
    if not 1 < len(words) <= _WORDS_MAX or any(map(BUSINESS.fullmatch, words)):
        return False
    first, rest = words[0], words[1:]
    if _NO_OBJECT.fullmatch(rest[0]):
        return False
    if first.endswith("ing") and not (_BEFORE_OBJECT.fullmatch(rest[0]) or _GERUNDS.match(first)):
        return False  # drinking water, walking distance
    if ENGLISH.verb.fullmatch(first) and not ENGLISH.not_first.fullmatch(first):
        return any(map(ENGLISH.noun.fullmatch, rest))
    return any(
        language.verb.fullmatch(first)
        and not language.not_first.fullmatch(first)
        and any(map(language.noun.fullmatch, rest))
        for language in _LANGUAGES
    )


def has_arabic_or_hindi_gesture(text: str) -> bool:
    """True if a gesture is named in Arabic or Hindi."""
    return _ARABIC_AND_HINDI.search(text) is not None
