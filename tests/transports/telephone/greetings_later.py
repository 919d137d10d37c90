"""What is said when a call is taken, a fourth time: written after the rules were last changed, judged once, and kept.

Other voices again, and situations of everyday life that the other parts lack: people at work, in a car, who are asked
who they are or hear nothing, children, operators; mailboxes of firms on holiday; menus that ask for speech; numbers
that moved. The same hand wrote them. Signs as in `greetings.py`."""

# ruff: noqa: E501

LATER_VOICES = {
    "en": "en-gb+m7", "de": "de+f2", "fr": "fr+f2", "es": "es+m7", "it": "it+f2", "nl": "nl+m7", "pt": "pt+m7", "pl": "pl+m7",
}  # fmt: skip

LATER = {
    "en": {
        "person": ["Hello, Tom speaking.", "Hi, this is Karen.", "Yes, hello?", "Thompson and Reed, solicitors, good morning.", "Hello? | Hello? | I can't hear you.",
                   "Accounts, Priya.", "Just a second, I'm driving. | OK, go ahead.", "Green residence.", "Good evening, Luigi's, can I take your order?", "Speaking.",
                   "Hey, sorry, who is this?", "Hello, Mum's phone, who's calling?", "Morning, workshop.", "Mary here."],
        "voicemail": ["Hello, you have reached the office of Doctor Patel. We are closed for the holidays and will reopen on Monday. Please leave a message. (beep)",
                      "Hi, it's Jenny, I'm either on the other line or away from my desk. Leave your name and number. (beep)",
                      "The Vodafone number you have called is currently switched off. Please leave a message after the tone. (beep)",
                      "Your call has been forwarded to voicemail. The person you're trying to reach is not available. At the tone, please record your message. (beep)",
                      "Hey, you know what to do. (beep)",
                      "Sorry I missed you. I'll get back to you as soon as I can. (beep)"],
        "ivr": ["Thank you for calling Parcel Direct. This call may be recorded. Please say track, return, or something else.",
                "Welcome to the helpline. If you know your party's extension, please dial it now.",
                "You have reached the surgery. For prescriptions, press two."],
        "screening": ["Hi, if you say your name and why you're calling, I will see if this person is available.",
                      "The person you're calling uses a screening service. Go ahead and say why you're calling."],
        "hold": ["You are number four in the queue. Please hold. (music)", "One moment while I connect you. (music)"],
        "machine": ["The number you have called has been changed. Please check and try again.", "All circuits are busy now. Please try your call later."],
    },
    "de": {
        "person": ["Ja bitte?", "Müller am Apparat.", "Autohaus Krause, guten Tag, Sie sprechen mit Herrn Lange.", "Hallo? | Hallo? | Ich höre nichts.", "Wer ist da?",
                   "Schmitz, hallo.", "Sekunde, ich bin im Auto. | So, jetzt.", "Bei Familie Berger."],
        "voicemail": ["Guten Tag, dies ist der Anrufbeantworter der Firma Holzbau Maier. Wir haben Betriebsferien. (beep)",
                      "Hi, hier ist die Mailbox von Lena. Sprecht mir nach dem Ton aufs Band. (beep)",
                      "Die gewählte Rufnummer ist zurzeit nicht besetzt. Bitte hinterlassen Sie Ihre Nachricht. (beep)"],
        "ivr": ["Guten Tag und willkommen bei der Sparkasse. Bitte sagen Sie in wenigen Worten, worum es geht.",
                "Für Bestellungen wählen Sie bitte die Eins, für Reklamationen die Zwei."],
        "screening": ["Dieser Anschluss prüft Anrufe. Bitte sagen Sie, wer Sie sind und weshalb Sie anrufen."],
        "hold": ["Sie werden gleich verbunden. Bitte legen Sie nicht auf. (music)"],
        "machine": ["Die Rufnummer hat sich geändert.", "Der gewünschte Gesprächspartner nimmt keine Anrufe entgegen."],
    },
    "fr": {
        "person": ["Oui, allô?", "Madame Petit, bonjour.", "Boulangerie du Centre, bonjour.", "Allô? | Allô? | Je ne vous entends pas.", "Qui est-ce?", "Oui, une seconde, je conduis. | Voilà."],
        "voicemail": ["Bonjour, vous êtes sur le répondeur de Claire. Je vous rappellerai dès que possible. (beep)",
                      "Le cabinet est fermé pour congés jusqu'au dix. En cas d'urgence, faites le quinze. (beep)",
                      "Bienvenue sur la messagerie vocale. Votre correspondant ne répond pas. Parlez après le signal. (beep)"],
        "ivr": ["Bonjour, vous êtes en relation avec le service réservations. Pour continuer en français, appuyez sur un."],
        "screening": ["Votre correspondant filtre ses appels. Dites votre nom après le bip."],
        "hold": ["Toutes nos lignes sont occupées, un conseiller va vous répondre. (music)"],
        "machine": ["Ce numéro n'est plus en service actuellement."],
    },
    "es": {
        "person": ["¿Sí, dígame?", "¿Bueno?", "Clínica Dental Sol, buenos días.", "¿Hola? | ¿Hola? | No le oigo.", "¿De parte de quién?", "Un momentito, por favor. | Sí."],
        "voicemail": ["Ha llamado a la consulta del doctor Gil. Estamos de vacaciones. Deje su recado. (beep)",
                      "Hola, has llamado a Pablo. Deja tu mensaje y te contesto. (beep)",
                      "El teléfono al que llama está apagado o fuera de cobertura en este momento. (beep)"],
        "ivr": ["Gracias por llamar a Iberia Seguros. Para partes de siniestro, diga siniestro o pulse dos."],
        "screening": ["La persona a la que llama quiere saber quién es. Diga su nombre."],
        "hold": ["Su llamada será atendida en breve. No cuelgue. (music)"],
        "machine": ["Actualmente este número no está asignado a ningún cliente."],
    },
    "it": {
        "person": ["Sì?", "Pronto, chi è?", "Studio legale Conti, buongiorno.", "Pronto? | Pronto? | Non la sento.", "Casa Esposito.", "Un attimo, sono in macchina. | Eccomi."],
        "voicemail": ["Lo studio è chiuso per ferie. Potete lasciare un messaggio dopo il segnale acustico. (beep)",
                      "Ciao, sono Giulia, non posso rispondere, richiamami più tardi. (beep)",
                      "La persona chiamata non risponde. Lasci un messaggio. (beep)"],
        "ivr": ["Gentile cliente, benvenuto. Per guasti, digiti uno. Per parlare con un operatore, digiti due."],
        "screening": ["Per favore, dica chi è e il motivo della chiamata."],
        "hold": ["Tutti gli operatori sono momentaneamente occupati. La invitiamo ad attendere. (music)"],
        "machine": ["Il cliente da lei chiamato ha cambiato numero."],
    },
    "nl": {
        "person": ["Ja, hallo?", "Met mevrouw Smit.", "Fietsenwinkel De Trapper, goedemorgen.", "Hallo? | Hallo? | Ik hoor u niet.", "Met wie spreek ik?"],
        "voicemail": ["U bent verbonden met het antwoordapparaat van bakkerij Jansen. Wij zijn op vakantie. (beep)",
                      "Hey, dit is Bram, ik kan niet opnemen. Laat wat horen na de piep. (beep)",
                      "De persoon die u belt neemt niet op. Spreek na de toon een bericht in. (beep)"],
        "ivr": ["Welkom bij de belastinglijn. Zeg in een paar woorden waar u voor belt."],
        "screening": ["Deze persoon filtert gesprekken. Zeg uw naam en waarvoor u belt."],
        "hold": ["Er zijn nog drie wachtenden voor u. Blijf aan de lijn. (music)"],
        "machine": ["Dit nummer is niet aangesloten."],
    },
    "pt": {
        "person": ["Estou?", "Sim, diga.", "Oficina do Zé, boa tarde.", "Alô? | Alô? | Não estou ouvindo.", "Quem fala?"],
        "voicemail": ["Ligou para a clínica Santa Rita. Estamos fechados. Deixe mensagem após o sinal. (beep)",
                      "Olá, é o Rui, não posso atender agora. Ligo de volta. (beep)",
                      "O número para o qual ligou não está disponível. (beep)"],
        "ivr": ["Obrigado por ligar para a Energia Norte. Para avarias, prima um."],
        "screening": ["Esta chamada está a ser filtrada. Diga o seu nome e o motivo."],
        "hold": ["Todas as linhas estão ocupadas. Aguarde, por favor. (music)"],
        "machine": ["O número marcado não se encontra atribuído."],
    },
    "pl": {
        "person": ["Tak, słucham.", "Nowak, dzień dobry.", "Sklep rowerowy, dzień dobry.", "Halo? | Halo? | Nic nie słyszę.", "Kto mówi?"],
        "voicemail": ["Dodzwoniłeś się do gabinetu doktor Zając. Jesteśmy na urlopie. Zostaw wiadomość. (beep)",
                      "Hej, tu Bartek, nie mogę odebrać. Oddzwonię. (beep)",
                      "Abonent ma wyłączony telefon. Zostaw wiadomość po sygnale. (beep)"],
        "ivr": ["Dziękujemy za telefon do Banku Polskiego. Powiedz, w czym możemy pomóc, lub wybierz dwa."],
        "screening": ["Ta osoba sprawdza połączenia. Proszę powiedzieć, kto dzwoni."],
        "hold": ["Proszę czekać, łączymy z konsultantem. (music)"],
        "machine": ["Numer, pod który dzwonisz, nie istnieje."],
    },
}  # fmt: skip
