"""How greetings on the telephone begin: those of people, and those of machines, before either has said what it is.

By the way that sentences are built, in the eight languages of `machine_words`, in the letters of `plain_words`. Each
sign is weak: it decides where nothing else is known yet, and what is said later may correct it.
"""

from voi.core.machine_words import either

_DIGIT = (
    r"(?:zero|oh|double|one|two|three|four|five|six|seven|eight|nine|null|eins?|zwei|zwo|drei|vier|funf|sechs|sieben|"
    r"acht|neun|un|deux|trois|quatre|cinq|sept|huit|neuf|uno|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|cero|due|tre|"
    r"quattro|cinque|sei|sette|otto|nove|nul|een|twee|drie|vijf|zes|zeven|negen|um|dois|quatro|sete|oito|meia|jeden|"
    r"dwa|trzy|cztery|piec|szesc|siedem|osiem|dziewiec|\d+)"
)

_ANNOUNCES = (
    # to somebody unknown: "you", "your", in the polite form
    r"\b(?:you|your)\b", r"\b(?:sie|ihr|ihren?|ihnen)\b", r"\b(?:vous|votre|vos)\b", r"\b(?:su|sus|usted|ustedes)\b",
    r"\b(?:suo|sua|vostr[oaie]|lei|la preghiamo|vi preghiamo|si prega)\b", r"\b(?:u|uw)\b", r"\b(?:voce|seu|sua)\b",
    r"\b(?:panstw[oau]|panstwu)\b",
    # welcomed and thanked
    r"\bwelcome\b", r"\bthank\w*(?: you)? for\b", r"willkommen", r"dank fur", r"\bbienvenue\b",
    r"\bmerci (?:de|d|pour)\b", r"\bbienvenid\w+", r"\bgracias por\b", r"\bbenvenut\w+", r"\bgrazie per\b",
    r"\bwelkom\b", r"\b(?:bedankt|dank) voor\b", r"\bfijn dat\b", r"\bbem vind\w+", r"\bobrigad\w+ por\b",
    r"\bwitamy\b", r"\bdziekujemy\b", r"\bfor calling\b", r"\b(?:gracias|obrigad\w+) \w+ (?:llamar|ligar)\b",
    r"\bpor (?:llamar|ligar)\b", r"\bherzlich\b", r"\b(?:customer|messaging|voice) service\w*\b", r"\bhotline\b",
    r"kundenservice\b", r"\bservice client\w*\b", r"\b(?:atencion|servicio) (?:al?|de) ", r"\bservizio clienti\b",
    r"\bklantenservice\b", r"\b(?:biuro|obsluga) (?:obslugi|klienta)\b",
    # of a third person, or of a line
    r"\b(?:the|this) (?:person|number|customer|subscriber|party|caller|line|mailbox|extension)\b",
    (
        r"\b(?:der|die|das|dieser?|dieses) (?:gewunscht|gewahlt|angerufen|teilnehmer|anschluss|rufnummer|nummer|"
        r"kunde|person)\w*"
    ),
    r"\b(?:la|le|l|cette|ce) (?:personne|numero|correspondant|abonne|ligne|messagerie|boite)\b",
    r"\b(?:el|la|este|esta) (?:numero|telefono|persona|abonado|cliente|usuario)\b",
    r"\b(?:il|la|l|questo|questa) (?:numero|cliente|utente|persona|abbonato|segreteria|casella)\b",
    r"\b(?:het|dit|deze|de) (?:nummer|abonnee|persoon|klant|gebruiker)\b",
    r"\b(?:o|a|este|esta) (?:numero|telefone|cliente|assinante|pessoa|usuario)\b",
    r"\b(?:abonent|numer|uzytkownik|rozmowca)\b",
    # of itself, as of a thing
    r"\bthis is (?:the|an?)\b", r"\b(?:hier|dies|das) ist (?:der|die|das|ein)\b", r"\bquest[oa] e\b",
    r"\brisponde (?:il|la)\b", r"\best[ea] es (?:el|la|un)\b", r"\bdit is (?:de|het|een)\b",
    r"\b(?:infolini|poczta|automat)\w*",
    r"^(?:\w+ )?(?:we|our|ich|wir|unser\w*|je|nous|ik|wij|onze|noi|nosotros|nuestr[ao]s?)\b", r"^gut\w+ \w+ und\b",
    r"\bha\w* llamado\b", r"\bhai chiamato\b", r"\bavete chiamato\b", r"\bligou\b", r"\bdodzwonil\w*",
    # not there, or busy
    r"\b(?:i|we) (?:can t|cannot|can not|could not|am not|m not|are not|aren t|re not)\b",
    r"\b(?:i|we) (?:am|m|are|re) away\b", r"\b(?:ich|wir) (?:kann|konnen|sind)\b",
    r"\bich bin (?:gerade|im|leider|derzeit|nicht|momentan|zurzeit)\b",
    r"\b(?:je ne|je n|je suis absent|nous sommes|nous ne)\b", r"\bno (?:puedo|podemos|estoy|estamos)\b",
    r"\bnon (?:posso|possiamo|sono|siamo)\b", r"\b(?:ik|wij|we) (?:kan|kunnen|zijn)\b",
    r"\bik ben (?:nu|er|even|niet)\b", r"\bnao (?:posso|podemos|estou|estamos)\b", r"\bnie (?:moge|mozemy|ma)\b",
    r"\ball (?:of )?our\b", r"\balle (?:unsere|leitungen|mitarbeiter|platze|lijnen|medewerkers)\b", r"\btous nos\b",
    r"\btod[oa]s (?:[oa]s )?n\w*[eo]s\w*\b", r"\btutti i nostri\b", r"\bal onze\b", r"\bwszys(?:cy|tkie)\b",
    r"\b(?:at the moment|right now|unfortunately)\b", r"\b(?:zurzeit|momentan|derzeit|leider)\b",
    r"\b(?:actuellement|pour l instant)\b",
    (
        r"\b(?:en estos? momentos?|in questo|n[eo](?:ste)? momento|op dit moment|momenteel|w tej chwili|obecnie|"
        r"chwilowo)\b"
    ),
    # asked to do something
    r"\b(?:leave|record|please \w+)\b", r"^(?:hi |hello )?(?:if|before)\b",
    r"\bbitte (?:haben|warten|nennen|sprechen|bleiben|wahlen|drucken)\b", r"\bveuillez\b", r"\bpatienter\b",
    r"\b(?:indiquez|laissez|laisse|appuyez|tapez|dites)\b", r"^(?:hola |oi |ola )?por favor \w+",
    r"\b(?:deje|deja|dejame|indique|grabe|marque|pulse|aguarde|deixe|informe|digite|espere)\b",
    r"\b(?:attend\w+|rest\w+ in|lasci\w+|dica|registri|indichi|prema|prego \w+)\b",
    r"\b(?:ogenblik|noem|toets|blijft)\b", r"\bspreek (?:uw|je|een|in|na|wat)\b", r"\bzeg (?:alstublieft|na|uw)\b",
    r"\bprosze (?:o|czekac|podac|nagrac|pozostac|sprawdzic|wybrac|zostawic)\b",
    r"\b(?:zostaw|nagraj|pozostan|podaj|poczekaj|zaczekaj|aby|jesli)\b",
    # what is not, or cannot be
    r"\b(?:not|n t|sorry|nobody|no one|nicht|kein\w*|pas|aucun\w*|non|nessun\w*|niet|geen|nao|nie)\b", r"^\w+ .*\bno\b",
    (
        r"\b(?:available|erreichbar|erreichen|disponible|joignable|disponibil\w+|disponivel|bereikbaar|dostepn\w+|repondre|"
        r"rispondere|contestar|atender|ponerme|opnemen|odebrac|rozmawiac)\b"
    ),
    r"\b(?:busy|belegt|besetzt|occupe\w*|ocupad\w+|occupat\w+|bezet|zajet\w+)\b",
    # lines, numbers and calls, of which people do not speak first
    r"\b(?:lines?|leitung\w*|lignes?|lineas?|linee|lijn(?:en)?|linhas?|lini[aei]\w*)\b",
    r"\b(?:rufnummer|anschluss\w*|numer\w*)\b",
    r"\b(?:call|anruf\w*|appel|llamada|chiamata|oproep|chamada|ligacao|polacz\w+|belt)\b",
    # for whom, before what, and on what condition
    r"\b(?:all|alle|tous|toutes|todos|todas|tutti|tutte|wszys\w+)\b",
    r"\b(?:fur|pour|para|per|voor|dla)\b", r"^(?:\w+ )?(?:for|por)\b", r"^(?:\w+ ){1,2}to\b",
    r"\b(?:before|bevor|avant de|antes de|prima di|voordat|zanim)\b", r"^prima\b",
    r"\b(?:wenn|falls|si (?:desea|quiere)|se (?:desidera|vuole|deseja|quiser)|als)\b",
    # what holds for a while, or for those who wait
    (
        r"\b(?:closed|geschlossen|ferme|fermes|cerrad\w+|chius\w+|gesloten|fechad\w+|nieczynn\w+|holidays?|vacation|ferien|"
        r"\w*urlaub|urlopie|vacances|conges|vacaciones|ferie|vakantie|ferias)\b"
    ),
    r"\b(?:queue|warteschl\w+|wachtenden|file d attente|en cola|in coda|na fila|kolejce|connect\w*)\b",
    r"\b(?:reached|erreicht|verbonden|verbunden)\b",
    # a sentence about a thing: this, or the thing that is or has
    r"^(?:\w+ )?(?:dies\w*|cette|questo|questa|deze|ta|ten)\b", r"^esta (?!em\b|la\b)\w+", r"\bdies ist\b",
    (
        r"^(?:the|der|die|das|le|la|les|il|lo|gli|el|los|las|de|het|o|a|os|as) (?!this\b)\w+ "
        r"(?:is|are|has|have|ist|sind|hat|est|sont|a|e|sono|ha|es|esta|estan|zijn|heeft|estao|tem)\b"
    ),
    # a name behind a greeting among friends: who takes a call says one of both
    r"^(?:hola|ciao) (?:soy|sono)\b", r"^salut c est\b", r"^(?:hej|czesc) tu\b",
    r"^(?:hey|hoi) dit is\b",
    # more than a greeting, and a friend who is out
    (
        r"^(?:good \w+|guten? \w+|bonjour|buen[oa]s \w+|buon\w+|goede\w+(?: \w+)?|bom dia|boa \w+|dzien dobry) "
        r"(?:and|und|et|y|en|i)\b"
    ),
    r"\bi m (?:\w+ )?(?:out|away|off|busy|driving|in|on|at|probably)\b", r"\bthanks?\b",
)  # fmt: skip
_NAMES = (
    # a name, and then a greeting: announcements greet first
    (
        r"^(?!hi\b|hello|hallo|guten|bonjour|hola|ciao|buon|hoi|goede|oi\b|ola\b|bom\b|boa\b|dzien|czesc|dank|"
        r"thank)(?:\w+ ){1,4}(?:good (?:morning|afternoon|evening)|guten? (?:tag|morgen|abend)|gruss gott|bonjour|"
        r"bonsoir|buen[oa]s\b|buon(?:giorno|asera)|goede\w+|bom dia|boa (?:tarde|noite)|dzien dobry|dobry wieczor)"
    ),
    # who speaks
    r"\bthis is (?!the\b|an?\b|your\b)\w+$", r"\bthis is (?!the\b|an?\b|your\b)\w+ (?:speaking|how|what|here)\b",
    r"^\w+ here\b", r"\bmein name\b", r"\bsie sprechen\b", r"\bmon nom\b", r"\b(?:le|les) atiende\b",
    r"\bhabla con\b", r"\bmi nombre\b", r"\bil mio nome\b", r"\bu spreekt\b",
    r"\b(?:hallo|hoi|goede\w+|^)met (?!de\b|het\b)\w+", r"\bmijn naam\b", r"\bmeu nome\b", r"\bfala com\b",
    r"\bprzy telefonie\b", r"\bmowi\b", r"\bservice$",
    # the house that one has reached
    (
        r"^(?:praxis|kanzlei|apotheke|hotel|pension|restaurant|gasthaus|autohaus|\w+haus|firma|familie|bei|buro|"
        r"salon|cabinet|pharmacie|garage|boulangerie|restaurant|maison|mairie|ecole|famille|agence|clinica|"
        r"farmacia|taller|restaurante|panaderia|peluqueria|familia|colegio|despacho|tienda|studio|albergo|"
        r"ristorante|officina|panificio|famiglia|negozio|agenzia|bakkerij|huisartsen\w*|tandarts\w*|kapper\w*|"
        r"gemeente|familie|winkel|oficina|padaria|loja|escritorio|consultorio|sklep|restauracja|gabinet|"
        r"przychodnia|kancelaria|hotel)\b"
    ),
    (
        r"^(?:\w+ ){1,3}(?:residence|centre|center|dental|hotel|office|shop|store|clinic|surgery|pharmacy|garage|"
        r"bakery|reception|desk)\b"
    ),
    r"^\w+ and (?:sons|co|daughters|partners|\w+ \w+ speaking)\b", r"\bspeaking\b",
    # asked back, and answers to nothing
    r"^(?:\w+ )?(?:who|wer|qui|a qui|quien|chi|quem|kto|met wie|wie)\b", r"\b(?:how|what) (?:can|may) i\b",
    r"\bwas kann ich\b", r"\bwie (?:kann|darf) ich\b", r"\b(?:que|comment) puis je\b", r"\ben que\b",
    r"\b(?:come|in cosa) posso\b", r"\b(?:waarmee|hoe) kan\b", r"\bem que posso\b", r"\bw czym\b",
    r"^(?:yes|yeah|ja|oui|si|sim|tak)\b",
    r"^(?:hello|hallo|allo|alo|pronto|halo|hola|digame|diga) (?:hello|hallo|allo|alo|pronto|halo)\b",
    r"^(?:pronto|allo|alo)\b", r"^(?:\w+ ){0,2}(?:who|wer|quien|chi|quem|kto)\b",
    r"\bmet wie\b", r"\bzeg (?:het|maar|eens)\b", r"\bwho s calling\b", r"\bcan i (?:take|help|do|get)\b",
    # hears nothing
    r"\b(?:oigo|sento|hoor|ouvindo|slysze)\b",
    # asks for a moment
    r"\b(?:hang on|hold on|let me|one (?:moment|second|sec)(?! while)|a second|just a (?:moment|second|sec|minute))\b",
    r"\b(?:moment(?:chen)? (?:bitte|mal)|augenblick|sekunde|une seconde|wacht even|momentje|ogenblikje)\b",
    r"\b(?:un|uno|um) (?:momento|momentito|instant|istante|moment|attimo|segundo|momentinho|secondo)\b",
    r"\b(?:attends|espera|aspetta|chwile\w*|momencik|sekundk\w+)\b",
    # reads out a number
    rf"^(?:{_DIGIT} ){{1,}}{_DIGIT}\b",
    # the desk at which they sit, and a greeting that is just being said
    r"\b(?:reception|rezeption|recepcion|recepcao|receptie|recepcja|accueil|sekretariat|secretaria)\b",
    (
        r"^(?!hi\b|hello|hallo|bonjour|hola|ciao|hoi|oi\b|ola\b|czesc|dank|thank)(?:\w+ ){1,4}"
        r"(?:good|guten|buenas|buenos|bom|boa|dzien)$"
    ),
)  # fmt: skip

ANNOUNCES = either(_ANNOUNCES)
"""Whole sentences to somebody unknown: announcements have one of these among their first words."""
NAMES = either(_NAMES)
"""A name and a greeting, a question back, yes: what people say who say more than hello."""
