"""Korean. Native numbers before counters of things, people, hours and ages; Sino-Korean for dates, minutes, money and
floors (국립국어원, 표준국어대사전: "한", "두", "스물")."""

from voi.text.tables.shape import Clock, Language, Money, forms, words

LANGUAGE = Language(
    code="ko",
    decimal=".",
    groups=",",
    gap="",
    date="{year}년 {month} {day}일",
    clock=Clock("{h} 시", "{h} 시 {m}분"),
    say={
        "score": " 대 ",        "hyphen": "하이픈",
        "dot": "점", "at": "골뱅이", "slash": "슬래시", "and": "그리고", "percent": "퍼센트", "permille": "퍼밀",
        "number": "번호",
        "plus": "더하기", "minus": "마이너스", "phone_plus": "플러스 ", "subtract": " 빼기 ", "equals": "는",
        "point": "점", "per": "당", "to": "에서 ",
        "by": "곱하기", "times": "곱하기", "out_of": "점 만점에", "over": "에", "ratio": "대", "divided": "나누기",
        "greater": "보다 크다", "less": "보다 작다", "about": "약", "plusminus": "플러스마이너스", "at_most": "이하",
        "at_least": "이상", "not_equal": "같지 않다", "root": "루트", "infinity": "무한대", "section": "제",
        "squared": "제곱", "cubed": "세제곱", "power": "의", "or": "또는", "arrow": "에서", "degrees": "도",
        "euros": "유로", "dollars": "달러", "pounds": "파운드", "parts": "분의", "and_parts": "과 ", "month": "월",
    },
    units={"mg": forms("밀리그램"), "mm": forms("밀리미터"), "mL": forms("밀리리터"), "m/s": forms("초속 {0}미터"),
        "mph": forms("시속 {0}마일"), "GHz": forms("기가헤르츠"), "Hz": forms("헤르츠"), "TB": forms("테라바이트"),
        "kW": forms("킬로와트"), "W": forms("와트"), "V": forms("볼트"), "kcal": forms("킬로칼로리"),
        "l/100km": forms("백 킬로미터당 {0}리터"), "km": forms("킬로미터"), "km/h": forms("시속 {0}킬로미터"),
        "m": forms("미터"), "cm": forms("센티미터"),
        "kg": forms("킬로그램"), "g": forms("그램"), "L": forms("리터"), "ml": forms("밀리리터"), "°C": forms("도"),
        "°": forms("도"), "m²": forms("제곱미터"), "GB": forms("기가바이트"), "MB": forms("메가바이트")},
    money={"₩": Money(forms("원")), "$": Money(forms("달러")), "€": Money(forms("유로")), "£": Money(forms("파운드"))},
    scales={"만": forms("만"), "억": forms("억")},
    counters=words(
        "큰술 작은술 개 명 살 시간 시 마리 권 잔 병 장 대 가지 달 그릇 송이 켤레 벌 채 척 자루 분께 사람 번째 번 "
        "군데 곳 통 갑 봉지 접시 줄 판 조각 쌍 정 알 캔 컵 스푼 숟가락 끼 배 그루 가구 팀 과목 박스 상자 정거장 걸음 "
        "바퀴 벌 필 모금 방울 다발 포기 모 단"),
    speaker_digits={"0": "공"},
    score_after=words("이겼 이기 승리 졌 패배 비겼 무승부 경기 스코어"),
    digits_after=words("예약번호 번호 코드 비밀번호 주문번호 인증번호"),
    phone_after=words("전화 전화번호 연락처"),
    spells=False,
)  # fmt: skip
