"""Words by which an agent asks for something, in the languages that Voi tells apart: data, read by `expects.py`.

Each field but `clues` is a regular expression, matched without regard to case; "" matches nothing. English reads more
kinds of sentence than the others, whose patterns keep to what is surely meant: a pattern that matches too much has a
person waited for who has finished.
"""

from dataclasses import dataclass


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


@dataclass(frozen=True, slots=True)
class RequestWords:
    """How one language asks."""

    clues: frozenset[str] = frozenset()
    """Common words of its questions, by which it is told from others in Latin letters."""
    script: str = ""
    """Characters that only it uses, of those that come before it in `LANGUAGES`; "": Latin letters."""
    asks: str = ""
    """Requests without a question mark: "please", "tell me"."""
    number: str = ""
    spelling: str = ""
    address: str = ""
    list: str = ""
    yes_no: str = ""
    """A question that "yes" answers."""
    either: str = ""
    """The "or" of a choice."""
    polite: str = ""
    """A request in the form of such a question: "Could you tell me…"."""
    offers: str = ""
    """A question that asks for nothing in particular: "Can I help you?"."""


ENGLISH = RequestWords(
    clues=_words(
        "what is the your you please can could would may i have that do does are how which give tell and me a an for "
        "of to it my by this there need"
    ),
    asks=r"\b(?:please|tell|give|say|spell|read|repeat|provide|confirm|enter|need|may i have"
    r"|let me (?:know|get|have|take))\b",
    number=r"\b(?:(?:phone|telephone|mobile|cell|account|card|order|booking|reference|tracking|confirmation|policy"
    r"|member\w*|customer|invoice|social security|passport|licen[cs]e|serial|room|flight|pin"
    r"|extension|routing)\s*(?:number|code|id)"
    r"|(?:zip|post\w*|postal|area|security|pin)[ -]?code|numbers?|digits|date of birth|birth ?day|expir\w+ date"
    r"|pin|call(?:ed)? you back (?:on|at))\b",
    spelling=r"\b(?:spell\w*|letter by letter|e-?mail(?: address)?|(?:web|internet) address|user ?name"
    r"|licen[cs]e plate|registration|vin)\b",
    address=r"\baddress\b|\bwhere (?:do you live|should (?:we|i) (?:send|deliver|ship|pick you up))\b",
    list=r"\b(?:which ones|what items|what would you like to order|ingredients|symptoms|list"
    r"|name (?:them|all|a few|some|three|two)|anything else you)\b",
    yes_no=r"(?:\A|[,;:] |\b(?:and|so|but|okay|well|great),? )(?:is|are|was|were|am|do|does|did|have|has|had|can|could"
    r"|will|would|shall|should|may|might|isn't|aren't|don't|doesn't|didn't|won't|wouldn't|shouldn't|haven't|hasn't)\b"
    r"|\b(?:right|correct|okay|ok|yes|agreed|isn't it|don't you|ready)\?\Z",
    either=r"\bor\b(?! not\b)",
    polite=r"\A(?:(?:and|so|but|okay|ok|well|great|thanks?|thank you|sure|alright|now)[,.!]? )*(?:please )?"
    r"(?:can|could|would|may|will) (?:you|i)\b",
    offers=r"\A(?:can|could|may|shall) (?:i|we) (?:help|do|get|assist)|\A(?:how|what) (?:can|may|could)",
)

_OTHER_LATIN = (
    RequestWords(  # German
        clues=_words(
            "ihre ihr ihren ihrer ihnen deine dein ist das der die den sie du bitte wie was können könnten kannst "
            "möchten haben und ein eine mir ich oder welche wann wo lautet würden soll nennen für"
        ),
        asks=r"\b(?:bitte|nennen|sagen|geben|buchstabier|wiederholen|ich (?:brauche|benötige)|teilen sie)",
        number=r"nummer\b|postleitzahl|\bplz\b|\bpin\b|\bziffern\b|geburtsdatum|geburtstag|ablaufdatum",
        spelling=r"buchstabier|e-?mail|kennzeichen|benutzernam|buchstabe für buchstabe",
        address=r"adresse|anschrift|wo wohnen|straße und hausnummer",
        list=r"\bwelche (?:artikel|zutaten|symptome)|zählen sie",
        yes_no=r"\A(?:(?:und|also|gut|okay|ok),? )?(?:ist|sind|war|waren|haben|hat|hast|möchten|möchtest|wollen|willst"
        r"|soll|sollen|darf|dürfen|kann|können|kannst|wird|werden|passt|stimmt|geht|brauchen|wünschen)\b"
        r"|\b(?:richtig|korrekt|okay|ja|oder|nicht wahr)\?\Z",
        either=r"\boder\b(?!\?)",
        polite=r"\A(?:(?:und|also|gut|danke|okay),? )?(?:können|könnten|kannst|könntest|würden|würdest|darf|dürfte)\b",
        offers=r"\A(?:kann|wie kann|womit kann|was kann|was darf) ich",
    ),
    RequestWords(  # French
        clues=_words(
            "quel quelle quels quelles est votre vos vous le la les de du pouvez pourriez et ou un une je mon ton ta "
            "tu s'il plaît me donner comment que avez êtes voulez souhaitez c'est pour votre-il"
        ),
        asks=r"s'il (?:vous|te) plaît|\b(?:donnez|dites|indiquez|épelez|répétez|précisez|j'ai besoin)\b",
        number=r"\bnuméro\b|code postal|code secret|\bchiffres\b|date de naissance|date d'expiration",
        spelling=r"\bépel|e-?mail|courriel|adresse électronique|lettre par lettre|immatriculation",
        address=r"\badresse\b|où habitez",
        list=r"\bquels (?:articles|ingrédients|symptômes)|\blesquels\b|\blesquelles\b",
        yes_no=r"(?:\A|, )(?:et )?est-ce (?:que|qu')"
        r"|(?:\A|, )(?:et )?(?:est|avez|voulez|souhaitez|êtes|désirez|pouvez)-"
        r"|\A(?:c'est|cela|ça|vous (?:voulez|avez|êtes|souhaitez|confirmez))\b"
        r"|\b(?:correct|exact|d'accord|n'est-ce pas|non|c'est bien ça|ça vous va) ?\?\Z",
        either=r"\bou\b",
        polite=r"(?:\A|, )(?:et )?(?:pouvez|pourriez|peux|pourrais)-(?:vous|tu|je)\b"
        r"|\A(?:est-ce que )?vous (?:pouvez|pourriez)",
        offers=r"\A(?:puis-je|comment puis-je|en quoi puis-je|que puis-je)",
    ),
    RequestWords(  # Spanish
        clues=_words(
            "cuál qué su sus es el los las de del puede podría me por favor y o un una usted tiene quiere desea cómo "
            "está tu número dirección con para dónde dígame le"
        ),
        asks=r"\bpor favor\b|\b(?:dígame|dime|deme|dame|deletree|indíqueme|repita|confirme|necesito)\b",
        number=r"\bnúmero\b|código (?:postal|de seguridad)|\bdígitos\b|\bcifras\b|fecha de (?:nacimiento|caducidad)",
        spelling=r"deletre|e-?mail|correo electrónico|letra por letra|matrícula",
        address=r"\bdirección\b|\bdomicilio\b|dónde vive",
        list=r"\bqué (?:artículos|ingredientes|síntomas)\b|\bcuáles\b",
        yes_no=r"(?:\A|¿)(?:y )?(?:es|está|están|tiene|tienes|quiere|quieres|desea|ha|puedo|puede|podría|le|te)\b"
        r"|\b(?:correcto|verdad|de acuerdo|no|vale|cierto|sí)\?\Z",
        either=r"\bo\b",
        polite=r"(?:\A|¿)(?:y )?(?:me )?(?:puede|podría|puedes|podrías)\b|(?:\A|¿)me (?:da|dice|indica)\b",
        offers=r"(?:\A|¿)(?:puedo|en qué (?:puedo|le puedo)|cómo (?:puedo|le puedo)|qué puedo)",
    ),
    RequestWords(  # Italian
        clues=_words(
            "qual quale quali è il lo gli di del della può potrebbe mi per favore suo sua e o un una lei ha vuole "
            "desidera come che cosa dove numero indirizzo tuo tua dirmi darmi"
        ),
        asks=r"\bper (?:favore|cortesia)\b|\b(?:mi dica|dimmi|mi dia|scandisca|ripeta|confermi|ho bisogno)\b",
        number=r"\bnumero\b|codice postale|\bcap\b|\bcifre\b|data di (?:nascita|scadenza)|codice di sicurezza",
        spelling=r"sillab|scandi|e-?mail|posta elettronica|lettera per lettera|\btarga\b|codice fiscale",
        address=r"\bindirizzo\b|dove abita",
        list=r"\bquali (?:articoli|ingredienti|sintomi)\b",
        yes_no=r"\A(?:e )?(?:è|sono|ha|hai|vuole|vuoi|desidera|può|posso|potrebbe|le|va bene)\b"
        r"|\b(?:corretto|giusto|vero|va bene|d'accordo|no|esatto)\?\Z",
        either=r"\bo(?:ppure)?\b",
        polite=r"\A(?:e )?(?:mi )?(?:può|potrebbe|puoi|potresti)\b|\Ami (?:dà|dice)\b",
        offers=r"\A(?:posso|come posso|in (?:che )?cosa posso|che cosa posso)",
    ),
    RequestWords(  # Portuguese
        clues=_words(
            "qual quais é o os seu sua de do da pode poderia por favor e ou um uma você tem quer deseja como que onde "
            "número endereço morada me dizer são não"
        ),
        asks=r"\bpor favor\b|\b(?:diga|informe|dê-me|me dê|soletre|repita|confirme|preciso)\b",
        number=r"\bnúmero\b|código (?:postal|de segurança)|\bcep\b|\bcpf\b|\bdígitos\b|data de (?:nascimento|validade)",
        spelling=r"soletr|e-?mail|correio eletrónico|letra por letra|matrícula|\bplaca\b",
        address=r"\bendereço\b|\bmorada\b|onde (?:mora|vive)",
        list=r"\bquais (?:artigos|itens|ingredientes|sintomas)\b",
        yes_no=r"\A(?:e )?(?:é|está|são|tem|quer|deseja|posso|pode|poderia|você (?:quer|tem|é))\b"
        r"|\b(?:correto|certo|verdade|não é|tudo bem|né|sim)\?\Z",
        either=r"\bou\b",
        polite=r"\A(?:e )?(?:você )?(?:me )?(?:pode|poderia)\b",
        offers=r"\A(?:posso|como posso|em que posso|o que posso)",
    ),
    RequestWords(  # Dutch
        clues=_words(
            "wat is uw het de een kunt u kan je jouw alstublieft en of ik mag hoe welke waar heeft wilt bent dat "
            "geven zeggen mij nummer spellen klopt"
        ),
        asks=r"\b(?:alstublieft|alsjeblieft|geef|noem|zeg|spel|herhaal|bevestig|ik heb)\b",
        number=r"nummer\b|postcode|pincode|\bcijfers\b|geboortedatum|vervaldatum",
        spelling=r"\bspel(?:len|t)?\b|e-?mail|letter voor letter|kenteken",
        address=r"(?<!mail)\b\w*adres\b|waar woont",
        list=r"\bwelke (?:artikelen|ingrediënten|symptomen)\b",
        yes_no=r"\A(?:en )?(?:is|zijn|was|heeft|heb|hebt|wilt|wil|kunt|kan|mag|moet|zal|klopt|bent|ben)\b"
        r"|\b(?:juist|correct|klopt dat|toch|goed|oké|ja)\?\Z",
        either=r"\bof\b",
        polite=r"\A(?:en )?(?:kunt|kan|zou|wilt|mag) (?:u|je|ik)\b",
        offers=r"\A(?:kan ik|waarmee kan ik|hoe kan ik|wat kan ik)",
    ),
    RequestWords(  # Polish
        clues=_words(
            "jaki jaka jakie jest pana pani czy proszę pan może podać mi i lub to numer adres się na w o gdzie kiedy "
            "ile twój twoja swój"
        ),
        asks=r"\b(?:proszę|poproszę|podaj|powiedz|przeliteruj|powtórz|potwierdź|potrzebuję)\b",
        number=r"\bnumer|kod pocztowy|\bpin\b|\bpesel\b|\bcyfr|dat[aęy] urodzenia|dat[aęy] ważności",
        spelling=r"przeliter|e-?mail|litera po literze|rejestracyjn",
        address=r"\badres|gdzie (?:pan|pani) mieszka",
        list=r"\bjakie (?:produkty|składniki|objawy)\b",
        yes_no=r"(?:\A|, |\bi )czy\b|\b(?:zgadza się|prawda|dobrze|tak)\?\Z",
        either=r"\b(?:lub|albo)\b|\bczy\b.+\bczy\b|(?<!\A)(?<!, )\bczy\b",
        polite=r"\A(?:i )?czy (?:może|mogę|mógłby|mogłaby|możesz|zechce)",
        offers=r"\A(?:czy mogę|w czym mogę|jak mogę)",
    ),
    RequestWords(  # Czech
        clues=_words(
            "jaké jaký jaká je vaše váš můžete mohl mohla byste prosím mi a nebo to číslo adresa kde kdy se na jste "
            "máte chcete říct říci"
        ),
        asks=r"\b(?:prosím|řekněte|uveďte|hláskujte|zopakujte|potvrďte|potřebuji)\b",
        number=r"\bčísl|směrovací|\bpsč\b|\bpin\b|\bčíslic|datum narození|rodné",
        spelling=r"hlásk|e-?mail|písmeno po písmenu|\bspz\b",
        address=r"\badres|kde bydlíte",
        list=r"\bjaké (?:položky|ingredience|příznaky)\b",
        yes_no=r"\A(?:a )?(?:je|jsou|máte|chcete|můžu|mohu|můžete|jste|souhlasí|platí)\b"
        r"|\b(?:správně|že ano|že|ano|v pořádku|dobře)\?\Z",
        either=r"\bnebo\b",
        polite=r"\A(?:a )?(?:můžete|můžeš|mohl|mohla|mohli|mohu)\b",
        offers=r"\A(?:mohu|můžu|jak (?:mohu|můžu)|s čím)",
    ),
    RequestWords(  # Hungarian
        clues=_words(
            "mi az a ön öné kérem meg tudja mondaná és vagy ez van hol mikor hogy önnek szeretne kér is egy milyen "
            "mennyi a neve száma címe"
        ),
        asks=r"\b(?:kérem|kérjük|mondja|adja|betűzze|ismételje|erősítse|szükségem)\b",
        number=r"szám(?:a|á|át|ot|od|odat)?\b|irányítószám|\bpin\b|számjegy|születési (?:dátum|idő)|kódj",
        spelling=r"betűz|e-?mail|betűnként|rendszám",
        address=r"\b(?:lak)?cím(?:e|ét|ed|edet|et)?\b|hol lakik",
        list=r"\bmilyen (?:termékek|hozzávalók|tünetek)",
        yes_no=r"\bugye\b|\b(?:helyes|rendben|igaz|jó|így van|megfelel)\?\Z|\A(?:szeretne|kér|van)\b",
        either=r"\bvagy\b",
        polite=r"\A(?:és )?(?:meg ?(?:tudja|adná|mondaná)|megadná|megmondaná|elmondaná|tudná)\b",
        offers=r"\A(?:segíthetek|miben segíthetek|hogyan segíthetek)",
    ),
    RequestWords(  # Turkish
        clues=_words(
            "nedir lütfen ve veya bir bu mı mi mu mü misiniz mısınız musunuz nerede ne için sizin numaranız adresiniz "
            "telefon söyler verir alabilir miyim istersiniz var doğru"
        ),
        asks=r"\b(?:lütfen|söyleyin|verin|heceleyin|tekrarlayın|onaylayın|rica)\b",
        number=r"numara|posta kodu|\bpin\b|\bhane|rakam|doğum tarih|son kullanma",
        spelling=r"hecele|kodlay|e-?posta|e-?mail|harf harf|plaka",
        address=r"\badres|nerede oturuyor",
        list=r"\bhangi (?:ürünler|malzemeler|belirtiler)",
        yes_no=r"\bm[ıiuü](?:s[ıiuü]n(?:[ıiuü]z)?|y[ıiuü]m|y[ıiuü]z|yd[ıiuü])?\b|değil mi\?\Z",
        either=r"\b(?:veya|yoksa|ya da)\b",
        polite=r"\b(?:\w+(?:abilir|ebilir)|söyler|verir|heceler|tekrarlar) m[ıiuü]",
        offers=r"yardımcı olabilir|yardım edebilir",
    ),
)

_BY_SCRIPT = (
    RequestWords(  # Russian
        script="\u0400-\u04ff",
        asks=r"\b(?:пожалуйста|назовите|скажите|продиктуйте|укажите|повторите|подтвердите|мне нужен)\b",
        number=r"\bномер|индекс|пин-?код|\bцифр|дат[аыу] рождения|срок действия|код (?:подтверждения|безопасности)",
        spelling=r"по буквам|электронн\w+ (?:почт|адрес)|e-?mail|имейл",
        address=r"\bадрес|где вы живёте|где вы живете",
        list=r"\bкакие (?:товары|ингредиенты|симптомы)",
        yes_no=r"\bли\b|\b(?:верно|правильно|так|да|хорошо|правда)\?\Z"
        r"|\Aэто (?:верно|правильно)|\A(?:вы )?(?:хотите|хотели)",
        either=r"\bили\b",
        polite=r"\A(?:а |и )?(?:не )?(?:могли бы|можете|могу ли|можно)\b",
        offers=r"\A(?:чем|как) (?:я )?могу|\Aмогу (?:ли )?я (?:вам )?помочь",
    ),
    RequestWords(  # Arabic
        script="\u0600-\u06ff",
        asks=r"من فضلك|لو سمحت|أخبرني|أعطني|كرر|أحتاج",
        number=r"رقم|الرمز البريدي|أرقام|تاريخ (?:ال)?(?:ميلاد|انتهاء)",
        spelling=r"تهجئة|تهجى|تتهجى|حرف[اًا]* حرف|البريد الإلكتروني|بريدك الإلكتروني|إيميل",
        address=r"عنوان|أين تسكن",
        yes_no=r"\A(?:و)?هل\b|(?:صحيح|أليس كذلك|حسنا|حسنًا|موافق)؟\Z",
        either=r"\b(?:أو|أم)\b",
        polite=r"\A(?:و)?هل (?:يمكنك|يمكن|تستطيع|بإمكانك|لك)",
        offers=r"كيف (?:يمكنني|أستطيع)|هل (?:يمكنني|أستطيع) مساعد",
    ),
    RequestWords(  # Hindi
        script="\u0900-\u097f",
        asks=r"कृपया|बताइए|बताएं|बताएँ|दीजिए|दोहराइए|चाहिए",
        number=r"नंबर|नम्बर|पिन ?कोड|अंक|जन्म ?तिथि|जन्म की तारीख|जन्मतिथि",
        spelling=r"वर्तनी|स्पेलिंग|ईमेल|ई-मेल|अक्षर",
        address=r"पता (?:क्या|बता|दे|दी)|पते|कहाँ रहते|कहां रहते",
        yes_no=r"\A(?:और )?क्या |(?:सही है|ठीक है|है ना|हैं ना)\?\Z",
        either=r"(?: या )",
        polite=r"\A(?:और )?क्या (?:आप|मैं|मुझे).*(?:सकते|सकती|सकता)",
        offers=r"(?:मदद|सहायता) कर सक",
    ),
    RequestWords(  # Korean
        script="\uac00-\ud7af",
        asks=r"주세요|주십시오|부탁|말씀해|필요합니다",
        number=r"번호|생년월일|생일|자리|유효 ?기간",
        spelling=r"철자|스펠링|이메일|메일 주소|한 글자씩",
        address=r"주소|어디에? 사",
        yes_no=r"(?:맞(?:습니까|나요|으세요|죠|지요)|되(?:나요|겠습니까|십니까)|될까요|괜찮(?:으세요|으십니까|을까요|나요)"
        r"|있(?:으세요|으십니까|습니까|나요)|원하(?:세요|십니까|시나요)|드릴까요|할까요)\?\Z",
        either=r"아니면|(?:이나|또는|혹은) ",
        polite=r"(?:주시겠|주실 ?수|주실래|알려 ?주)",
        offers=r"(?:무엇을|어떻게|뭘) 도와",
    ),
    RequestWords(  # Japanese
        script="\u3040-\u30ff",
        asks=r"ください|下さい|お願い|教えて|おっしゃって|必要です",
        number=r"番号|生年月日|誕生日|桁|暗証|有効期限",
        spelling=r"綴り|つづり|スペル|メール|一文字ずつ",
        address=r"住所|お住まい",
        yes_no=r"\A(?!.*(?:何|誰|どこ|どちら|いつ|いく[つら]|どの|どれ|どう)).*(?:です|ます|でしょう|ません|ました)(?:か|ね)[。？?]?\Z",
        either=r"それとも|または",
        polite=r"(?:いただけ|もらえ|くださ|下さ|くれ|願え)(?:ます|ません)",
        offers=r"(?:お手伝い|ご用件|ご用)",
    ),
    RequestWords(  # Chinese
        script="\u4e00-\u9fff",
        asks=r"请|麻烦|告诉|需要|说一下|報|请问|請",
        number=r"号码|號碼|编号|卡号|单号|账号|邮编|邮政编码|密码|验证码|几位|位数|出生日期|生日|有效期",
        spelling=r"拼写|拼一下|怎么拼|邮箱|电子邮件|逐个字母|车牌",
        address=r"地址|住在哪|住哪",
        yes_no=r"(?:吗|对吧|是吧|好吧|好不好|对不对|是不是|可以吧)[？?。]?\Z",
        either=r"还是|或者",
        polite=r"(?:可以|能|能不能|方便)(?:请|麻烦|告诉|提供|给|说|拼|报|再|把|您|你)",
        offers=r"帮您|帮你|为您|帮到",
    ),
)

LANGUAGES = (ENGLISH, *_OTHER_LATIN, *_BY_SCRIPT)
