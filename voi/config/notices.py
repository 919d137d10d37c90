"""What an agent says at its first words where the law or the operator wants it: that it is an AI, and that the
conversation is recorded. In seventeen languages, one sentence each, without a gender.

EU AI Act (Regulation 2024/1689), article 50(1): people are told that they talk to an AI system, at the latest at the
first interaction.
"""

from voi.text.language import AUTO
from voi.text.spoken_words import primary

AI_NOTICES = {
    "en": "You are talking to an AI.",
    "es": "Está hablando con una inteligencia artificial.",
    "fr": "Vous parlez à une intelligence artificielle.",
    "de": "Sie sprechen mit einer künstlichen Intelligenz.",
    "it": "Sta parlando con un'intelligenza artificiale.",
    "pt": "A conversa é com uma inteligência artificial.",
    "pl": "To rozmowa ze sztuczną inteligencją.",
    "tr": "Bir yapay zekâ ile konuşuyorsunuz.",
    "ru": "С вами говорит искусственный интеллект.",
    "nl": "U spreekt met een kunstmatige intelligentie.",
    "cs": "Mluvíte s umělou inteligencí.",
    "ar": "هذه محادثة مع ذكاء اصطناعي.",
    "zh": "您正在与人工智能通话。",
    "hu": "Ön mesterséges intelligenciával beszél.",
    "ko": "지금 인공지능과 통화하고 계십니다.",
    "ja": "こちらは人工知能による応対です。",
    "hi": "यह बातचीत कृत्रिम बुद्धिमत्ता के साथ है।",
}
RECORDING_NOTICES = {
    "en": "This conversation is recorded.",
    "es": "Esta conversación se graba.",
    "fr": "Cette conversation est enregistrée.",
    "de": "Dieses Gespräch wird aufgezeichnet.",
    "it": "Questa conversazione viene registrata.",
    "pt": "Esta conversa está sendo gravada.",
    "pl": "Ta rozmowa jest nagrywana.",
    "tr": "Bu görüşme kaydediliyor.",
    "ru": "Этот разговор записывается.",
    "nl": "Dit gesprek wordt opgenomen.",
    "cs": "Tento hovor je nahráván.",
    "ar": "هذه المحادثة مسجلة.",
    "zh": "本次通话将被录音。",
    "hu": "Ezt a beszélgetést rögzítjük.",
    "ko": "이 통화는 녹음됩니다.",
    "ja": "この会話は録音されています。",
    "hi": "यह बातचीत रिकॉर्ड की जा रही है।",
}


def ai_notice(language: str | None) -> str:
    """That it is an AI. `language`: an ISO code, with or without a region; AUTO, None and others: English."""
    return _in(AI_NOTICES, language)


def recording_notice(language: str | None) -> str:
    """That the conversation is recorded."""
    return _in(RECORDING_NOTICES, language)


def _in(notices: dict[str, str], language: str | None) -> str:
    code = "en" if language is None or language == AUTO else primary(language)
    return notices.get(code, notices["en"])
