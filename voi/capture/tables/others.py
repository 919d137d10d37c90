"""Languages of which we know the spelling alphabet and the few words of dictation. Numbers come from num2words, signs
from `voi/text/tables`."""

from voi.capture.tables.shape import DictationTable, alphabet, phrases

TABLES = {
    "fr": DictationTable(
        digits={"septante": "70", "huitante": "80", "nonante": "90", "une": "1"},
        repeats={"double": 2, "deux fois": 2, "triple": 3, "trois fois": 3},
        alphabets=(
            alphabet(
                "anatole berthe célestin désiré eugène=e françois gaston henri irma joseph kléber louis marcel nicolas "
                "oscar pierre quintal raoul suzanne thérèse ursule victor william xavier yvonne zoé"
            ),
        ),
        letters={"double v": "w", "double vé": "w", "i grec": "y", "zède": "z"},
        as_in=phrases("comme | comme dans | de"),
        signs={"arobase": "@", "arrobase": "@", "point": ".", "tiret": "-", "tiret du bas": "_", "underscore": "_"},
        corrects=phrases("non | pardon | je veux dire | plutôt | attendez"),
        restarts=phrases("je recommence | depuis le début"),
        fillers=phrases("euh | ben | alors | voilà"),
        leads=phrases("oui | mon | ma | c'est | est | le | la | nom | adresse | numéro | mail | email | je m'appelle"),
        links=frozenset({"et"}), hundred="cent", thousand=("mille",), million=("million", "millions"),
        doubled=("avec",), articles=frozenset({"un"}),
        ordinal_marks=frozenset({"er", "e", "ème"}), ordinals={"premier": 1},
        days={"aujourd'hui": 0, "demain": 1, "après demain": 2, "hier": -1, "avant hier": -2},
        currencies={"euro": "EUR", "euros": "EUR", "francs": "CHF", "dollars": "USD"},
        cents=frozenset({"centime", "centimes"}), points=frozenset({"virgule"}), regions="FR",
    ),
    "es": DictationTable(
        digits={"un": "1", "una": "1", "cien": "100"},
        repeats={"doble": 2, "dos veces": 2, "triple": 3, "tres veces": 3},
        alphabets=(
            alphabet(
                "antonio barcelona carmen dolores enrique francia gerona historia inés josé kilo lorenzo madrid "
                "navarra ñoño oviedo parís querido ramón sábado toledo ulises valencia washington xilófono yegua "
                "zaragoza"
            ),
        ),
        letters={"uve": "v", "uve doble": "w", "doble uve": "w", "doble u": "w", "i griega": "y", "zeta": "z"},
        as_in=phrases("de | como | como en"),
        signs={"arroba": "@", "punto": ".", "guion": "-", "guion bajo": "_", "guión": "-", "guión bajo": "_"},
        corrects=phrases("no | perdón | quiero decir | mejor dicho | espere"), restarts=phrases("empiezo de nuevo"),
        fillers=phrases("eh | pues | bueno"),
        leads=phrases("sí | mi | es | el | la | nombre | correo | número | dirección | me llamo | teléfono"),
        links=frozenset({"y", "con"}), hundred="cien", thousand=("mil",), million=("millón", "millones"),
        ordinals={"primero": 1}, days={"hoy": 0, "mañana": 1, "pasado mañana": 2, "ayer": -1, "anteayer": -2},
        currencies={"euro": "EUR", "euros": "EUR", "dólares": "USD", "pesos": "MXN"},
        cents=frozenset({"céntimo", "céntimos", "centavos"}), points=frozenset({"coma"}), regions="ES",
    ),
    "it": DictationTable(
        digits={"un": "1", "una": "1", "tré": "3"}, repeats={"doppio": 2, "doppia": 2, "triplo": 3, "due volte": 2},
        alphabets=(
            alphabet(
                "ancona bari bologna como domodossola empoli firenze genova imola jolly kappa livorno milano "
                "napoli otranto padova palermo pisa quarto roma savona torino udine venezia washington xilofono york "
                "zara"
            ),
        ),
        letters={"doppia vu": "w", "doppia v": "w", "vu doppia": "w", "ipsilon": "y", "i greca": "y", "zeta": "z"},
        as_in=phrases("di | come | come in"),
        signs={"chiocciola": "@", "at": "@", "punto": ".", "trattino": "-", "trattino basso": "_", "underscore": "_"},
        corrects=phrases("no | scusi | scusa | anzi | volevo dire"), restarts=phrases("ricomincio"),
        fillers=phrases("ehm | allora"),
        leads=phrases("sì | mio | mia | è | il | la | nome | numero | indirizzo | mi chiamo | mail | email"),
        links=frozenset({"e"}), hundred="cento", thousand=("mila", "mille"), million=("milione", "milioni"),
        ordinals={"primo": 1}, days={"oggi": 0, "domani": 1, "dopodomani": 2, "dopo domani": 2, "ieri": -1},
        currencies={"euro": "EUR"},
        cents=frozenset({"centesimo", "centesimi"}), points=frozenset({"virgola"}), regions="IT",
    ),
    "nl": DictationTable(
        digits={"een": "1"}, repeats={"dubbel": 2, "dubbele": 2, "twee keer": 2, "drie keer": 3},
        alphabets=(
            alphabet(
                "anton anna bernard cornelis dirk eduard ferdinand gerard hendrik izaak johan karel lodewijk maria "
                "nico otto pieter quirinius rudolf simon theodor utrecht victor willem xantippe ypsilon ijmuiden=ij "
                "zacharias"
            ),
        ),
        letters={"griekse y": "y", "dubbel u": "w", "zet": "z"}, as_in=phrases("van | als in | zoals"),
        signs={"at": "@", "apenstaartje": "@", "punt": ".", "streepje": "-", "liggend streepje": "_"},
        corrects=phrases("nee | sorry | ik bedoel | pardon"), restarts=phrases("ik begin opnieuw"),
        fillers=phrases("eh | uh | nou"),
        leads=phrases("ja | mijn | is | het | de | naam | nummer | adres | ik heet | mail | email"),
        links=frozenset({"en"}), hundred="honderd", thousand=("duizend",), million=("miljoen",),
        ordinals={"eerste": 1}, days={"vandaag": 0, "morgen": 1, "overmorgen": 2, "gisteren": -1, "eergisteren": -2},
        currencies={"euro": "EUR"},
        cents=frozenset({"cent"}), points=frozenset({"komma"}), regions="NL",
    ),
    "pt": DictationTable(
        digits={"uma": "1", "duas": "2", "meia": "6"}, repeats={"duplo": 2, "dupla": 2, "duas vezes": 2, "triplo": 3},
        alphabets=(
            alphabet(
                "aveiro bragança coimbra dafundo évora=e faro guarda horta itália josé kodak lisboa maria nazaré ovar "
                "porto queluz rossio setúbal tavira unidade vidago waldemar xavier york zulmira"
            ),
        ),
        letters={"dáblio": "w", "ípsilon": "y"}, as_in=phrases("de | como em"),
        signs={"arroba": "@", "ponto": ".", "hífen": "-", "traço": "-", "underline": "_", "sublinhado": "_"},
        corrects=phrases("não | desculpe | quero dizer | aliás"), restarts=phrases("vou recomeçar"),
        fillers=phrases("hã | então"),
        leads=phrases("sim | meu | minha | é | o | nome | número | endereço | me chamo | email"),
        links=frozenset({"e"}), hundred="cem", thousand=("mil",), million=("milhão", "milhões"),
        ordinals={"primeiro": 1}, days={"hoje": 0, "amanhã": 1, "depois de amanhã": 2, "ontem": -1, "anteontem": -2},
        weekdays={"segunda": 0, "terça": 1, "quarta": 2, "quinta": 3, "sexta": 4},
        currencies={"reais": "BRL", "real": "BRL", "euros": "EUR", "euro": "EUR"},
        cents=frozenset({"centavo", "centavos", "cêntimos"}), points=frozenset({"vírgula"}), regions="BR",
    ),
    "pl": DictationTable(
        repeats={"podwójne": 2, "dwa razy": 2, "trzy razy": 3},
        alphabets=(
            alphabet(
                "adam barbara celina dorota edward franciszek genowefa henryk irena jadwiga karol leon maria natalia "
                "olga paweł quebec roman stanisław tadeusz urszula violetta wacław xawery ypsilon zygmunt"
            ),
        ),
        letters={"wu": "w", "igrek": "y", "zet": "z"}, as_in=phrases("jak"),
        signs={"małpa": "@", "kropka": ".", "myślnik": "-", "podkreślnik": "_"},
        corrects=phrases("nie | przepraszam | to znaczy"), restarts=phrases("od początku"),
        fillers=phrases("no | yyy"), leads=phrases("tak | mój | moje | to | jest | numer | adres | nazywam się"),
        hundred="sto", thousand=("tysiąc", "tysiące", "tysięcy"), million=("milion", "miliony", "milionów"),
        days={"dzisiaj": 0, "dziś": 0, "jutro": 1, "pojutrze": 2, "wczoraj": -1, "przedwczoraj": -2},
        weekdays={"środę": 2, "sobotę": 5, "niedzielę": 6},
        currencies={"złoty": "PLN", "złote": "PLN", "złotych": "PLN", "euro": "EUR"},
        cents=frozenset({"grosz", "grosze", "groszy"}), points=frozenset({"przecinek"}), regions="PL",
    ),
    "ru": DictationTable(
        digits={"одна": "1", "две": "2"}, repeats={"дважды": 2, "два раза": 2, "трижды": 3},
        alphabets=(
            alphabet(
                "анна борис василий григорий дмитрий елена женя зинаида иван константин леонид михаил николай ольга "
                "павел роман семён татьяна ульяна фёдор харитон цапля человек шура щука эхо юрий яков"
            ),
        ),
        as_in=phrases("как"), signs={"собака": "@", "точка": ".", "дефис": "-", "подчёркивание": "_", "тире": "-"},
        corrects=phrases("нет | извините | то есть"), restarts=phrases("сначала"), fillers=phrases("э | ну"),
        leads=phrases("да | мой | моя | это | номер | адрес | меня зовут"),
        hundred="сто", thousand=("тысяча", "тысячи", "тысяч"), million=("миллион", "миллиона", "миллионов"),
        days={"сегодня": 0, "завтра": 1, "послезавтра": 2, "вчера": -1, "позавчера": -2},
        weekdays={"среду": 2, "пятницу": 4, "субботу": 5},
        currencies={"рубль": "RUB", "рубля": "RUB", "рублей": "RUB", "евро": "EUR"},
        cents=frozenset({"копейка", "копейки", "копеек"}), regions="RU",
    ),
    "tr": DictationTable(
        repeats={"çift": 2, "iki kere": 2, "üç kere": 3},
        alphabets=(
            alphabet(
                "adana bolu ceyhan çanakkale denizli edirne fatsa giresun hatay ısparta izmir jandarma kars "
                "lüleburgaz muş niğde ordu ödemiş polatlı rize sinop şırnak tokat uşak ünye van yozgat zonguldak"
            ),
        ),
        as_in=phrases("gibi"), signs={"et": "@", "nokta": ".", "tire": "-", "alt çizgi": "_"},
        corrects=phrases("hayır | pardon | yok"), restarts=phrases("baştan"), fillers=phrases("şey | ee"),
        leads=phrases("evet | benim | adım | numaram"), hundred="yüz", thousand=("bin",), million=("milyon",),
        days={"bugün": 0, "yarın": 1, "öbür gün": 2, "dün": -1}, currencies={"lira": "TRY", "euro": "EUR"},
        cents=frozenset({"kuruş"}), regions="TR",
    ),
}  # fmt: skip
