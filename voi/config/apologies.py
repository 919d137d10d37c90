"""Default apologies for failed answers, in seventeen languages.

They are polite and show no one's gender, neither the agent's nor the person's.
"""

from voi.text.language import AUTO
from voi.text.spoken_words import primary

APOLOGIES = {
    "en": "Sorry, I lost my thread for a moment. Could you say that again?",
    "es": "Perdón, perdí el hilo por un momento. ¿Podría repetirlo?",
    "fr": "Pardon, j'ai perdu le fil un instant. Pourriez-vous répéter ?",
    "de": "Entschuldigung, ich habe kurz den Faden verloren. Könnten Sie das bitte wiederholen?",
    "it": "Mi scusi, ho perso il filo per un momento. Potrebbe ripetere?",
    "pt": "Desculpe, perdi o raciocínio por um momento. Poderia repetir, por favor?",
    "pl": "Przepraszam, na chwilę uciekł mi wątek. Czy mogę prosić o powtórzenie?",
    "tr": "Kusura bakmayın, bir an konuyu kaçırdım. Tekrar söyler misiniz?",
    "ru": "Простите, мысль на мгновение ускользнула. Не могли бы вы повторить?",
    "nl": "Sorry, ik was even de draad kwijt. Kunt u dat herhalen?",
    "cs": "Promiňte, na chvíli mi utekla myšlenka. Můžete to prosím zopakovat?",
    "ar": "عذرًا، فقدت خيط الحديث للحظة. هل يمكن تكرار ذلك؟",
    "zh": "抱歉，我刚才思路断了一下。您能再说一遍吗？",
    "hu": "Elnézést, egy pillanatra elvesztettem a fonalat. Megismételné, kérem?",
    "ko": "죄송합니다, 잠시 흐름을 놓쳤습니다. 다시 한번 말씀해 주시겠어요?",
    "ja": "すみません、一瞬話の流れを見失ってしまいました。もう一度おっしゃっていただけますか？",
    "hi": "क्षमा कीजिए, एक पल के लिए मेरा ध्यान भटक गया। कृपया अपनी बात दोहराइए।",
}


def apology_in(language: str | None) -> str | None:
    """The apology in that language. `language`: an ISO code, with or without a region; AUTO and None: English. Returns
    None for other languages."""
    return APOLOGIES.get("en" if language is None or language == AUTO else primary(language))
