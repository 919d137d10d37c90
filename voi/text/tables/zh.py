"""Chinese (Mandarin). 两 before measure words (吕叔湘, 现代汉语八百词, "两"); minus is 负, and 零下 before degrees; one
is 幺 in telephone numbers, as it is spoken."""

from voi.text.tables.shape import Clock, Language, Money, forms, words

LANGUAGE = Language(
    code="zh",
    decimal=".",
    groups=",",
    spaces=False,
    gap="",
    percent_first=True,
    year="digits",
    date="{year}年{month}{day}日",
    clock=Clock("{h}点", "{h}点{m}分", zero="零"),
    say={
        "score": "比",        "hyphen": "短横线",
        "dot": "点", "at": "艾特", "slash": "斜杠", "and": "和", "percent": "百分之", "permille": "千分之",
        "number": "号码", "plus": "加", "minus": "负", "subtract": "减", "below_zero": "零下", "equals": "等于",
        "point": "点",
        "per": "每", "to": "到", "by": "乘", "times": "乘", "out_of": "比", "over": "比",
        "ratio": "比", "divided": "除以", "greater": "大于", "less": "小于", "about": "大约", "plusminus": "正负",
        "at_most": "至多", "at_least": "至少", "not_equal": "不等于", "root": "根号", "infinity": "无穷大",
        "section": "第", "squared": "平方", "cubed": "立方", "power": "的", "or": "或", "arrow": "到",
        "degrees": "度", "euros": "欧元", "dollars": "美元", "pounds": "英镑", "parts": "分之", "and_parts": "又",
        "month": "月",
    },
    units={
        "公里": forms("公里"), "km²": forms("平方公里"), "m/s": forms("米每秒"), "mph": forms("英里每小时"),
        "t": forms("吨"),
        "TB": forms("T B"), "GHz": forms("吉赫兹"), "MHz": forms("兆赫兹"), "Hz": forms("赫兹"), "kW": forms("千瓦"),
        "kWh": forms("千瓦时"), "W": forms("瓦"), "V": forms("伏"), "kcal": forms("千卡"), "mAh": forms("毫安时"),
        "cm²": forms("平方厘米"), "m³": forms("立方米"), "km": forms("公里"), "km/h": forms("公里每小时"),
        "m": forms("米"),
        "cm": forms("厘米"), "mm": forms("毫米"), "kg": forms("公斤"), "g": forms("克"), "mg": forms("毫克"),
        "L": forms("升"), "l": forms("升"), "ml": forms("毫升"), "mL": forms("毫升"), "h": forms("小时"),
        "min": forms("分钟"), "s": forms("秒"),
        "°C": forms("度"), "°": forms("度"), "°F": forms("华氏度"), "m²": forms("平方米"), "GB": forms("G B"),
        "MB": forms("兆"),
    },
    money={"¥": Money(forms("元")), "元": Money(forms("元")), "$": Money(forms("美元")), "€": Money(forms("欧元")),
        "£": Money(forms("英镑"))},
    scales={"万": forms("万"), "亿": forms("亿")},
    counters=words(
        "万 亿 千 勺 个月 个 本 只 条 张 件 位 次 天 年前 年后 年内 年来 分钟 小时 块 杯 瓶 碗 家 辆 台 间 种 名 "
        "人 口 头 匹 棵 朵 支 双 套 份 封 首 部 座 把 顿 趟 遍 周 星期 秒 点 公里 米 公斤 斤 升 元 "
        "岁 层楼 倍 排 片 段 门 架 艘 盒 包 袋 篇 项 句 声 步 场 篇 元 块钱 美元 欧元 篇"
    ),
    speaker_digits={"1": "幺"},
    digits_after=words("订单 工号 学号 卡号 账号 车次 航班 确认码 预约号 尾号 验证码 密码 "
        "订单号 编号 单号 邮编 取件码 房号"),
    phone_after=words("电话 手机 拨打 请拨打 致电 号码 热线"),
    spells=False,
    score_after=words("胜 赢 负于 输给 输了 击败 战平 比分 打平 战胜 领先 落后"),
)  # fmt: skip
