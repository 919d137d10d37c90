"""Without a narrator: which words between asterisks are spoken."""

import pytest

from voi.core.narrator import NarratorSplitter
from voi.dialogue import Voice

SPOKEN = """
*Hinweis: Bitte warten.*
*Remarque :* fermé le lundi.
*Los Angeles:* sunny.
*Only* today!
*Wow!* Great.
*Hallo zusammen!* Schön.
*Danke* dir.
*Deadline* is Friday.
*not* now, *never* now.
It is *so* nice.
C'est *très* bien.
Es *muy* bueno.
*Important information:* call us.
*Your appointment is at ten.*
*We're closed on Mondays.* Sorry.
*La oficina abre a las nueve.*
*Le bureau ouvre à neuf heures.*
*Das Büro öffnet um neun.*
请*务必*带上护照。
*营业时间：九点到五点*
*ご案内：本日は休みです。*
The *Titanic* sank.
*Star Wars* is a film.
*Hamlet*, by Shakespeare.
*First*, open it. *Second*, close it.
*Q:* Why? *A:* Because.
*Note: please arrive ten minutes early.*
*New York:* It is late.
*New York* is big.
*Note*: please come.
*Please arrive ten minutes early.*
*Never* do that again.
I *really* mean it.
That *looks* fine.
He *smiles* a lot.
I gave it to *her*.
Have you read *War and Peace*?
The *business class* seats are gone.
*Warning:* hot.
*5 pm* sharp.
*We close at nine.* Bye.
*Bitte kommen Sie um neun.*
*Wichtig:* Wir schließen.
*Nie* wieder.
*Es ist spät.*
*Il est tard.*
*Très important :* venez tôt.
*Importante:* cierre.
这是*非常*重要的。
*绝对*不要这样做。
*注意：请提前十分钟到。*
*请提前到。*
これは*とても*大事です。
Это *очень* важно.
*Внимание:* мы закрыты.
I told you *that we never ever close before nine o'clock*.
*so* glad you came
*Really?* I had no idea.
*Thanks!* That helps.
The song is *Wings of Desire*.
*The Great Gatsby* It is a novel.
*This is important.* Read it.
I have *three* apples, *two* pears.
*Terms and conditions apply.*
*Opening hours:* nine to five
*I laughed so hard.*
*The Crying Game* It is a film.
*Achtung:* Der Laden schließt.
*Attention :* fermé.
*Note* that we are closed.
*Important:* bring your passport.
*Step one:* open the door.
You should *definitely* go, and *never* look back.
*Sehr* gern!
*Guten Morgen!* Wie geht es?
*Merci beaucoup!*
*Das weiß ich nicht.*
*Je ne sais pas.*
She *laughs* all day.
Who *sighs* there?
It *takes* time.
*Monday to Friday* we are open.
*Ten minutes* is enough.
*Please* do come.
*Every* time.
Es ist *nicht* wahr, *gar nicht*.
*Ни в коем случае!*
你*真的*这么想吗？
私は*絶対*に行く。
*ご注意:* 閉店です。
*Is that so?* I see.
*I told you so.*
*You are late.*
*Our address is 5 Main Street.*
It is *her* book, not *his*.
*Chapter One:* The Fox.
The word is *serendipity*.
The answer: *forty-two*.
*Don't* touch it.
*Always* ask first.
*The office opens at nine.*
*we close at nine*
*no refunds* sorry
*your order is ready*
*Opening hours*
*ten euros* per night
*free hugs* today
*Smiling* is free.
*takes ten minutes* at most
*holds up to five people*
*always*
*yes*
*was*
*yes* Come in.
*was* Really.
*this* Here.
*vamos a ver* Claro.
*alles gut* Ja.
*gracias* Adiós.
*tickets at the door* Bring cash.
*details on the website* Bye.
*types* are many.
*gets better* with age
We say *gets up* for that.
*Ends the call* is a button.
*types*, he said
*it is missing* Oh.
*helps you* relax
*meets your needs* Yes.
*looks great* on you
*opens at nine* today
*starts at ten*
*points never expire*
*hands-free*
*stands for quality*
*he is on holiday*
*she takes calls until five*
*no laughing* please
*your smile* matters
Press *pause* to stop.
Just *smile* and wave.
*breakfast included*
*please note* the address
*two nights* minimum
*nothing else*
*see you soon*
*last call* for drinks
*cash only* here
*our best seller*
*wir schließen um neun*
*keine Rückgabe* leider
*Ihre Bestellung ist fertig*
*Öffnungszeiten*
*zehn Euro* pro Nacht
*hält zwei Jahre*
*nimmt zehn Minuten* in Anspruch
*bitte anklopfen*
*nur Barzahlung* möglich
*frisch gebacken*
*bis morgen*
*jeden Tag* geöffnet
*er ist im Urlaub*
*sie arbeitet montags*
*steht für Qualität*
*ohne Aufpreis*
*zwei Zimmer* frei
*gleich nebenan*
*heute geschlossen*
*Lachen* ist gesund.
*sehr gerne*
*kein Problem* für uns
*legt Wert auf Ruhe*
*ab Montag*
*nous fermons à neuf heures*
*pas de remboursement* désolé
*votre commande est prête*
*Horaires d'ouverture*
*dix euros* par nuit
*petit déjeuner compris*
*il est en vacances*
*elle travaille le lundi*
*à demain*
*tous les jours* sauf lundi
*deux nuits* minimum
*fermé aujourd'hui*
*prend dix minutes*
*sans supplément*
*avec plaisir*
*se trouve au centre*
*regarde bien* le plan
*très bientôt*
*votre sourire* compte
*de rien*
*cerramos a las nueve*
*sin reembolso* lo siento
*su pedido está listo*
*Horario de apertura*
*diez euros* por noche
*desayuno incluido*
*él está de vacaciones*
*ella trabaja los lunes*
*hasta mañana*
*todos los días* menos lunes
*dos noches* mínimo
*cerrado hoy*
*toma diez minutos*
*sin cargo*
*con gusto*
*se encuentra en el centro*
*mira bien* el mapa
*muy pronto*
*tu sonrisa* importa
*de nada*
*chiudiamo alle nove*
*nessun rimborso* mi dispiace
*il suo ordine è pronto*
*Orari di apertura*
*dieci euro* a notte
*colazione inclusa*
*lui è in vacanza*
*lei lavora il lunedì*
*a domani*
*tutti i giorni* tranne lunedì
*due notti* minimo
*chiuso oggi*
*prende dieci minuti*
*senza supplemento*
*con piacere*
*si trova in centro*
*guarda bene* la mappa
*molto presto*
*il tuo sorriso* conta
*prego*
The *waves* were high.
*stars* and planets
She wiped *tears* away.
*laugh*ing is fine
营业*时间*
*营业时间*
*请提前到*
*太可笑了*
*本日休業*
*영업 시간*
*знак*
""".strip().splitlines()
"""Emphasis, labels, titles and whole sentences."""

SILENT = """
*types* Hi.
*types*
*waits* Well?
*gets up* Come.
*gets up*
*hands you the key* Here.
*looks concerned* Oh.
*ends the call*
*is typing* So.
*opens the door for you* Come in.
Goodbye. *ends the call*
Hello! *hands you a towel* Here.
*smiles warmly* Hi.
*she smiles warmly* Hi.
*Sie nickt* Ja.
*lacht laut* Ha.
*zuckt mit den Schultern* Weiß nicht.
*rit doucement* Oui.
*soupir* Bon.
*ríe* Ja ja.
*guiña un ojo* Claro.
*sorride dolcemente* Ciao.
*拍拍你的肩膀*没事的。
*微微一笑*好啊
*深呼吸* 好。
*takes a deep breath* Okay.
*leans in closer, whispering* Listen.
*hugs you tightly* There.
*stares into the distance*
*cracks knuckles* Ready.
*beep*
*ahem* Well.
*bows* Welcome.
*lächelt*
*lächelt* Hallo.
*Lächelt* Hallo.
*sourit* Bonjour.
*Sourit* Bonjour.
*微笑*
*微笑*你好。
*微笑* 你好。
你好*微笑*今天好吗？
*轻轻地抱住你*你好
*smiles softly*
*smiles softly* Hello.
*Smiles softly.* Hello.
*smiles*Hello
*smiles* Hello
Hello! *waves* Nice.
Well, *sighs* I don't know.
Hello there, *smiling softly* my friend
*her eyes widened* Really?
*She looks away.* No.
*nickt langsam* Ja.
*schaut aus dem Fenster* Es regnet.
*sonríe* Hola.
*улыбается* Привет!
*Улыбается* Привет!
*にっこり笑う*こんにちは
*미소를 짓는다* 안녕하세요
*hoche la tête* D'accord.
*leans back in the chair* So.
*Takes your hand* You came.
*Robin smiles.* Hello.
*gasps!* No.
*sospira* Va bene.
*mosolyog* Szia!
*gülümser* Merhaba
*يبتسم* مرحبا
*मुस्कुराते हुए* नमस्ते
*pauses for a moment, thinking*
Hello *smiles* how are you?
Na *lächelt* du bist ja da
*slowly nods*
*clears throat* Ahem.
*laughs out loud* Ha!
*eyes widen*
*thinking* Hmm.
*grinst breit* Na gut.
*Räuspert sich* Also.
*zwinkert*
*seufzend* Na gut.
*soupire* Bon.
*hausse les épaules* Je ne sais pas.
*en souriant* Bonjour
*suspira* Bueno.
*asiente con la cabeza* Sí.
*ri* Que bom!
*glimlacht* Hoi.
*uśmiecha się* Cześć.
*вздыхает* Ладно.
*кивает головой*
*点点头* 好的。
*叹气*唉。
*うなずく*はい。
*웃음* 네.
*looks around nervously* Where?
*walks over to the window* It rains.
*Raises an eyebrow* Really.
*chuckling* Good one.
*giggles*
*rolls eyes* Fine.
*a long pause* Yes.
*his voice trembles* I know.
*He takes your hand.* Come.
*Sie lächelt.* Komm.
*Elle sourit.* Viens.
*他笑了。*好。
*winks*;) Hi
*blushes*... Oh.
*tips hat* Howdy.
*beep boop* I am a robot.
*stage whisper* Hey.
*smiles* hello there
*looks at you* So.
*sits down* So.
*schaut dich an* Ja.
*te mira* Ah.
*te regarde* Ah.
*ti guarda* Eh.
*nod* Yes.
*with a smile* Hello.
*she slowly nods* Yes.
*pause* Well.
*silence*
*shakes head* No.
*crosses her arms* Fine.
*schüttelt den Kopf* Nein.
*mit einem Lächeln* Hallo.
*leises Seufzen* Na ja.
*verdreht die Augen* Na gut.
*holt tief Luft* Gut.
*Pause*
*secoue la tête* Non.
*un long silence* Bon.
*hausse un sourcil* Ah ?
*prend une grande inspiration* Bon.
*avec un sourire* Bonjour
*clin d'œil* Voilà.
*se encoge de hombros* No sé.
*respira hondo* Bueno.
*niega con la cabeza* No.
*se ríe* Vale.
*una pausa* Bien.
*scuote la testa* No.
*si schiarisce la gola* Dunque.
*alza le spalle* Boh.
*fa l'occhiolino* Ciao.
*un sospiro* Va bene.
*ride piano* Sì.
""".strip().splitlines()
"""What the character does."""


def split(text: str, size: int) -> list[tuple[str, Voice]]:
    splitter = NarratorSplitter(narrated=False)
    pieces = [piece for at in range(0, len(text), size) for piece in splitter.feed(text[at : at + size])]
    return pieces + splitter.close()


SIZES = (1, 3, 1_000)
"""How many characters come at once."""


def spoken_at_any_size(text: str) -> set[str]:
    """What is said of it: one text, if it makes no difference how it arrives."""
    return {"".join(piece for piece, voice in split(text, size) if voice == "character") for size in SIZES}


def test_no_word_is_lost() -> None:
    assert [text for text in SPOKEN if spoken_at_any_size(text) != {text}] == []


def test_what_the_character_does_is_not_spoken() -> None:
    assert [
        (text, size) for text in SILENT for size in SIZES if (text.split("*")[1], "narrator") not in split(text, size)
    ] == []


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("Hello*smiles*there", "Hello there"),
        ("Hello*smiles softly*There.", "Hello There."),
        ("un*frigging*believable", "un*frigging*believable"),
        ("2*nods*3", "2*nods*3"),
        ("a*b*c and laugh*ing* x", "a*b*c and laugh*ing* x"),
        ("Hello*smiles", "Hello*smiles"),
    ],
)
def test_a_gesture_parts_the_words_beside_it(text: str, spoken: str) -> None:
    assert spoken_at_any_size(text) == {spoken}


def phrases(table: str) -> list[str]:
    return [phrase.strip() for phrase in table.replace("\n", " ").split("|")]


BEYOND_THE_LISTS = phrases("""
adjusts glasses | offers a warm smile | sips coffee | おじぎ | adjusts his tie | straightens up | perks up |
smooths her dress | tilts her head | takes a sip of tea | sets down the cup | pours a drink |
scribbles a note | types on keyboard | checks watch | flips through papers | consults the calendar |
gives a thumbs up | gives you a hug | raises hand | bounces excitedly | claps | claps hands | dances | twirls |
jumps up and down | spins around | beams | beaming | grinning | voice softens | softly | warmly |
in a soft voice | whispering | excitedly | gently | nervously | leans forward | nods slowly |
nods in agreement | nodding | smiling | chuckle | light laugh | soft chuckle | laughs softly | clears throat |
a warm smile | with a warm smile | with a grin | winks playfully | rubs chin | strokes beard |
strokes chin thoughtfully | taps fingers on the desk | drums fingers | twiddles thumbs | folds hands |
places a hand on your shoulder | puts hand on heart | hand on heart | squeezes your hand | pats your back |
pats you on the back | hands you a tissue | hands over the menu | slides the menu across the table |
opens the door | closes the book | lights a candle | puts on glasses | pushes up glasses | takes off hat |
removes hat | bites lip | bites her lip | licks lips | purses lips | sticks out tongue | wrinkles nose |
scrunches nose | furrows brow | wiggles eyebrows | raises eyebrows | eyes sparkle | eyes light up |
her eyes sparkle | cheeks redden | face lights up | tears up | wipes away a tear | wipes forehead | sniffles |
hiccups | snaps fingers | facepalms | mic drop | bows deeply | curtsies | salutes | kneels | sits back |
sits up straight | stands up | stands up straight | walks away | paces back and forth | paces | turns around |
turns to you | looks up from the book | looks at the screen | glances at the clock | peers over glasses |
squints | ponders | thinking hard | thinks for a moment | pauses | pauses briefly | dramatic pause |
brief pause | beat | silence | long silence | music plays | phone rings | door creaks | static | typing |
typing sounds | keyboard clicking | laughter | applause | crickets | sound of typing | evil laugh |
maniacal laughter | sad trombone | heavy sigh | deep breath | inhales deeply | exhales | breathes in |
takes a breath | holds up a finger | points to the sign | gestures broadly | gestures to the chair |
spreads arms | opens arms wide | hugs | hugs back | sends hugs | virtual hug | high five | high fives |
fist bump | fist bumps | throws confetti | blows a kiss | blushing | giggling | gasping | shivers | shakes |
trembles | stretches | yawns | cracks a smile | flashes a grin | breaks into a smile | lets out a sigh |
lets out a laugh | gives a small nod | gives a nod | shoots you a look | rolls up sleeves |
digs through drawer | rummages in bag | pulls up a chair | pulls out a notebook | grabs a pen | jots down |
scrolls through the list | clicks pen | shuffles papers | stirs tea | takes notes | munches on a cookie |
chews thoughtfully | wags tail | purrs | meows | barks | rückt die Brille zurecht |
trinkt einen Schluck Kaffee | nippt am Tee | verbeugt sich | lehnt sich zurück | klatscht in die Hände |
hebt den Daumen | blättert in den Unterlagen | tippt auf der Tastatur | schaut auf die Uhr | richtet sich auf |
streicht sich durchs Haar | kichert leise | lächelt warm | reicht dir die Hand | legt den Kopf schief |
wirft einen Blick auf die Uhr | setzt die Brille auf | nimmt einen Schluck | räuspert sich | atmet tief durch |
macht eine Pause | denkt nach | überlegt kurz | strahlt | ajuste ses lunettes | boit une gorgée de café |
s'incline | se gratte la tête | tape des mains | réfléchit | lève le pouce | fait un clin d'œil |
fait une pause | sourit chaleureusement | prend une gorgée | regarde sa montre | s'éclaircit la gorge |
se penche en avant | rit | rire | se ajusta las gafas | bebe un sorbo de café | hace una reverencia | aplaude |
se rasca la cabeza | levanta el pulgar | hace una pausa | piensa un momento | sonríe cálidamente |
mira el reloj | se aclara la garganta | toma un sorbo | se sistema gli occhiali | beve un sorso di caffè |
fa un inchino | batte le mani | si gratta la testa | alza il pollice | fa una pausa | ci pensa su |
sorride calorosamente | guarda l'orologio | ajusta os óculos | toma um gole de café | faz uma reverência |
bate palmas | coça a cabeça | faz uma pausa | sorri calorosamente | limpa a garganta | zet bril recht |
neemt een slok koffie | maakt een buiging | schraapt keel | krabt op hoofd | お辞儀をする | ぺこり |
眼鏡を直す | コーヒーを一口飲む | 手を叩く | 考え込む | くすくす笑う | 笑う | 笑顔で | 頷く | 首をかしげる |
ウィンク | 拍手 | 咳払い | 深呼吸 | 推了推眼镜 | 喝了一口咖啡 | 抿了一口茶 | 鞠躬 | 鼓掌 | 思考片刻 |
清了清嗓子 | 微笑着 | 眨眨眼 | 递给你 | 轻声 | 温柔地 | 안경을 고쳐 쓴다 | 커피를 마신다 | 인사한다 | 박수 |
꾸벅 | 고개를 끄덕인다 | 웃는다 | 目を細める | поправляет очки | отпивает кофе | кланяется | хлопает в ладоши |
задумывается | откашливается | делает паузу | чешет затылок | poprawia okulary | pije kawę | kłania się |
klaszcze | drapie się po głowie | robi pauzę | upraví si brýle | usrkne kávu | ukloní se | gözlüğünü düzeltir |
kahvesini yudumlar | başını sallar | eğilir | يعدل نظارته | ينحني | चश्मा ठीक करता है | झुककर नमस्ते करता है |
हाथ जोड़ता है | megigazítja a szemüvegét | meghajol | retter på brillerne | justerar glasögonen |
korjaa silmälasejaan | scratches behind ear | polishes a glass | wipes down the counter |
leans on the counter | tugs at sleeve | brushes hair aside | tosses hair | dusts off hands | cracks neck |
rolls neck | holds out a plate of cookies | offers you a seat | pours you a cup of tea |
slides a glass across the bar | tips cap | strums guitar | plays a chord on the lute | draws sword |
sheathes sword | raises a glass | clinks glasses | takes a long drag of pipe | puffs on pipe | unrolls a map |
spreads out the map | consults notes | reads from the scroll | closes eyes | opens one eye | rubs eyes |
rubs hands together | wrings hands | claps you on the back | ruffles your hair | pinches nose | hides face |
buries face in hands | eyes narrow | eyes twinkle | ears perk up | tail wags | stares blankly |
gazes at the horizon | glances over shoulder | looks over the papers | nods enthusiastically |
smiles from ear to ear | laughing nervously | giggles softly | snorts | rolls on the floor laughing |
waves goodbye | waves hello | waves both hands | bows head | bows politely | places the book on the desk |
picks up the phone | hangs up phone | dials number | clicks mouse | hums a tune | hums softly | whistles |
sings softly | taps foot | stomps foot | crosses legs | puts feet up | pulls out chair |
sits on the edge of the desk | stands at attention | steps closer | steps forward | backs away | wanders over |
rushes over | moves closer | spreads wings | flicks tail | licks paw | kratzt sich am Kopf |
schenkt dir Tee ein | schiebt die Brille hoch | wischt den Tisch ab | klopft dir auf die Schulter |
zieht eine Augenbraue hoch | reibt sich die Hände | verschränkt die Arme | blickt aus dem Fenster |
stellt die Tasse ab | pose sa tasse | remonte ses lunettes | croise les bras | se frotte les mains |
sert le thé | hausse les sourcils | tapote le clavier | levanta una ceja | cruza los brazos |
se frota las manos | sirve el café | teclea | se quita el sombrero | incrocia le braccia |
si toglie il cappello | si aggiusta la cravatta | versa il tè | cruza os braços | tira o chapéu |
ajeita a gravata | slaat armen over elkaar | schenkt thee in | fronst wenkbrauwen | 髪をかき上げる |
お茶を飲む | 首を横に振る | 肩をすくめる | ぺこりとお辞儀 | 微笑む | 照れ笑い | 头一歪 | 歪头 | 耸耸肩 |
倒了一杯茶 | 放下茶杯 | 摸了摸下巴 | 挑眉 | 眉毛一挑 | 轻轻一笑 | 머리를 긁적인다 | 차를 따른다 | 어깨를 으쓱 |
눈을 감는다 | пожимает плечами | снимает шляпу | наливает чай | потирает руки | подмигивает |
wzrusza ramionami | pociera dłonie | pokrčí rameny | omuz silker | çay döker | يهز كتفيه | कंधे उचकाता है
""")


def test_gestures_beyond_the_lists_are_not_spoken() -> None:
    assert [
        (text, size)
        for phrase in BEYOND_THE_LISTS
        for text in (f"*{phrase}* Hello.", f"Hello. *{phrase}*")
        for size in (1, 1_000)
        if (phrase, "narrator") not in split(text, size)
    ] == []


LIKE_GESTURES = phrases("""
Note: please arrive ten minutes early. | New York: | really | please | tomorrow | ten minutes | Note |
Warning | now | not | must | Gone with the Wind | The Shining | her | your order | by Friday | before noon |
all day | no extra cost | offers valid until Friday | offers free delivery | adjusts automatically |
sips and snacks | takes about an hour | gives you ten percent off | gives you more time |
holds your reservation | opens the door to new options | checks in at three | sets the standard |
runs until June | turns out fine | looks like rain | puts you first | leaves at nine | brings joy |
makes sense | works fine | very much | absolutely | immediately | exactly | only on Mondays |
slowly but surely | gently used | softly spoken | warm | warmly recommended | free coffee | two coffees |
coffee included | glasses are in the case | reading glasses | hot | cold | Pride and Prejudice | Breaking Bad |
The Laughing Cow | Smiles of a Summer Night | Dancing Queen | Purple Rain | la semaine prochaine |
demain matin | Achtung | nächste Woche | sofort | unbedingt | mañana | ahora mismo | domani | subito | 明天 |
必须 | 重要 | 明日 | 必ず | 내일 | завтра | обязательно | важно | dwa dni | zítra | yarın | غدا | कल |
books close at five | doors open at eight | glasses are half price | drinks are on us |
coffee and tea included | tickets at the door | keys are on the table | papers to sign | menus on request |
hands wash only | hands off | eyes on the road | heads up | arms control | feet first | hats off |
notes from class | cards accepted | cash or cards | pages ten to twelve | bags of sugar | boxes of tea |
classes start Monday | courses with wine | dishes with rice | houses with a view | rooms with windows |
tables by the window | seats with a view | prices per cup | this coffee | his book | her phone | yes please |
always open | perhaps a coffee | less wine | bus to the door | gas and water | is closed |
was founded in 1900 | has a window | does not apply | needs a signature | costs nothing | includes tea |
means a lot | depends on the weather | applies to all | expires soon | matters most | helps your throat |
softens lips | cleans glasses in seconds | protects your eyes | reduces tears | fits any door |
reading a book | drinking water | building a wall | missing papers | boiling water | running water |
waving flag | dancing shoes | singing bowl | laughing gas | crying wolf | The Coffee Table Book |
The Sound of Music | Waiting for Godot | Raising Arizona | Dances with Wolves | Singing in the Rain |
Jumping Jack Flash | Leaning Tower | Walking Dead | jetzt erst recht | nicht vergessen | erst ab acht |
seit gestern | heute Abend | mit Fenster | Kaffee inklusive | Tisch am Fenster | bietet Platz für zehn |
hilft gegen Husten | schützt die Augen | öffnet die Tür | kostet nichts | lohnt sich |
befindet sich am Ausgang | bitte die Tür schließen | une table libre | café offert | carte de fidélité |
grande table | chambre avec fenêtre | ouvre la porte à huit heures | protège les yeux | mesa para dos |
carta de vinos | abre la puerta a las ocho | protege los ojos | tavolo per due | carta dei vini |
include il caffè | porta chiusa | mesa para dois | inclui café | lista de espera | gratis koffie |
tafel voor twee | niet vergeten | open tot acht | 予約を取る必要があります | お茶を用意しております | 無料 |
注意点 | 一律免费 | 已经结束了 | 非常好 | 特别地 | 认真地看 | 반드시 | 중요한 | 무료 | важно знать |
стоит внимания | бесплатно | кофе включён | stolik dla dwojga | nie ma | opłaca się | ücretsiz | her gün |
önemli
""")


def test_words_that_look_like_gestures_are_spoken() -> None:
    forms = ("*{}* Please come.", "Hello, *{}*", "It is *{}* that counts.", "*{}*", "We say *{}*. Bye.")
    texts = [form.format(phrase) for phrase in LIKE_GESTURES for form in forms]
    assert [text for text in texts if {voice for _, voice in split(text, 3)} != {"character"}] == []


@pytest.mark.parametrize(
    "text",
    [
        "[warm] Hi", "[warm]Hi", "(warmly) Hi", "[sighs] Hi", "(laughs) Hi", "[in a warm voice] Hi", "[tone: warm] Hi",
        "[voice: cheerful] Hi", "[friendly tone] Hi", "[warm, friendly] Hi", "[pause] Hi", "[clears throat] Hi",
        "(adjusts glasses) Hi", "Hi [nods]", "（微笑）Hi", "【微笑】Hi", "（温柔地）Hi", "[lächelt] Hi", "[Warm] Hi",
        "[WARM] Hi",
        "[emotion: happy] Hi", "[short pause] Hi", "[music plays] Hi", "(seufzt) Hi",
    ],
)  # fmt: skip
def test_notes_in_brackets_are_not_spoken(text: str) -> None:
    assert {spoken.strip() for spoken in spoken_at_any_size(text)} == {"Hi"}


@pytest.mark.parametrize(
    "text",
    [
        "Serve it (warm) now.", "[1] Smith.", "[a link](x) is it.", "It is (really) good.", "(See below.) Go.",
        "[hot] or [cold]",
        "[Note: closed on Monday] Bye.", "The weather is [warm](http://x.y).", "f(smiles)", "(for two people) A table.",
        "[warm](x) is a link", "[Happy] birthday to you", "[smiles", "(", "[]", "() [ ]", "(555) 0199", "[warm",
    ],
)  # fmt: skip
def test_other_brackets_are_spoken(text: str) -> None:
    assert spoken_at_any_size(text) == {text}
