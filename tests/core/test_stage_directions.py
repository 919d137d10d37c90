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


@pytest.mark.parametrize("size", [1, 3, 1_000])
@pytest.mark.parametrize("text", SPOKEN)
def test_no_word_is_lost(text: str, size: int) -> None:
    assert {voice for _, voice in split(text, size)} == {"character"}
    assert "".join(piece for piece, _ in split(text, size)) == text


@pytest.mark.parametrize("size", [1, 3, 1_000])
@pytest.mark.parametrize("text", SILENT)
def test_what_the_character_does_is_not_spoken(text: str, size: int) -> None:
    begin = text.index("*") + 1
    assert (text[begin : text.index("*", begin)], "narrator") in split(text, size)
