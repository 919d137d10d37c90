"""What agents say by default before they hang up because the time is up, in 17 languages.

The sentences are polite and show no one's gender, neither the agent's nor the person's.
"""

from voi.text.language import AUTO
from voi.text.spoken_words import primary

GOODBYES = {
    "en": "I am sorry, our time is up, and I have to end here. Goodbye!",
    "es": "Lo siento, se nos ha acabado el tiempo y tengo que terminar aquí. ¡Adiós!",
    "fr": "Je regrette, notre temps est écoulé et je dois m'arrêter ici. Au revoir !",
    "de": "Es tut mir leid, unsere Zeit ist um, und ich muss hier enden. Auf Wiederhören!",
    "it": "Mi dispiace, il nostro tempo è finito e devo chiudere qui. Arrivederci!",
    "pt": "Lamento, o nosso tempo acabou e tenho de terminar aqui. Adeus!",
    "pl": "Przykro mi, nasz czas się skończył i muszę tu zakończyć. Do usłyszenia!",
    "tr": "Üzgünüm, süremiz doldu ve burada bitirmem gerekiyor. Hoşça kalın!",
    "ru": "К сожалению, наше время вышло, и пора заканчивать. До свидания!",
    "nl": "Het spijt me, onze tijd is om en ik moet hier stoppen. Tot ziens!",
    "cs": "Je mi líto, náš čas vypršel a musím tady skončit. Na shledanou!",
    "ar": "عذرًا، انتهى وقتنا وعليّ أن أتوقف هنا. مع السلامة!",
    "zh": "很抱歉，我们的时间到了，我得在这里结束了。再见！",
    "hu": "Sajnálom, lejárt az időnk, és itt be kell fejeznem. Viszonthallásra!",
    "ko": "죄송합니다. 시간이 다 되어 여기서 마쳐야 합니다. 안녕히 계세요!",
    "ja": "申し訳ありませんが、お時間になりましたので、ここで失礼いたします。さようなら。",
    "hi": "क्षमा कीजिए, हमारा समय पूरा हो गया है और अब बात यहीं समाप्त करनी होगी। नमस्ते!",
}


def goodbye_in(language: str | None) -> str | None:
    """The sentences in that language. `language`: an ISO code, with or without a region; AUTO and None: English.
    Returns None for other languages."""
    return GOODBYES.get("en" if language is None or language == AUTO else primary(language))
