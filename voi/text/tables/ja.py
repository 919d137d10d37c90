"""Japanese."""

from voi.text.tables.shape import Clock, Language, Money, forms, words

LANGUAGE = Language(
    code="ja",
    decimal=".",
    groups=",",
    spaces=False,
    gap="",
    date="{year}年{month}{day}日",
    clock=Clock("{h}時", "{h}時{m}分"),
    say={
        "dot": "ドット", "at": "アットマーク", "slash": "スラッシュ", "and": "と", "percent": "パーセント",
        "number": "番号", "plus": "たす", "minus": "マイナス", "equals": "イコール", "point": "点", "per": "毎",
        "to": "から", "by": "かける", "times": "かける", "out_of": "点満点中", "over": "の", "ratio": "対",
        "divided": "わる", "greater": "大なり", "less": "小なり", "about": "約", "plusminus": "プラスマイナス",
        "at_most": "以下", "at_least": "以上", "not_equal": "ノットイコール", "root": "ルート", "infinity": "無限大",
        "section": "第", "squared": "の二乗", "cubed": "の三乗", "power": "の", "or": "または", "arrow": "から",
        "degrees": "度", "euros": "ユーロ", "dollars": "ドル", "pounds": "ポンド", "parts": "分の", "and_parts": "と",
        "month": "月",
    },
    units={"m/s": forms("秒速{0}メートル"), "mph": forms("時速{0}マイル"), "TB": forms("テラバイト"),
        "GHz": forms("ギガヘルツ"), "MHz": forms("メガヘルツ"), "Hz": forms("ヘルツ"), "kW": forms("キロワット"),
        "kWh": forms("キロワット時"), "W": forms("ワット"), "V": forms("ボルト"), "kcal": forms("キロカロリー"),
        "km²": forms("平方キロメートル"), "cm²": forms("平方センチメートル"), "t": forms("トン"), "mAh": forms("ミリアンペア時"),
        "°F": forms("華氏{0}度"), "km": forms("キロメートル"), "km/h": forms("時速{0}キロメートル"), "m": forms("メートル"),
        "cm": forms("センチメートル"), "mm": forms("ミリメートル"), "kg": forms("キログラム"), "g": forms("グラム"),
        "mg": forms("ミリグラム"), "L": forms("リットル"), "ml": forms("ミリリットル"), "mL": forms("ミリリットル"),
        "h": forms("時間"), "min": forms("分"), "s": forms("秒"), "°C": forms("度"), "°": forms("度"),
        "m²": forms("平方メートル"), "GB": forms("ギガバイト"), "MB": forms("メガバイト")},
    money={"¥": Money(forms("円")), "$": Money(forms("ドル")), "€": Money(forms("ユーロ")),
        "£": Money(forms("ポンド")), "円": Money(forms("円"))},
    scales={"万": forms("万"), "億": forms("億")},
    speaker_digits={"0": "ゼロ"},
    digits_after=words("番号 暗証番号 注文番号 コード 郵便番号 予約番号"),
    phone_after=words("電話 電話番号 携帯"),
    spells=False,
)  # fmt: skip
