"""What is said when a call is taken, once more: written before the rules were last changed, and judged after it.

No word was chosen by these sentences or voices; three bounds were made safer for people after their first run
(docs/telephone.md). Besides the kinds of `greetings.py` there are
announcements of exchanges ("machine": nobody can be reached, and nothing can be left), people who read out a number or
ask back, mailboxes in the owner's own voice, and menus without a welcome. The same hand wrote them. Signs as there."""

# ruff: noqa: E501

UNSEEN_VOICES = {
    "en": "en-us+m3", "de": "de+m3", "fr": "fr+m3", "es": "es+m3", "it": "it+m3", "nl": "nl+m3", "pt": "pt-br+m3",
    "pl": "pl+m3",
}  # fmt: skip

UNSEEN = {
    "en": {
        "person": ["Hello?", "Hello, hello?", "Morning!", "Yep.", "Sarah.", "Hi, it's Mike here.", "Robinson speaking.", "Hello, who am I talking to?",
                   "Hang on, let me get my glasses. | Yes?", "Oakwood Dental, Jenny speaking.", "Good afternoon, Harbour Hotel, reception, how may I help you?",
                   "Front desk, this is Carlos.", "Two four seven, double one six?", "Sorry, who's this?"],
        "voicemail": ["You've reached the voicemail box of five five five, one two three four. Please leave a message after the tone. (beep)",
                      "Hey there! Mike here. I'm probably out on my bike, so leave me something nice and I'll ring you. (beep)",
                      "We're sorry, no one is available to take your call. Please record your message at the tone. (beep)",
                      "Hi. | This is Dana's phone. I can't pick up at the moment. Leave a message. (beep)",
                      "The customer you are calling is unavailable right now. Please try again later, or leave a message after the beep. (beep)",
                      "Welcome to the messaging service. The person you called can't answer. (beep)"],
        "ivr": ["Good afternoon and thank you for calling Riverside Clinic. If this is an emergency, hang up and dial nine one one. To make an appointment, press one.",
                "If you know the extension of the person you want, you may dial it at any time.",
                "Hello and welcome to Citywide Taxis. Press one to book a taxi."],
        "screening": ["Hi, before I try to connect you, can I ask who's calling?",
                      "The person you are calling is screening calls. After the tone, state your name."],
        "hold": ["Thank you for holding. All our operators are busy at the moment. (music)", "(music)"],
        "machine": ["The number you have dialled is not in service. Please check the number and dial again.",
                    "We're sorry. Your call cannot be completed as dialled."],
    },
    "de": {
        "person": ["Hallo!", "Schneider?", "Ja, hallo, wer ist dran?", "Becker, grüß Gott.", "Kanzlei Hoffmann, Sie sprechen mit Frau Wolf.", "Moment bitte. | Ja?",
                   "Guten Morgen, Hotel Seeblick, mein Name ist Julia, wie kann ich helfen?"],
        "voicemail": ["Hallo, hier ist Jan. Ich bin gerade nicht zu erreichen. Sprich mir einfach was drauf. (beep)",
                      "Der Teilnehmer ist momentan nicht erreichbar. Sie können eine Nachricht hinterlassen. (beep)",
                      "Guten Tag. | Sie haben die Nummer von Praxis Wagner gewählt. Unsere Sprechzeiten sind von acht bis zwölf Uhr. (beep)"],
        "ivr": ["Herzlich willkommen beim Kundenservice. Für Fragen zu Ihrem Vertrag drücken Sie die Zwei."],
        "screening": ["Hallo, bitte nennen Sie Ihren Namen, damit ich Sie verbinden kann."],
        "hold": ["Im Moment sind alle Plätze belegt. Bitte haben Sie etwas Geduld. (music)"],
        "machine": ["Kein Anschluss unter dieser Nummer. Bitte rufen Sie die Auskunft an."],
    },
    "fr": {
        "person": ["Allô, oui?", "Bonjour!", "Oui, bonjour, c'est Luc.", "Garage Moreau, bonjour.", "Allô, à qui ai-je l'honneur?",
                   "Hôtel de la Gare, bonjour, Sophie à votre service."],
        "voicemail": ["Salut, c'est Hugo, je ne suis pas là pour l'instant. Laisse-moi un message et je te rappelle. (beep)",
                      "La personne que vous avez appelée n'est pas joignable. Merci de laisser votre message après le bip. (beep)",
                      "Bonjour, vous êtes bien chez la famille Roux. Nous sommes absents. (beep)"],
        "ivr": ["Bonjour et bienvenue. Pour suivre votre commande, tapez un. Pour toute autre question, tapez deux."],
        "screening": ["Avant de vous mettre en relation, merci d'indiquer votre nom."],
        "hold": ["Votre temps d'attente est estimé à cinq minutes. Merci de patienter. (music)"],
        "machine": ["Le numéro que vous avez composé n'est pas attribué."],
    },
    "es": {
        "person": ["¿Aló?", "¡Hola!", "Dígame.", "Sí, soy yo.", "Restaurante El Faro, buenas noches.", "Taller Ruiz, dígame, ¿en qué le ayudo?"],
        "voicemail": ["Hola, soy Marta. Ahora no puedo ponerme. Déjame un mensaje y te llamo luego. (beep)",
                      "El número marcado no está disponible en este momento. Por favor, deje su mensaje al oír la señal. (beep)"],
        "ivr": ["Bienvenido a su banco. Si es usted cliente, marque uno. Si no, marque dos."],
        "screening": ["Antes de pasar su llamada, dígame su nombre, por favor."],
        "hold": ["En estos momentos todas las líneas están ocupadas. Espere, por favor. (music)"],
        "machine": ["El número que usted ha marcado no existe."],
    },
    "it": {
        "person": ["Pronto!", "Sì, pronto?", "Chi parla?", "Ferrari.", "Albergo Miramare, buonasera, sono Elena."],
        "voicemail": ["Ciao, sono Marco. Adesso non ci sono, lasciami un messaggio dopo il bip. (beep)",
                      "L'utente chiamato non è al momento disponibile. La preghiamo di riprovare più tardi. (beep)"],
        "ivr": ["Benvenuti al centro prenotazioni. Per prenotare una visita, prema uno."],
        "screening": ["Prima di passarle la persona, mi dica il suo nome."],
        "hold": ["La preghiamo di attendere. Un operatore le risponderà al più presto. (music)"],
        "machine": ["Il numero selezionato è inesistente."],
    },
    "nl": {
        "person": ["Hallo?", "Met Van Dijk.", "Goedemiddag, met Lisa.", "Ja, zeg het maar.", "Huisartsenpraktijk Noord, goedemorgen, met Eva."],
        "voicemail": ["Hoi, met Tim. Ik ben er nu niet. Spreek wat in na de piep. (beep)",
                      "Dit nummer is tijdelijk niet bereikbaar. Laat een bericht achter na de toon. (beep)"],
        "ivr": ["Goedendag en welkom. Voor storingen, toets één. Voor facturen, toets twee."],
        "screening": ["Voordat ik u doorverbind, wat is uw naam?"],
        "hold": ["Al onze lijnen zijn bezet. Een moment geduld alstublieft. (music)"],
        "machine": ["Het door u gekozen nummer is niet in gebruik."],
    },
    "pt": {
        "person": ["Alô!", "Oi?", "Pois não?", "Sim, sou eu.", "Padaria Central, bom dia."],
        "voicemail": ["Oi, você ligou para a Bia. Agora eu não posso falar. Deixe seu recado. (beep)",
                      "O cliente está com o telefone desligado. Deixe sua mensagem após o sinal. (beep)"],
        "ivr": ["Olá, bem-vindo à Rede Saúde. Para marcar consulta, digite um."],
        "screening": ["Antes de transferir, por favor diga o seu nome."],
        "hold": ["No momento todos os nossos atendentes estão ocupados. Aguarde. (music)"],
        "machine": ["O número que você discou não existe."],
    },
    "pl": {
        "person": ["Halo, słucham?", "Tak, halo.", "Dzień dobry, tu Marek.", "Kto dzwoni?", "Restauracja Pod Lipą, dzień dobry."],
        "voicemail": ["Cześć, tu Ola. Nie mogę rozmawiać. Zostaw wiadomość po sygnale. (beep)",
                      "Wybrany abonent jest obecnie nieosiągalny. Nagraj wiadomość po sygnale. (beep)"],
        "ivr": ["Witamy w przychodni. Aby umówić wizytę, wybierz jeden."],
        "screening": ["Zanim połączę, proszę podać swoje imię."],
        "hold": ["Wszystkie linie są zajęte. Proszę czekać na połączenie. (music)"],
        "machine": ["Nie ma takiego numeru. Proszę sprawdzić numer."],
    },
}  # fmt: skip
