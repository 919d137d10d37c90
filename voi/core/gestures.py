"""Words of stage directions, by language: what people do in italics, such as *smiles* or *zuckt mit den Schultern*.

`VERBS` are gestures by themselves. `MOVES` are verbs of ordinary sentences too ("takes ten minutes"), and gestures with
a word of `PLACES`: a part of the body, or where to. `NOUNS` stand alone or with words of `BESIDE_NOUNS` ("a long
pause"). What is in no list is speech.
"""

import re

_VERB_STEMS_EN = (
    "applaud|beam|blink|blush|bow|breath|cackl|chuckl|cough|cring|cri|crack|dab|exhal|fidget|frown|"
    "gasp|gaz|gestur|giggl|grimac|grin|groan|growl|grunt|gulp|hesitat|hiccup|hug|hum|inhal|kiss|"
    "laugh|lean|mimic|moan|mumbl|murmur|mutter|nod|nudg|paus|pat|peer|ponder|pout|purr|rub|scratch|"
    "scoff|shiver|shrug|shudder|sigh|smil|smirk|snap|snicker|sniff|sniffl|snort|sob|squeal|squint|"
    "clap|bounc|danc|spin|jump|hop|leap|pac|perk|straighten|twiddl|scribbl|jot|rummag|shuffl|munch|slurp|nibbl|chew|"
    "meow|bark|howl|"
    "hiss|sway|swoon|stomp|tiptoe|saunter|stumbl|flail|flinch|recoil|wheez|chirp|bleat|squeak|squirm|"
    "star(?=e|ing)|stammer|stretch|stutter|swallow|trembl|tilt|tuck|wav|weep|whimper|whisper|whistl|winc|wink|"
    "yawn|chortl|kneel|crouch|glanc|glar|facepalm|curtsey|curtsi|salut|twirl|wag|smooch|nuzzl|snuggl"
)
_ENDINGS_EN = "e?s|e?d|ing|ning|ping|bing|ding|ting|ging|ming|ies|ned|ped|bed|ded|ted|ged|med|es"

VERBS = re.compile(
    rf"(?:{_VERB_STEMS_EN})(?:{_ENDINGS_EN})|wept|thinks|thinking|leapt|spun|"
    # German
    "(?:aufa|a)tmet|errötet|flüstert|gähnt|grinst|hustet|kichert|klatscht|lacht|lächelt|murmelt|nickt|räuspert|"
    "schluchzt|"
    "schluckt|schmunzelt|schweigt|seufzt|umarmt|verbeugt|weint|winkt|zögert|zwinkert|blinzelt|kratzt|schnaubt|schnauft|"
    "kratzt|applaudiert|strahlt|knickst|hüpft|tanzt|zittert|erschaudert|nippt|tippt|prustet|hickst|jubelt|schnippt|"
    "schnieft|stöhnt|summt|pfeift|runzelt|grübelt|brummt|knurrt|stottert|schaudert|"
    "(?:flüster|grins|kicher|lach|lächel|nick|schmunzel|seufz|wein|zwinker|zöger|schluchz)e?nd|"
    # French
    "réfléchit|tapote|frémit|danse|sautille|trinque|sirote|incline|agenouille|esclaffe|éclaircit|"
    "acquiesce|applaudit|bâille|chuchote|glousse|murmure|pleure|pouffe|ricane|rigole|rit|rougit|sanglote|soupire|"
    "sourit|"
    "tousse|toussote|renifle|hésite|grimace|gratte|frissonne|sursaute|cligne|souriant|soupirant|riant|chuchotant|"
    "pleurant|hochant|"
    "haussant|"
    # Spanish
    "reflexiona|tiembla|baila|salta|sorbe|bebe|brinda|inclinándose|carcajea|"
    "abraza|aplaude|asiente|bosteza|carraspea|guiña|llora|murmura|ríe|solloza|sonríe|sonroja|suspira|susurra|tose|"
    "parpadea|titubea|tiembla|riendo|sonriendo|suspirando|asintiendo|llorando|susurrando|"
    # Italian
    "sorseggia|riflette|trema|saltella|balla|brinda|inchina|sogghigna|"
    "ammicca|annuisce|applaude|arrossisce|mormora|piange|ridacchia|sbadiglia|sospira|sorride|sussurra|ride|tossisce|"
    "singhiozza|esita|sorridendo|ridendo|sospirando|annuendo|piangendo|sussurrando|abbraccia|gratta|"
    # Portuguese, Dutch, the North
    "reflete|treme|dança|pula|brinda|curva|gargalhando|acenando|"
    "acena|boceja|chora|cora|gargalha|pisca|ri|sorri|suspira|sussurra|sorrindo|suspirando|rindo|abraça|assente|"
    "buigt|klapt|krabt|lacht|lachend|glimlachend|zuchtend|knikkend|danst|trilt|"
    "bloost|fluistert|gaapt|giechelt|glimlacht|grijnst|hoest|huilt|knikt|knipoogt|zucht|skrattar|suckar|nickar|"
    "smiler|sukker|nikker|hymyilee|nauraa|huokaa|nyökkää|"
    # Slavic and others
    "klaszcze|kłania|drapie|pociąga|zamyśla|podskakuje|tańczy|drży|uśmiechając|śmiejąc|wzdychając|"
    "ukloní|uklání|tleská|zamrká|mrkne|mrká|kývne|přikyvuje|kýchne|zívá|povzdechne|zasměje|zrudne|poškrábe|odkašle|"
    "кланяется|хлопает|задумывается|откашливается|чешет|потягивается|дрожит|танцует|прыгает|хмурится|морщится|"
    "улыбаясь|смеясь|вздыхая|кивая|кашлянув|вздохнув|кивнув|поклонившись|кланяється|усміхається|"
    "chichocze|kaszle|kiwa|mruga|płacze|rumieni|szepcze|uśmiecha|wzdycha|ziewa|śmieje|směje|usmívá|povzdechne|"
    "přikývne|вздыхает|зевает|качает|кашляет|кивает|краснеет|плачет|подмигивает|пожимает|сме[её]тся|улыба(?:ется|ясь)|"
    "усмехается|хихикает|шепчет|улыбнул(?:ся|ась)|посміхається|сміється|зітхає|киває|"
    "meghajol|tapsol|legyint|hümmög|krákog|elmosolyodik|felnevet|felsóhajt|"
    "eğilir|alkışlar|kıkırdar|esner|başıyla|gülümseyerek|"
    "bukker|klapper|vinker|blunker|griner|gaber|nikker|bugar|klappar|vinkar|blinkar|fnissar|gäspar|ler|kumartaa|"
    "taputtaa|virnistää|"
    "υποκλίνεται|χειροκροτεί|γνέφει|αναστενάζει|"
    "bólint|kacsint|mosolyog|nevet|sóhajt|suttog|gülümse(?:r|yerek)|gülümsüyor|gülüyor|fısıldar|χαμογελά(?:ει)?|γελάει"
)
BARE = re.compile(
    "applauds?|blush|bow|chuckle|cough|cry|frown|gasp|giggle|grin|groan|gulp|hug|kiss|laugh|nod|pout|"
    "shrug|shudder|sigh|smile|smirk|sniff|sob|wave|whisper|wink|yawn|facepalm|thinks?|thinking|think"
)
"""Gestures if they are the whole text between the marks: *nod*."""

MOVES = re.compile(
    "(?:clear|cross|hand|hold|lift|lick|lower|look|mov|offer|plac|play|point|pull|push|put|rais|reach|roll|shak|sit|"
    "slump|"
    "stand|step|tak|tap|tip|touch|turn|twist|walk|wip|bit|clench|fold|gestur|drop|grab|squeez|strok|wiggl|press|brush|"
    "arch|cover|hid|back|wander|rush|hurry|hurri|stroll|drift|scoot|march|strid|trot|dart|hover|close|open|bat|flip|"
    "wring|puff|purs|furrow|curl)(?:e?s|e?d|ing|ting|ping|ning)|took|held|stood|sat|shook|"
    "beugt|blickt|dreht|hebt|hält|klopft|legt|lehnt|neigt|nimmt|reicht|schaut|setzt|streicht|schüttelt|zuckt|zieht|"
    "holt|"
    "verdreht|verschränkt|strahlt|zittert|greift|sieht|steht|tritt|rollt|reibt|überlegt|"
    "hoche|hausse|secoue|regarde|prend|penche|lève|baisse|croise|tend|touche|tourne|fronce|caresse|serre|mord|fait|"
    "encoge|mira|inclina|sacude|levanta|baja|cruza|toma|respira|frunce|toca|niega|mueve|rasca|pone|"
    "guarda|scuote|alza|abbassa|incrocia|prende|inclina|stringe|tocca|scrolla|strizza|aggrotta|schiarisce|fa|"
    "olha|balança|encolhe|cruza|levanta|kijkt|schudt|haalt|patrzy|смотрит|опускает|поднимает|берёт"
)
PLACES = re.compile(
    "arms?|brows?|breath|cheeks?|chin|chair|distance|ear|eyes?|eyebrows?|face|fingers?|fists?|floor|foot|feet|"
    "forehead|hair|"
    "hands?|hat|head|heart|knees?|knuckles|lap|legs?|lips?|neck|nose|palms?|room|shoulders?|sleeve|tears?|teeth|"
    "temples|"
    "throat|thumbs?|toes|tongue|window|away|around|aside|closer|towards?|back(?:wards?)?|forward|sideways|"
    "thoughtfully|nervously|sadly|softly|slowly|gently|shyly|awkwardly|"
    "kopf|schultern?|hand|hände|augen|augenbrauen?|stirn|arme?|atem|luft|fenster|hut|haare?|lippen?|nase|weg|zurück|"
    "umher|mund|finger|herz|tränen?|stuhl|boden|nachdenklich|verlegen|"
    "tête|épaules?|yeux|main|mains|bras|sourcils?|front|cheveux|lèvres?|fenêtre|souffle|respiration|inspiration|"
    "larmes?|"
    "dos|menton|gorge|"
    "cabeza|hombros?|ojos?|mano|manos|brazos?|cejas?|ceño|pelo|labios?|ventana|hondo|profundo|aire|lágrimas?|garganta|"
    "testa|capo|spalle|occhi|occhio|mani|braccia|sopracciglia|sopracciglio|fronte|capelli|labbra|finestra|respiro|"
    "lacrime|gola|occhiolino|"
    "cabeça|ombros|olhos|mão|mãos|braços|janela|hoofd|schouders|ogen|hand|raam|adem|head|головой|плечами|глаза|руку|"
    "голову"
)
PHRASES = re.compile(
    r"offers (?:you )?(?:a|an|his|her) (?:seat|chair|hand|arm)|(?:holds|reaches) out (?:a|an|his|her|the) .+|"
    r"plays a (?:chord|tune|note|melody)(?: on .+)?|"
    r"dials (?:the |a )?number|stands (?:at|to) attention|teclea|(?:wanders|rushes|hurries|walks|comes|"
    r"leans) (?:over|in)|"
    r"mic drop|(?:virtual |air )?(?:high[ -]fives?|fist[ -]bumps?|hugs?)|sends (?:you )?(?:a )?(?:virtual )?hugs?|"
    r"hands? on (?:my |the |her |his )?"
    r"(?:heart|hips?|chin)|arms (?:crossed|folded|outstretched|wide open)|thumbs up|(?:soft |gentle |upbeat |"
    r"hold )?music (?:plays|playing|fades|"
    r"starts|stops)(?: in the background| softly)?|(?:a |the )?(?:phone|bell|doorbell|clock) (?:rings|ringing|chimes|"
    r"ticks)|(?:a |the )?door "
    r"(?:creaks|opens|closes|slams)|sad trombone|record scratch|static(?: noise| crackles)?|beat|awkward silence|"
    r"(?:a )?moment of silence|(?:in|with) an? (?:\w+ )?(?:voice|tone|whisper|accent|smile|grin|sigh|wink|nod|bow|"
    r"laugh|chuckle|flourish)|"
    r"in a (?:soft|warm|low|gentle|quiet|deep|hushed|calm|cheerful|serious|stern|sad|playful)(?: and \w+)? (?:voice|"
    r"tone)|"
    r"voice (?:softens|softening|trembling|breaking|lowered|dropping)|"
    r"mit (?:leiser|sanfter|warmer|tiefer|ruhiger|fester|zitternder) stimme|d'une voix \w+|à voix basse|en voz baja|"
    r"a bassa voce|em voz baixa|"
    r"met zachte stem|тихим голосом|шёпотом|шепотом|denkt nach|überlegt(?: kurz| einen moment)?|piensa un momento|"
    r"ci pensa su|"
    r"(?:тепло|мягко|широко|тихо) (?:улыбается|смеётся|смеется)|(?:sits?|sitting|stands?|standing) up(?: straight)?|"
    r"tears up|lights a candle|(?:richtet|beugt) sich (?:auf|vor)|se penche en avant|"
    r"shakes(?: slightly| visibly)?|thinks (?:hard|for a (?:moment|second|bit))|perks up|straightens up|"
    r"(?:look|turn|point|gestur)(?:s|es|ed|ing) (?:at|to|towards) (?:you|him|her|them)|s(?:its?|at|itting) down|"
    r"st(?:ands?|ood|anding) up|look(?:s|ed|ing) (?:up|down)|"
    r"(?:schaut|blickt|sieht) (?:dich|ihn|mich|euch) an|blickt zur seite|(?:te|vous) regarde|te mira|ti guarda"
)
"""Moves that need a preposition or a pronoun to be gestures."""
NOUNS = re.compile(
    "pauses?|silence|sighs?|smiles?|grins?|laugh|laughter|chuckles?|giggles?|nods?|winks?|shrugs?|whispers?|gasp|"
    "breath|ahem|"
    "applause|crickets|drumroll|fanfare|typing|clicking|keyboard|rustling|footsteps|knock|thud|whoosh|"
    "beep|boop|bleep|sniffles?|coughs?|yawn|gulp|blush|"
    "seufzer|seufzen|lächeln|lachen|stille|schweigen|nicken|zwinkern|achselzucken|schulterzucken|räuspern|gelächter|"
    "kichern|atemzug|"
    "soupir|sourire|rires?|silence|clin|toux|"
    "suspiro|sonrisa|risas?|silencio|pausa|guiño|"
    "sospiro|sorriso|risata|risatina|silenzio|occhiolino|"
    "riso|silêncio|zucht|glimlach|stilte|pauze|westchnienie|uśmiech|вздох|улыбка|смех|пауза|тишина"
)
BESIDE_NOUNS = re.compile(
    "an?|the|long|short|brief|deep|soft|softly|heavy|awkward|small|little|nervous|warm|gentle|light|quiet|sad|happy|"
    "wry|with|"
    "stage|evil|tiny|faint|of|dramatic|pregnant|maniacal|hearty|loud|sound|sounds|noise|noises|papers?|polite|"
    "mit|ein|eine[mnrs]?|leise[mnrs]?|lange[mnrs]?|kurze[mnrs]?|tiefe[mnrs]?|sanfte[mnrs]?|verlegene[mnrs]?|"
    "warme[mnrs]?|"
    "avec|une?|long|longue|court|petit|petite|léger|légère|grand|profond|doux|d|œil|de|"
    "con|un|una|larga?|largo|breve|leve|pequeñ[oa]|profund[oa]|suave|nervios[oa]|"
    "lung[oa]|piccol[oa]|legger[oa]|profond[oa]|dolce|nervos[oa]|"
    "um|uma|longo|longa|een|lange|diepe"
)
BODY = re.compile(
    "eyes?|voice|face|cheeks?|lips?|hands?|heart|smile|gaze|ears?|brows?|tail|jaw|augen|stimme|gesicht|wangen|hände|"
    "yeux|"
    "voix|visage|joues|mains|ojos|voz|rostro|mejillas|occhi|voce|viso|guance"
)
BODY_VERBS = re.compile(
    "(?:widen|narrow|sparkl|twinkl|trembl|soften|flush|light|shin|darken|drop|break|crack|quiver|rac|fad|gleam|"
    "redden|pound|"
    "flutter|twitch|perk|wag|flick|lift|glow|waver|shak|lower|clos|water|fill|brighten)(?:e?s|e?d|e|ing|ping)?|lit|"
    "broke|"
    "leuchten|strahlen|zittert|bricht|funkeln|weiten|brillent|tremble|pétillent|s|brillan|tiembla|brillano|trema"
)
THIRD_PERSON = re.compile("s?he|they|er|sie|elle|il|él|ella|lui|lei|egli|ele|ela|hij|zij|он|она|він|вона")
POSSESSIVES = re.compile("her|his|their|seine?|ihre?|ses|sa|son|sus?|gli|i|la|le")
REFLEXIVES = re.compile("se|s|si|sich|m|te")
MANNER = re.compile(
    r"\w{3,}ly|\w{3,}ment|\w{3,}mente|langsam|leise|sanft|kurz|leicht|verlegen|lentement|doucement|slowly"
)
"""Adverbs that may precede the verb: *slowly nods*."""

MOODS = re.compile(
    "furiously|loudly|slowly|deeply|quickly|politely|heartily|calmly|sincerely|kindly|seriously|briefly|softly|"
    "warmly|gently|excitedly|nervously|thoughtfully|cheerfully|cheerily|playfully|sheepishly|awkwardly|knowingly|"
    "reassuringly|"
    "sympathetically|enthusiastically|proudly|shyly|sadly|happily|mischievously|dramatically|sarcastically|solemnly|"
    "hesitantly|"
    "smugly|wistfully|dreamily|sleepily|grumpily|innocently|teasingly|tenderly|lovingly|sternly|gleefully|mysteriously|"
    "flirtatiously|coyly|slyly|wryly|conspiratorially|eagerly|quietly|breathlessly|tearfully|angrily|giddily|"
    "schüchtern|verlegen|begeistert|aufgeregt|nachdenklich|fröhlich|traurig|augenzwinkernd|schmunzelnd|flüsternd|"
    "timidement|doucement|chaleureusement|tristement|joyeusement|nerveusement|"
    "suavemente|tímidamente|alegremente|nerviosamente|cálidamente|dolcemente|timidamente|calorosamente|nervosamente"
)
"""Manners of speaking: a direction if it is the whole text, in lower case."""

TONES = re.compile(
    r"warm|neutral|friendly|cheerful|calm|sad|happy|excited|angry|serious|playful|gentle|soft|whispers?|whispering|"
    r"enthusiastic|professional|curious|"
    r"surprised|empathetic|empathy|sympathetic|apologetic|concerned|confident|nervous|sarcastic|thoughtful|soothing|"
    r"reassuring|upbeat|"
    r"joyful|amused|worried|tender|caring|compassionate|formal|casual|energetic|tired|bored|shy|proud|laughing|"
    r"crying|shouting|"
    r"fröhlich|freundlich|ruhig|traurig|ernst|sanft|begeistert|wütend|nachdenklich|herzlich|neutre|joyeux|joyeuse|"
    r"chaleureux|chaleureuse|calme|"
    r"triste|sérieux|enthousiaste|doux|alegre|cálid[oa]|tranquil[oa]|seri[oa]|entusiasta|amable|felice|allegr[oa]|"
    r"cald[oa]|calm[oa]|gentile|"
    r"温柔|开心|高兴|平静|悲伤|严肃|兴奋|热情|温暖|優しく|明るく|嬉しそうに|悲しそうに|따뜻하게|밝게|차분하게"
)
"""Manners in which words are to be said, in brackets: [warm]."""

WITHOUT_SPACES = re.compile(
    "[叹嘆泣頷]|(?<![可好玩搞取嘲])笑(?!话|話|料|点|柄)|(?<![诉])哭(?!诉)|点头|點頭|点点头|摇头|搖頭|摇摇头|眨|咳|脸红|臉紅|耸|聳肩|鞠躬|拥抱|擁抱|"
    "抱住|拍拍|拍了拍|深呼吸|沉默|停顿|挥手|揮手|挥了挥手|招手|握住|注视|望着|看着|凝视|低头|低下头|抬头|靠近|转身|皱眉|捂|挠头|摸摸|亲吻|害羞|流泪|鼓掌|"
    r"(.)了\1|头一歪|歪[头着]|挑眉|眉[头毛]?一|倒了?一?杯|放下\w{0,2}杯|[推喝抿清拍挥挠抚摸理整掏递端拿放翻点摇抬低转站坐皱舔咬擦摊耸伸](?:了[一口]|起|出|了\w|下(?:头|眼|身))|"
    r"一口[茶咖酒水]|思考片刻|沉思|若有所思|"
    "清(?:清|了清)嗓|^(?:轻声|小声|低声)|(?:轻|柔|温柔|开心|害羞|悄悄|缓缓|慢慢|默默|兴奋|紧张|无奈|疑惑|好奇|深情|得意)地|递给你|竖起|伸懒腰|打哈欠|红着脸|"
    "おじぎ|ぺこり|にこ(?:にこ|っ)|にや(?:り|にや)|くすくす|くすっ|きょろきょろ|もじもじ|ウィンク|拍手|考え込|目を(?:細|閉|見開|逸|そら)|手を(?:叩|合わせ|握|差し)|"
    "腕を組|頭をかき|頬を|肩を(?:落|叩)|深く息|ため息|胸を|指を|笑顔で|笑いながら|しながら$|"
    "を[^。、！？]{0,8}(?:[うくつぬぶむぐる]|(?<!ま)(?<!で)す|った|いた|して)$|"
    "박수|꾸벅|인사(?:한다|하며|를)|찡긋|갸웃|(?:을|를) [^.!?]{0,12}(?<!니)다$|며 웃|훌쩍|"
    "ため息|うなず|ウインク|照れ|にっこり|微笑|咳払い|見つめ|抱きしめ|手を振|首をかし|首を振|肩をすく|お辞儀|頭を下げ|"
    "미소|웃음|웃으며|웃는|한숨|끄덕|윙크|헛기침|고개를|침묵|손을 흔|껴안|으쓱|"
    "मुस्क|हँस|हंस|[يت]بتسم|[يت]ضحك|[يت]تنهد|ابتسم|ยิ้ม|หัวเราะ|ถอนหายใจ"
)
"""Gestures in writing whose words have no spaces between them, or whose forms are many."""
