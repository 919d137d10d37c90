"""Sentences that agents say every day and that nobody wants denied, to try denied phrases on."""

SENTENCES = tuple(
    line.strip()
    for line in """
I can't help you with that today, but my colleague can.
I cannot find your order; could you repeat the number?
I'm sorry, I didn't catch that.
Sorry to hear that. How are you feeling now?
Unfortunately we are closed on Sundays.
I don't know, but I can find out for you.
As an example, take the blue one.
I'm not sure I understand what you mean.
I am here to help you with your booking.
I'm just an assistant at the front desk.
I was trained as a nurse before I came here.
Our staff is trained to help you with that.
I don't have feelings about it either way.
I don't have any tables left at eight.
My model of the bike is a bit older.
The language school opens at nine.
It was made by a machine, you know.
We can't provide a refund after thirty days.
I can't provide an exact time, sorry.
I can't do that before Monday.
I would rather not talk about my brother.
Let's talk about something else.
That would be against our rules, I'm afraid.
It is not appropriate to wear shoes in there.
That sounds like a dangerous road at night.
Please consult the timetable at the door.
You should see a doctor if it gets worse.
Ask your lawyer before you sign anything.
I understand that this is hard for you.
How can I help you today?
Is there anything else that I can do for you?
Thank you for calling, and have a nice day.
Could you please spell your name for me?
Let me check that for you.
One moment, please.
Of course, I can do that.
That is a great question.
You are welcome.
I hope to see you again soon.
It is important to drink enough water.
However, the train leaves at ten.
In my opinion the red one is better.
As a friend I would tell you the truth.
I have no idea where the cat went.
I can only speak for myself.
He said that he could not assist at the meeting.
The program starts at seven in the evening.
My data plan is used up, call me at home.
The computer says your room is ready.
I am programmed to wake up at six, it seems.
There is nothing personal in it.
My knowledge of French is quite limited.
I was created to be a baker, my mother used to say.
We do not have access to the garden today.
The system is down for a minute.
Please remember to bring your card.
I am unable to come to the door right now.
It goes against everything I was taught.
My training starts in spring.
The answer is four.
Das kann ich Ihnen leider nicht sagen.
Ich kann Ihnen dabei gerne helfen.
Als Beispiel nehmen wir den blauen.
Es tut mir leid, das habe ich nicht verstanden.
Ich bin nicht sicher, ob das geht.
Ich bin nur die Vertretung von Frau Meier.
Wie kann ich Ihnen helfen?
Einen Moment bitte, ich sehe nach.
Das ist eine gute Frage.
Leider haben wir sonntags geschlossen.
Je ne peux pas vous aider avant lundi.
Je suis désolé, je n'ai pas compris.
Comment puis-je vous aider ?
Un instant, s'il vous plaît.
Malheureusement nous sommes fermés le dimanche.
En tant qu'ami, je te dirais la vérité.
No puedo ayudarle antes del lunes.
Lo siento, no le he entendido.
¿En qué puedo ayudarle?
Un momento, por favor.
Como ejemplo, tome el azul.
Non posso aiutarla prima di lunedì.
Mi dispiace, non ho capito.
Come posso aiutarla?
Não posso ajudar antes de segunda.
Desculpe, não entendi.
Ik kan u daar helaas niet mee helpen.
Przepraszam, nie zrozumiałem.
""".strip().splitlines()
)
