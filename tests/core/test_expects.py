import pytest

from voi.core.expects import SENTENCES_READ, Expects, expects, request
from voi.core.request_words import LANGUAGES
from voi.text import language


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("", Expects.OPEN),
        ("It is sunny.", Expects.OPEN),
        ("How can I help you?", Expects.OPEN),
        ("What is your phone number?", Expects.NUMBER),
        ("Sure. Could you give me your account number, please?", Expects.NUMBER),
        ("Please tell me your date of birth.", Expects.NUMBER),
        ("Could you spell that for me?", Expects.SPELLING),
        ("And what is your e-mail address?", Expects.SPELLING),
        ("What is your street address?", Expects.ADDRESS),
        ("Could you give me your delivery address?", Expects.ADDRESS),
        ("What's your email?", Expects.SPELLING),
        ("Is your address still 14 Elm Street?", Expects.YES_NO),
        ("Where should we send it?", Expects.ADDRESS),
        ("Is that right?", Expects.YES_NO),
        ("I have you down for Monday at three. Does that work?", Expects.YES_NO),
        ("Your number is 555 0199, correct?", Expects.YES_NO),
        ("Would you like tea or coffee?", Expects.CHOICE),
        ("What is your phone number? I will call you back.", Expects.NUMBER),
    ],
)
def test_what_the_last_question_asks_for(said: str, kind: Expects):
    assert expects(said) is kind


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("Wie lautet Ihre Telefonnummer?", Expects.NUMBER),
        ("Können Sie mir bitte Ihre Kundennummer nennen?", Expects.NUMBER),
        ("Können Sie das bitte buchstabieren?", Expects.SPELLING),
        ("Wie ist Ihre Adresse?", Expects.ADDRESS),
        ("Ist das richtig?", Expects.YES_NO),
        ("Ich habe Sie für Montag um drei eingetragen. Passt das?", Expects.YES_NO),
        ("Möchten Sie Tee oder Kaffee?", Expects.CHOICE),
        ("Wie kann ich Ihnen helfen?", Expects.OPEN),
        ("Was kann ich für Sie tun?", Expects.OPEN),
        ("Was ist Ihre Postleitzahl?", Expects.NUMBER),
        ("Quel est votre numéro de téléphone ?", Expects.NUMBER),
        ("Pouvez-vous me donner votre code postal, s'il vous plaît ?", Expects.NUMBER),
        ("Pourriez-vous épeler votre nom ?", Expects.SPELLING),
        ("Quelle est votre adresse e-mail ?", Expects.SPELLING),
        ("Quelle est votre adresse ?", Expects.ADDRESS),
        ("C'est correct ?", Expects.YES_NO),
        ("Est-ce que cela vous convient ?", Expects.YES_NO),
        ("Voulez-vous du thé ou du café ?", Expects.CHOICE),
        ("Comment puis-je vous aider ?", Expects.OPEN),
        ("¿Cuál es su número de teléfono?", Expects.NUMBER),
        ("¿Puede deletrear su apellido, por favor?", Expects.SPELLING),
        ("¿Cuál es su dirección?", Expects.ADDRESS),
        ("¿Es correcto?", Expects.YES_NO),
        ("¿Quiere té o café?", Expects.CHOICE),
        ("¿En qué puedo ayudarle?", Expects.OPEN),
        ("Qual è il suo numero di telefono?", Expects.NUMBER),
        ("Può dirmi la sua e-mail?", Expects.SPELLING),
        ("Qual è il suo indirizzo?", Expects.ADDRESS),
        ("È corretto?", Expects.YES_NO),
        ("Vuole il tè o il caffè?", Expects.CHOICE),
        ("Come posso aiutarla?", Expects.OPEN),
        ("Qual é o seu número de telefone?", Expects.NUMBER),
        ("Pode soletrar o seu nome, por favor?", Expects.SPELLING),
        ("Qual é o seu endereço?", Expects.ADDRESS),
        ("Está correto?", Expects.YES_NO),
        ("Você quer chá ou café?", Expects.CHOICE),
        ("Como posso ajudar?", Expects.OPEN),
        ("Wat is uw telefoonnummer?", Expects.NUMBER),
        ("Kunt u uw naam spellen?", Expects.SPELLING),
        ("Wat is uw adres?", Expects.ADDRESS),
        ("Wat is uw e-mailadres?", Expects.SPELLING),
        ("Klopt dat?", Expects.YES_NO),
        ("Wilt u thee of koffie?", Expects.CHOICE),
        ("Waarmee kan ik u helpen?", Expects.OPEN),
        ("Jaki jest pana numer telefonu?", Expects.NUMBER),
        ("Czy może pan podać numer zamówienia?", Expects.NUMBER),
        ("Proszę przeliterować nazwisko.", Expects.SPELLING),
        ("Jaki jest pani adres?", Expects.ADDRESS),
        ("Czy to się zgadza?", Expects.YES_NO),
        ("Czy chce pan herbatę czy kawę?", Expects.CHOICE),
        ("W czym mogę pomóc?", Expects.OPEN),
        ("Jaké je vaše telefonní číslo?", Expects.NUMBER),
        ("Můžete mi prosím hláskovat vaše jméno?", Expects.SPELLING),
        ("Jaká je vaše adresa?", Expects.ADDRESS),
        ("Je to správně?", Expects.YES_NO),
        ("Chcete čaj nebo kávu?", Expects.CHOICE),
        ("Jak vám mohu pomoci?", Expects.OPEN),
        ("Mi az ön telefonszáma?", Expects.NUMBER),
        ("Kérem, betűzze a nevét.", Expects.SPELLING),
        ("Mi az ön címe?", Expects.ADDRESS),
        ("Ez így helyes?", Expects.YES_NO),
        ("Teát vagy kávét szeretne?", Expects.CHOICE),
        ("Miben segíthetek?", Expects.OPEN),
        ("Telefon numaranız nedir?", Expects.NUMBER),
        ("Adınızı heceler misiniz?", Expects.SPELLING),
        ("Adresiniz nedir?", Expects.ADDRESS),
        ("Bu doğru mu?", Expects.YES_NO),
        ("Çay mı yoksa kahve mi istersiniz?", Expects.CHOICE),
        ("Size nasıl yardımcı olabilirim?", Expects.OPEN),
        ("Какой у вас номер телефона?", Expects.NUMBER),
        ("Не могли бы вы продиктовать фамилию по буквам?", Expects.SPELLING),
        ("Какой у вас адрес?", Expects.ADDRESS),
        ("Какой у вас адрес электронной почты?", Expects.SPELLING),
        ("Всё верно?", Expects.YES_NO),
        ("Вы хотите чай или кофе?", Expects.CHOICE),
        ("Чем я могу вам помочь?", Expects.OPEN),
        ("ما هو رقم هاتفك؟", Expects.NUMBER),
        ("هل يمكنك إعطائي رقم الطلب؟", Expects.NUMBER),
        ("ما هو عنوانك؟", Expects.ADDRESS),
        ("ما هو بريدك الإلكتروني؟", Expects.SPELLING),
        ("هل هذا صحيح؟", Expects.YES_NO),
        ("هل تريد الشاي أم القهوة؟", Expects.CHOICE),
        ("كيف يمكنني مساعدتك؟", Expects.OPEN),
        ("आपका फ़ोन नंबर क्या है?", Expects.NUMBER),
        ("क्या आप अपना पिन कोड बता सकते हैं?", Expects.NUMBER),
        ("आपका पता क्या है?", Expects.ADDRESS),
        ("आपका ईमेल क्या है?", Expects.SPELLING),
        ("क्या यह सही है?", Expects.YES_NO),
        ("आप चाय या कॉफ़ी लेंगे?", Expects.CHOICE),
        ("मैं आपकी क्या मदद कर सकता हूँ?", Expects.OPEN),
        ("전화번호가 어떻게 되세요?", Expects.NUMBER),
        ("주문 번호를 말씀해 주시겠어요?", Expects.NUMBER),
        ("이메일 주소가 어떻게 되시나요?", Expects.SPELLING),
        ("주소가 어떻게 되세요?", Expects.ADDRESS),
        ("맞습니까?", Expects.YES_NO),
        ("커피 아니면 차를 드릴까요?", Expects.CHOICE),
        ("무엇을 도와드릴까요?", Expects.OPEN),
        ("お電話番号を教えていただけますか？", Expects.NUMBER),
        ("郵便番号は何番ですか？", Expects.NUMBER),
        ("お名前の綴りを教えてください。", Expects.SPELLING),
        ("ご住所はどちらですか？", Expects.ADDRESS),
        ("これでよろしいですか？", Expects.YES_NO),
        ("お茶ですか、それともコーヒーですか？", Expects.CHOICE),
        ("何をお手伝いしましょうか？", Expects.OPEN),
        ("请问您的电话号码是多少？", Expects.NUMBER),
        ("您可以拼写一下您的名字吗？", Expects.SPELLING),
        ("请告诉我您的电子邮箱。", Expects.SPELLING),
        ("您的地址是什么？", Expects.ADDRESS),
        ("这样对吗？", Expects.YES_NO),
        ("您要茶还是咖啡？", Expects.CHOICE),
        ("有什么可以帮您的吗？", Expects.OPEN),
        ("好的。您要订两张票，对吗？", Expects.YES_NO),
    ],
)
def test_in_the_other_languages_that_voi_tells_apart(said: str, kind: Expects):
    assert expects(said) is kind


def test_words_that_two_languages_share_are_read_in_the_one_of_the_sentence():
    assert expects("Was ist Ihre Telefonnummer?") is Expects.NUMBER, 'it is no question with the English "was"'
    assert expects("Was that your telephone number?") is Expects.YES_NO


def test_every_language_that_is_told_apart_has_its_words():
    assert len(LANGUAGES) == len(language.LANGUAGES)
    assert all(one.number and one.spelling and one.address and one.yes_no for one in LANGUAGES)


def test_a_long_text_of_a_model_is_read_at_its_end_only():
    assert expects("the one that " * 200_000 + "is your number?") is Expects.NUMBER
    assert request("What? " * 100_000).count("\n") < SENTENCES_READ
