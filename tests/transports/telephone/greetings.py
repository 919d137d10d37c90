"""What is said when a call is taken, written for the tests: by language, kind and half of the set. No sentence
of the one half is in the other. The same hand wrote both and the rules, so the half "held out" is a development set.

`|` is a pause of 600 ms, `(beep)` a beep, `(music)` eight seconds of music. Voices: of espeak-ng, by half."""

# ruff: noqa: E501

VOICES = {
    "en": ("en-us", "en-gb+f3"), "de": ("de", "de+f3"), "fr": ("fr", "fr+f3"), "es": ("es", "es-419+f3"),
    "it": ("it", "it+f3"), "nl": ("nl", "nl+f3"), "pt": ("pt-br", "pt+f3"), "pl": ("pl", "pl+f3"),
}  # fmt: skip

TUNED = {
    "en": {
        "person": ["Hello?", "Yes?", "Hello, this is Tom.", "Hi. | Hello? | Is anybody there?", "Baker residence, good morning.",
                   "Miller and Sons, Anna speaking, how can I help you?", "Who is this?", "Hey, what's up?"],
        "voicemail": ["Hi, you've reached Tom Baker. I can't come to the phone right now. Please leave a message after the tone. (beep)",
                      "Your call has been forwarded to an automatic voice message system. (beep)",
                      "Hello. | We are not at home at the moment, but if you leave your name and number, we will call you back. (beep)",
                      "Hey, it's Sue. Leave a message. (beep)"],
        "ivr": ["Thank you for calling Acme Bank. For English, press one.", "Welcome to City Hospital. Please listen carefully, as our menu options have changed."],
        "screening": ["Hi, if you record your name and reason for calling, I'll see if this person is available."],
        "hold": ["(music)", "All our agents are currently busy. Please hold. (music)"],
    },
    "de": {
        "person": ["Hallo?", "Müller.", "Ja bitte?", "Schmidt, guten Tag.", "Praxis Doktor Weber, guten Morgen.",
                   "Autohaus König, mein Name ist Anna Schmidt, was kann ich für Sie tun?", "Hallo, wer ist da?"],
        "voicemail": ["Guten Tag, Sie sind verbunden mit der Mailbox von Anna Weber. Bitte sprechen Sie nach dem Signalton. (beep)",
                      "Hallo, hier ist der Anschluss von Familie König. Wir sind gerade nicht zu Hause. Hinterlassen Sie eine Nachricht. (beep)",
                      "Der gewünschte Teilnehmer ist zurzeit nicht erreichbar."],
        "ivr": ["Willkommen bei der Stadtwerke Hotline. Für Fragen zur Rechnung drücken Sie die Eins."],
        "screening": ["Bitte nennen Sie Ihren Namen und den Grund Ihres Anrufs."],
        "hold": ["(music)", "Bitte haben Sie einen Moment Geduld. Der nächste freie Mitarbeiter ist für Sie da. (music)"],
    },
    "fr": {
        "person": ["Allô?", "Oui, allô?", "Marie Dupont, bonjour.", "Cabinet Martin, bonjour, que puis-je faire pour vous?", "Qui est à l'appareil?"],
        "voicemail": ["Bonjour, vous êtes bien sur la messagerie de Paul. Laissez-moi un message après le bip. (beep)",
                      "Votre correspondant n'est pas disponible pour le moment. Veuillez laisser un message après le signal sonore. (beep)"],
        "ivr": ["Bienvenue chez Banque Directe. Pour le service client, tapez un."],
        "screening": ["Veuillez dire votre nom et le motif de votre appel."],
        "hold": ["Veuillez patienter. Un conseiller va vous répondre. (music)"],
    },
    "es": {
        "person": ["¿Diga?", "¿Sí, dígame?", "Hola, soy Carmen.", "Clínica Sol, buenos días, ¿en qué puedo ayudarle?", "¿Quién es?"],
        "voicemail": ["Ha llamado a Carmen. En este momento no puedo atenderle. Deje su mensaje después de la señal. (beep)",
                      "El teléfono al que llama está apagado o fuera de cobertura. Deje un mensaje después del tono. (beep)"],
        "ivr": ["Bienvenido a Telefonía Total. Para ventas, pulse uno."],
        "screening": ["Por favor, diga su nombre y el motivo de su llamada."],
        "hold": ["Todos nuestros agentes están ocupados. No cuelgue, por favor. (music)"],
    },
    "it": {
        "person": ["Pronto?", "Pronto, chi parla?", "Rossi, buongiorno.", "Studio Bianchi, buongiorno, come posso aiutarla?"],
        "voicemail": ["Risponde la segreteria telefonica di Mario. Lasciate un messaggio dopo il segnale acustico. (beep)",
                      "Ciao, in questo momento non posso rispondere. Lascia un messaggio dopo il bip. (beep)"],
        "ivr": ["Benvenuti in Banca Nuova. Per informazioni, premere uno."],
        "screening": ["Dica il suo nome e il motivo della chiamata."],
        "hold": ["Attendere in linea, prego. Tutti i nostri operatori sono occupati. (music)"],
    },
    "nl": {
        "person": ["Hallo?", "Met Jansen.", "Ja, hallo?", "Bakkerij De Vries, waarmee kan ik u helpen?"],
        "voicemail": ["U bent verbonden met de voicemail van Piet. Spreek een bericht in na de piep. (beep)",
                      "Hoi, ik kan nu niet opnemen. Laat een bericht achter na de toon. (beep)"],
        "ivr": ["Welkom bij Energie Nu. Voor vragen over uw rekening, toets een."],
        "screening": ["Zeg alstublieft uw naam en de reden van uw oproep."],
        "hold": ["Een ogenblik geduld. Al onze medewerkers zijn in gesprek. (music)"],
    },
    "pt": {
        "person": ["Alô?", "Alô, quem fala?", "Bom dia, é a Maria.", "Clínica Vida, bom dia, em que posso ajudar?"],
        "voicemail": ["Você ligou para João. Não posso atender agora. Deixe sua mensagem após o sinal. (beep)",
                      "Sua chamada está sendo encaminhada para a caixa postal. (beep)"],
        "ivr": ["Bem-vindo ao Banco Azul. Para cartões, tecle dois."],
        "screening": ["Por favor, diga o seu nome e o motivo da ligação."],
        "hold": ["Aguarde na linha, por favor. Todos os nossos atendentes estão ocupados. (music)"],
    },
    "pl": {
        "person": ["Halo?", "Słucham?", "Tak, słucham, kto mówi?", "Kowalski, dzień dobry."],
        "voicemail": ["Dodzwoniłeś się do Anny. Zostaw wiadomość po sygnale. (beep)",
                      "Abonent jest czasowo niedostępny. Proszę nagrać wiadomość po usłyszeniu sygnału. (beep)"],
        "ivr": ["Witamy w Banku Północnym. Aby rozmawiać o kredycie, wybierz jeden."],
        "screening": ["Proszę podać imię i powód rozmowy."],
        "hold": ["Proszę czekać. Wszyscy konsultanci są zajęci. (music)"],
    },
}  # fmt: skip

HELD_OUT = {
    "en": {
        "person": ["Hello!", "Yeah?", "Good evening?", "Johnson here, good afternoon.", "Hello? | Hello, who's calling?", "Hi there, Peter speaking.",
                   "Green Garden Centre, this is Lucy, what can I do for you today?", "Yes, hello, go ahead."],
        "voicemail": ["Hello, this is the voicemail of Susan Carter. I'm away from my phone, so please leave your name and a short message after the beep. (beep)",
                      "The person you are trying to reach is not available. At the tone, please record your message. (beep)",
                      "Hi! | You've reached the Johnsons. We can't take your call just now. Leave us a message and we'll get back to you. (beep)",
                      "Sorry I missed your call. You know what to do. (beep)"],
        "ivr": ["You have reached the customer service of Northern Rail. To speak in English, press one now.",
                "Thanks for calling the tax office. Please enter your nine digit reference number."],
        "screening": ["The person you're calling is using a screening service from Google. Please say your name and why you're calling."],
        "hold": ["(music)", "Your call is important to us. Please stay on the line for the next available representative. (music)"],
    },
    "de": {
        "person": ["Ja?", "Weber, hallo?", "Hier ist Klaus.", "Guten Abend, wer spricht denn da?", "Hallo? | Hallo, ist da jemand?",
                   "Blumenhaus Rose, Sie sprechen mit Frau Klein, wie kann ich Ihnen helfen?", "Apotheke am Markt, guten Tag."],
        "voicemail": ["Dies ist die Mailbox von Peter Lange. Ich bin im Moment leider nicht erreichbar, rufe aber gern zurück. (beep)",
                      "Hallo! | Ich kann gerade nicht ans Telefon gehen. Sprecht mir doch einfach nach dem Piep drauf. (beep)",
                      "Ihr Gesprächspartner ist vorübergehend nicht erreichbar. Sie können nach dem Ton eine Nachricht hinterlassen. (beep)"],
        "ivr": ["Guten Tag und herzlich willkommen bei der Sparbank. Wählen Sie bitte die Zwei für Ihr Konto."],
        "screening": ["Dieser Anschluss benutzt einen Anruffilter. Sagen Sie bitte Ihren Namen."],
        "hold": ["(music)", "Alle unsere Leitungen sind belegt. Bitte bleiben Sie am Apparat. (music)"],
    },
    "fr": {
        "person": ["Oui?", "Allô, bonjour?", "Jacques à l'appareil.", "Pharmacie du Port, bonjour, comment puis-je vous aider?", "Allô? | Allô, qui est là?"],
        "voicemail": ["Vous êtes sur le répondeur de Claire Petit. Je vous rappellerai dès que possible. (beep)",
                      "Bonjour. | Je ne peux pas vous répondre actuellement, merci de laisser un message après le bip. (beep)"],
        "ivr": ["Vous êtes en communication avec le service des impôts. Pour payer en ligne, appuyez sur la touche deux."],
        "screening": ["Bonjour, indiquez votre nom, et je verrai si la personne est disponible."],
        "hold": ["Tous nos conseillers sont en ligne. Ne quittez pas. (music)"],
    },
    "es": {
        "person": ["¿Sí?", "¿Bueno?", "Aló, ¿quién habla?", "Familia López, buenas tardes.", "Farmacia Central, le atiende Luis, ¿en qué le puedo ayudar?"],
        "voicemail": ["Hola, has llamado a Pedro. Ahora mismo no puedo contestar, deja tu mensaje y te llamo. (beep)",
                      "Bienvenido al buzón de voz. Grabe su mensaje al oír la señal. (beep)"],
        "ivr": ["Gracias por llamar a Seguros Norte. Si desea hablar con un asesor, marque tres."],
        "screening": ["Indique su nombre para saber si puede atenderle."],
        "hold": ["Permanezca en línea. Su llamada será atendida en breve. (music)"],
    },
    "it": {
        "person": ["Sì?", "Pronto, buonasera.", "Sì, sono Laura.", "Farmacia Verdi, buongiorno, in cosa posso esserle utile?"],
        "voicemail": ["Il cliente da lei chiamato non è al momento raggiungibile. (beep)",
                      "Questa è la casella vocale di Lucia. Parlate dopo il segnale acustico. (beep)"],
        "ivr": ["Benvenuto al servizio clienti. Per conoscere il saldo, digiti due."],
        "screening": ["Prego, registri il suo nome prima di essere collegato."],
        "hold": ["Resti in linea per non perdere la priorità acquisita. (music)"],
    },
    "nl": {
        "person": ["Ja?", "Hoi, met Sanne.", "Hallo, met wie spreek ik?", "Garage Bos, u spreekt met Kees, hoe kan ik u helpen?"],
        "voicemail": ["Dit is de voicemail van Karin. Ik ben momenteel niet bereikbaar. (beep)",
                      "Hallo! | Wij zijn er even niet. Spreek je boodschap in na de pieptoon. (beep)"],
        "ivr": ["Fijn dat u belt met de gemeente. Voor paspoorten, kies twee."],
        "screening": ["Noem alstublieft uw naam, dan kijk ik of deze persoon beschikbaar is."],
        "hold": ["Blijft u aan de lijn, u wordt zo geholpen. (music)"],
    },
    "pt": {
        "person": ["Sim?", "Está lá?", "Oi, aqui é o Paulo.", "Oficina Silva, boa tarde, em que posso ser útil?"],
        "voicemail": ["Olá, aqui é a Ana. Deixe um recado depois do bip que eu retorno. (beep)",
                      "O número para o qual ligou não está disponível. Deixe a sua mensagem no correio de voz. (beep)"],
        "ivr": ["Obrigado por ligar para a Água Clara. Para segunda via da conta, pressione três."],
        "screening": ["Informe seu nome para eu ver se a pessoa pode atender."],
        "hold": ["Não desligue, sua ligação é muito importante para nós. (music)"],
    },
    "pl": {
        "person": ["Tak?", "Halo, halo?", "Nowak, słucham.", "Sklep Zielony, w czym mogę pomóc?"],
        "voicemail": ["Tu poczta głosowa numeru sześćset dwa. Nagraj się po sygnale. (beep)",
                      "Cześć, nie mogę teraz odebrać. Zostaw mi wiadomość, oddzwonię. (beep)"],
        "ivr": ["Dzień dobry, tu infolinia. Aby zgłosić awarię, naciśnij dwa."],
        "screening": ["Podaj swoje imię i nazwisko, a sprawdzę, czy ta osoba może rozmawiać."],
        "hold": ["Pozostań na linii. Za chwilę zgłosi się konsultant. (music)"],
    },
}  # fmt: skip
