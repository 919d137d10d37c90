"""What agents say by default when a person's connection was lost for long and is back, in seventeen languages.

The sentences are polite and show no one's gender, neither the agent's nor the person's.
"""

from voi.text.language import AUTO
from voi.text.spoken_words import primary

WELCOMES = {
    "en": "We were cut off for a moment. I can hear you again.",
    "es": "Se cortó la conexión por un momento. Ya le escucho de nuevo.",
    "fr": "La connexion a été coupée un moment. Je vous entends à nouveau.",
    "de": "Die Verbindung war kurz unterbrochen. Jetzt höre ich Sie wieder.",
    "it": "La connessione si è interrotta per un momento. Ora La sento di nuovo.",
    "pt": "A ligação caiu por um momento. Já estou a ouvir de novo.",
    "pl": "Połączenie zostało na chwilę przerwane. Teraz znów wszystko słyszę.",
    "tr": "Bağlantı bir an için koptu. Sizi yeniden duyabiliyorum.",
    "ru": "Связь на мгновение прервалась. Теперь я снова вас слышу.",
    "nl": "De verbinding was even weg. Ik kan u weer horen.",
    "cs": "Spojení se na chvíli přerušilo. Teď už zase dobře slyším.",
    "ar": "انقطع الاتصال للحظة. أسمعك الآن من جديد.",
    "zh": "刚才连接断了一下。现在我又能听到您了。",
    "hu": "A kapcsolat egy pillanatra megszakadt. Most már újra hallom Önt.",
    "ko": "연결이 잠시 끊겼습니다. 이제 다시 잘 들립니다.",
    "ja": "接続が少しの間切れていました。今はまたお声が聞こえています。",
    "hi": "संपर्क एक पल के लिए टूट गया था। अब आपकी आवाज़ फिर से आ रही है।",
}


def welcome_in(language: str | None) -> str | None:
    """The sentence in that language. `language`: an ISO code, with or without a region; AUTO and None: English. Returns
    None for other languages."""
    return WELCOMES.get("en" if language is None or language == AUTO else primary(language))
