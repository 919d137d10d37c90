"""What answering machines, menus, screening services and queues say, and people do not: by language, as it is heard.

Written from the announcements that carriers, exchanges and telephones come with (Google's and Apple's call screening,
Asterisk's prompts, the mailboxes of national carriers), without accents, signs and capital letters, as `plain_words`
makes them.
"""

import re
import unicodedata
from collections.abc import Iterable

_LETTERS = str.maketrans({"ß": "ss", "ł": "l", "ø": "o", "æ": "ae", "œ": "oe", "đ": "d"})
_NO_WORD = re.compile(r"[^a-z0-9]+")

_VOICEMAIL = (
    r"leave (?:us |me |him |her |them )?(?:a|your|the|an?other|you)\b.{0,20}?(?:message|name)",
    r"leave message",
    r"(?:after|at|hear|sound of) (?:the )?(?:tone|beep|signal)\b",
    r"voice ?mail",
    r"\bmail ?box",
    r"answer(?:ing)? machine",
    (
        r"(?:can not|cannot|can t|couldn t|unable to|not able to) (?:come to the phone|get to the phone|"
        r"take your call|answer (?:the phone|your call))"
    ),
    r"(?:is|are|am|s|m|re) (?:currently )?not available\b",
    r"record (?:your|a) message",
    r"call has been forwarded",
    r"we(?: ll| will) (?:call|get) (?:you )?back",
    r"i(?: ll| will) (?:call|get) (?:you )?back",
    r"missed your call",
    r"away from (?:my|the) phone",
    r"nach dem (?:signal|piep|pieps|ton|tonsignal|signalton|piepton)",
    r"hinterlass\w* (?:sie )?(?:mir |uns |bitte )*(?:eine|ihre|deine)",
    r"nachricht hinterlassen",
    r"mailbox",
    r"anrufbeantworter",
    r"derzeit nicht erreichbar",
    r"(?:zurzeit|zur zeit|gerade|momentan|im moment|leider) nicht (?:erreichbar|da|zu hause|personlich|ans telefon)",
    r"sprechen sie (?:bitte )?nach",
    r"vorubergehend nicht erreichbar",
    r"(?:ruf\w*|melde\w*) (?:sie |dich |mich |uns )?(?:so bald|schnellst|umgehend|spater)",
    r"sprachnachricht",
    r"apres le (?:bip|signal|bip sonore|son)",
    r"laiss\w+ (?:moi |nous |lui )?(?:un|votre|vos)\b.{0,12}?(?:message|coordonnees)",
    r"messagerie",
    r"repondeur",
    r"(?:ne peu\w+|pas) (?:vous )?repondre",
    r"boite vocale",
    r"pas disponible pour le moment",
    r"je vous rappell?er",
    r"votre correspondant",
    r"despues (?:de la|del) (?:senal|tono|pitido)",
    r"de(?:je|ja|jar|jenos|jame|jeme) (?:su|un|tu|el) (?:mensaje|nombre|recado)",
    r"buzon de voz",
    r"contestador",
    r"no (?:puedo|podemos|puede) (?:atender|contestar)",
    r"no se encuentra disponible",
    r"oir la senal",
    r"(?:telefono|numero|persona) (?:al |a la )?que (?:usted )?(?:llama|ha llamado|marc)",
    r"dopo il (?:segnale|bip|beep|tono)",
    r"lascia\w* (?:pure )?(?:un|il|il vostro|il tuo|il suo)\b.{0,10}?messaggio",
    r"segreteria telefonica",
    r"casella vocale",
    r"non (?:e|sono|siamo) (?:al momento )?(?:raggiungibil|disponibil)",
    r"non (?:posso|possiamo|puo) rispondere",
    r"cliente da lei chiamato",
    r"segnale acustico",
    r"na de (?:piep|toon|pieptoon|beep)",
    r"spreek (?:uw|je|een|dan)\b.{0,10}?(?:bericht|boodschap)?\b.{0,4}\bin\b",
    r"voicemail",
    r"(?:laat|bericht) (?:een bericht )?achter",
    r"antwoordapparaat",
    r"(?:niet|momenteel niet) bereikbaar",
    r"niet (?:aan de telefoon komen|opnemen)",
    r"apos o (?:sinal|bip|tom|toque)",
    r"depois do (?:sinal|bip|tom)",
    r"deix\w* (?:o seu|a sua|seu|sua|uma|um|o|a)\b.{0,8}?(?:mensagem|recado|nome)",
    r"caixa postal",
    r"correio de voz",
    r"nao (?:posso|podemos|pode) atender",
    r"nao esta disponivel",
    r"caixa de mensagens",
    r"numero (?:para o qual|que) (?:ligou|chamou|voce)",
    r"po (?:uslyszeniu )?(?:sygnale|sygnalu|sygnal)",
    r"zostaw\w* (?:swoja |mi |nam )?wiadomosc",
    r"poczta glosowa",
    r"poczty glosowej",
    r"automatyczna sekretarka",
    r"nie moge (?:teraz |w tej chwili )?(?:odebrac|rozmawiac)",
    r"(?:abonent|numer).{0,20}(?:niedostepny|nie odpowiada|nie odbiera)",
    r"nagra\w* (?:swoja )?wiadomosc",
)
_IVR = (
    r"\bpress (?:the )?(?:one|two|three|four|five|six|seven|eight|nine|zero|star|pound|hash|any|\d)\b",
    r"main menu",
    r"(?:listen carefully|following options|menu (?:options )?ha(?:s|ve) (?:recently )?changed)",
    r"(?:please )?(?:enter|key in|dial) (?:your|the) (?:\w+ ){0,3}(?:number|extension|code|pin)",
    r"know your party s extension",
    r"say (?:yes or no|sales|support|one)",
    r"for english",
    r"please say or enter",
    r"(?:drucken|wahlen|tippen) sie (?:bitte )?(?:die |eine )?(?:eins|zwei|drei|vier|funf|null|\d|taste|stern|raute)",
    r"hauptmenu",
    r"geben sie (?:bitte )?ihre \w*nummer",
    (
        r"(?:tapez|appuyez|faites le|composez)(?: sur)?(?: la touche)? (?:le |un\b|une\b|deux|trois|quatre|1|"
        r"2|3|4|etoile|diese|\d)"
    ),
    r"menu principal",
    r"(?:pulse|oprima|marque|presione|digite) (?:el |la |tecla )*(?:uno|dos|tres|cuatro|cero|\d)",
    r"(?:prem\w+|digit\w+|selezion\w+) (?:il |lo |l |tasto )*(?:uno|due|tre|quattro|zero|\d)",
    r"(?:toets|kies|druk)(?: op)? (?:een|1|twee|2|drie|3|vier|\d)\b",
    r"keuzemenu",
    (
        r"(?:tecle|disque|pressione|prima|carregue|digite|aperte) (?:a tecla |no |o |em )*(?:um|dois|tres|"
        r"quatro|zero|\d)"
    ),
    (
        r"(?:nacisnij|wybierz|wcisnij|prosze wybrac|prosze nacisnac) (?:klawisz |przycisk )?(?:jeden|dwa|trzy|"
        r"cztery|zero|\d)"
    ),
    r"menu glowne",
    # menus that are spoken to
    (
        r"(?:in a few words|in wenigen worten|en quelques mots|en pocas palabras|in poche parole|in een paar woorden|"
        r"em poucas palavras|w kilku slowach)"
    ),
    r"worum es geht",
    r"\bsay (?:\w+ ){1,4}or something else",
    r"\bdial it (?:now|at any time)",
)
_SCREENING = (
    r"(?:say|state|record|give|tell me) your name",
    r"screening service",
    r"call screening",
    r"(?:google|virtual) assistant",
    r"see if (?:this|the|that) person is available",
    r"(?:reason|why)(?: for)? (?:you re |you are |your )?call(?:ing)?\b.{0,20}(?:person|available|connect|tone)",
    r"will try to connect you",
    r"before i (?:try to )?connect you",
    r"who is this and why",
    r"nennen sie (?:bitte )?ihren namen",
    r"ihren namen und den grund",
    r"anruffilter",
    r"sagen sie (?:bitte )?ihren namen",
    r"(?:dites|indiquez|enregistrez|donnez) (?:moi )?votre nom",
    r"motif de votre appel",
    r"filtrage d appel",
    r"(?:diga|indique|grabe) su nombre",
    r"motivo de (?:su|la) llamada",
    r"(?:dica|registri|indichi) il suo nome",
    r"motivo della (?:sua )?chiamata",
    r"(?:zeg|noem|geef) (?:\w+ )?uw naam",
    r"reden van uw (?:oproep|telefoontje|gesprek)",
    r"(?:diga|grave|informe) (?:o )?seu nome",
    r"motivo da (?:sua )?(?:ligacao|chamada)",
    r"(?:podaj|powiedz|prosze podac)\b.{0,12}(?:imie|nazwisko)",
    r"powod (?:rozmowy|polaczenia)",
    r"screens? (?:his|her|their|all|your)? ?calls",
    r"(?:weshalb|warum|wieso) sie anrufen",
    r"(?:pruft|filtert) (?:\w+ )?anrufe",
    r"filtre (?:ses|les|vos) appels",
    r"(?:filtra|saber quien|quien es y por que)\b.{0,20}(?:llama|nombre|es\b)",
    r"dica chi e\b",
    r"filtert (?:gesprekken|oproepen)",
    r"waarvoor u belt",
    r"(?:chamada|ligacao) (?:esta )?(?:a ser|sendo) filtrada",
    r"sprawdza polaczenia",
)
_HOLD = (
    r"(?:please |continue to )hold\b",
    r"your call is (?:very )?important",
    (
        r"(?:all )?(?:of )?(?:our )?(?:agents|representatives|operators|lines|advisors) are (?:currently |"
        r"all |still )?(?:busy|assisting)"
    ),
    r"(?:stay|remain) on the line",
    r"next available (?:agent|representative|operator|advisor)",
    r"in the queue",
    r"will be (?:answered|with you) (?:in|as|shortly)",
    r"bitte (?:warten|haben sie (?:einen moment |etwas )?geduld|bleiben sie)",
    r"nachste freie",
    r"in der warteschl",
    r"alle (?:unsere )?(?:mitarbeiter|leitungen|platze|berater)",
    r"veuillez patienter",
    r"ne quittez pas",
    r"tous nos (?:conseill|agents|operat)",
    r"restez en ligne",
    r"(?:no cuelgue|permanezca en linea|manten\w+ en linea)",
    r"todos nuestros (?:agentes|operador|asesor)",
    r"espere (?:por favor|un momento)",
    r"(?:attendere|rest\w+|rimang\w+) in linea",
    r"non riattacc",
    r"tutti i nostri operator",
    r"(?:een ogenblik|even) geduld",
    r"blijft? u? ?aan de lijn",
    r"al onze medewerkers",
    r"aguarde (?:na linha|um momento|por favor)",
    r"nao desligue",
    r"todos os nossos (?:atendent|operador|assistent)",
    r"prosze (?:czekac|o cierpliwosc|pozostac|nie rozlaczac)",
    r"wszyscy (?:nasi )?konsultanci",
    r"pozostan na linii",
)
_MACHINE_HINT = (
    r"you (?:ve|have) reached",
    r"(?:person|number|party|subscriber) you (?:are|re|have|were) (?:calling|dialed|trying|called)",
    r"\bfor (?:sales|support|service|billing|information|english|appointments)\b",
    r"(?:welcome to|menu)",
    r"teilnehmer",
    r"gesprachspartner",
    r"der anschluss von",
    r"we are not\b",
    r"not at home",
    r"voice message",
    r"in questo momento",
    r"(?:al momento|en este momento|ahora mismo|no momento|agora nao|nu niet|momenteel|teraz nie)",
    r"(?:el|o) (?:telefono|numero) al\b",
    r"nous sommes",
    r"wir sind (?:gerade|im|leider|derzeit)",
    r"ich bin (?:gerade|im|leider|derzeit)",
    r"fur (?:fragen|informationen|den|die|ihr konto)\b",
    r"correspondant",
    r"pour (?:le service|la|les|payer|en savoir|toute)\b",
    r"\bpara (?:ventas|soporte|hablar|consultas|informacion|cartoes|falar|segunda|saber)\b",
    r"si desea",
    r"\bper (?:informazioni|parlare|conoscere|assistenza)\b",
    r"voor (?:vragen|paspoorten|informatie|storingen)\b",
    r"\baby (?:rozmawiac|zglosic|uzyskac|polaczyc)\b",
    r"infolini",
    r"\babonent\b",
    r"\b(?:votre|su|sua|il suo|uw) (?:nom|nombre|nome|naam)\b",
    r"votre appel",
    r"\b(?:su llamada|sua (?:ligacao|chamada)|sua chiamata)\b",
    r"ihr\w* anruf",
    r"konsultan",
    r"linii\b",
    r"thank\w* (?:you )?for calling",
    r"this is an? automat",
    r"\bhi you ve\b",
    r"this call (?:may|will) be",
    r"our (?:office|opening|business) hours",
    r"(?:office|we) (?:is|are) (?:currently )?closed",
    r"(?:sie sind|ihr seid|du bist) (?:verbunden )?mit (?:dem|der)",
    r"sie haben (?:die|den|uns)\b.{0,20}(?:nummer|anschluss|erreicht|gewahlt)",
    r"willkommen bei",
    r"dies ist (?:die|der)",
    r"vous etes (?:bien )?(?:sur|chez|en communication)",
    r"bienvenue (?:chez|au|a la|sur)",
    r"(?:ha|has) llamado a",
    r"bienvenid\w+ a",
    r"(?:avete|hai|ha) chiamato",
    r"benvenut\w+ (?:in|al|alla|nel|da)",
    r"risponde la",
    r"u bent verbonden met",
    r"dit is de",
    r"welkom bij",
    r"(?:voce )?ligou para",
    r"bem vind\w+ (?:a|ao)",
    r"dodzwonil\w+ sie",
    r"witamy w",
    r"(?:tu|to) (?:automat|numer)",
)
_LIKELY_IVR = (
    (
        r"\b(?:press|menu|options|enter your|tapez|appuyez|touche|pulse|oprima|marque|premere|prema|digit\w*|"
        r"toets|kies|tecle|pressione|nacisnij|wybierz|drucken sie|wahlen sie)\b"
    ),
    r"\bfor (?:sales|support|billing|english)\b",
    r"\bpara \w+ (?:prima|marque|pulse|digite|tecle)\b",
    r"\bpara (?:ventas|cartoes)\b",
)
_LIKELY_SCREENING = (
    r"\b(?:your|ihren|votre|su|sua|seu|suo|uw|swoje) (?:name|namen|nom|nombre|nome|naam|imie)\b",
    r"\bimie\b",
    r"screening",
    r"(?:votre appel|su llamada|sua ligacao|chiamata|uw oproep|ihres anrufs)",
)
_PERSON = (
    r"how (?:can|may) i help",
    r"what can i do for",
    r"\bspeaking\b",
    r"who is (?:this|that|there)",
    r"\bam apparat\b",
    r"was kann ich fur sie",
    r"wie kann ich (?:ihnen )?helfen",
    r"wer ist da",
    r"(?:mein|der) name ist",
    r"sie sprechen mit",
    r"a l appareil",
    r"que puis je (?:faire )?pour vous",
    r"qui est (?:a l appareil|la)",
    r"en que (?:puedo|le puedo) ayudar",
    r"quien (?:es|habla|llama)",
    r"(?:come|in cosa) posso (?:aiutar|esser)",
    r"(?<!dica )chi (?:e|parla)\b",
    r"(?:waarmee|hoe) kan ik (?:u )?helpen",
    r"u spreekt met",
    r"met wie spreek",
    r"em que posso (?:ajudar|ser)",
    r"quem (?:e|fala)\b",
    r"w czym moge pomoc",
    r"kto mowi",
    r"przy telefonie",
    r"slucham",
    r"(?:can t|cannot) hear you",
    r"hore (?:sie|dich|nichts)",
    r"vous entends",
    r"\b(?:no|nao) (?:le |te |la |o |a )?(?:oigo|escucho|ouco)\b",
    r"\bnon (?:la |ti |vi )?sento\b",
    r"\bhoor (?:je|u) niet\b",
    r"\bnie slysze\b",
)


def either(patterns: Iterable[str]) -> re.Pattern[str]:
    """One pattern for all."""
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))


VOICEMAIL, IVR, SCREENING, HOLD = map(either, (_VOICEMAIL, _IVR, _SCREENING, _HOLD))
MACHINE_HINT = either(_MACHINE_HINT)
"""What machines begin with, and people at a switchboard now and then."""
LIKELY_IVR, LIKELY_SCREENING = either(_LIKELY_IVR), either(_LIKELY_SCREENING)
"""What is left of a menu's or a screening service's announcement when half of its words were not heard. It counts only
when the announcement is over and said nothing clearer."""
PERSON = either(_PERSON)
"""What people at a switchboard say at the end of their long greeting."""
HEARD_MAX_CHARACTERS = 600
"""The newest part of a long announcement is looked at."""


def plain_words(text: str) -> str:
    """The newest words of a text: lower case, without accents and signs, one space between words."""
    folded = unicodedata.normalize("NFKD", text[-HEARD_MAX_CHARACTERS:].casefold().translate(_LETTERS))
    letters = "".join(each for each in folded if not unicodedata.combining(each))
    return _NO_WORD.sub(" ", letters).strip()
