"""Mathematics as language models write it, in LaTeX: its marks become plain signs, which the reader knows.

`$E=mc^2$` and `\\(\\frac{1}{2}\\)` are E=m c^2 and 1/2; anything else between such marks (prices, paths) stays.
"""

import re

from voi.text.tables.shape import words

_MATH = re.compile(
    r"\$\$(?P<block>[^$]{1,500})\$\$|\\\((?P<round>.{1,500}?)\\\)|\\\[(?P<square>.{1,500}?)\\\]"
    r"|(?<![\w$\\])\$(?=[^\s\d$]|\d+[.\d]*\s?[-+^_=*/\\a-zA-Z({])(?P<inline>[^$\n]{0,198}[^\s$\\]|)\$(?![\d$])",
    re.DOTALL,
)
_SIGNS = {
    "times": "×", "cdot": "×", "ast": "×", "div": "÷", "pm": "±", "leq": "≤", "le": "≤", "geq": "≥", "ge": "≥",
    "neq": "≠", "ne": "≠", "approx": "≈", "sim": "≈", "infty": "∞", "rightarrow": "→", "to": "→", "Rightarrow": "⇒",
    "degree": "°", "lt": "<", "gt": ">", "quad": " ", "qquad": " ", "left": "", "right": "", "big": "", "Big": "",
    "int": " integral ", "oint": " integral ", "prod": " product ", "mid": "|", "in": " in ", "forall": " for all ",
    "displaystyle": "", "ldots": "…", "dots": "…", "cdots": "…", "implies": "⇒", "equiv": "=",
}  # fmt: skip
_WRAPPED = re.compile(
    r"\\(?:text|mathrm|mathbf|mathit|operatorname|boxed|textbf|textit|vec|hat|bar)\s?\{([^{}]{0,200})\}"
)
_FRACTION = re.compile(r"\\[dt]?frac\s?\{([^{}]{1,100})\}\s?\{([^{}]{1,100})\}")
_ROOT = re.compile(r"\\sqrt\s?(?:\[[^\[\]]{1,9}\])?\s?\{([^{}]{1,100})\}")
_RAISED = re.compile(r"\^\s?\{([^{}]{1,50})\}")
_CIRCLE = re.compile(r"\^\s?\{?\\circ\}?")
_LOWERED = re.compile(r"_\s?(?:\{([^{}]{1,50})\}|(\w))")
_COMMAND = re.compile(r"\\([A-Za-z]+)\s?")
_SPACING = re.compile(r"\\[,;:! ]|\\\\|[{}]")
_VARIABLES = re.compile(r"(?<![A-Za-z])[a-z]{2,4}(?![A-Za-z(])")
_FUNCTIONS = words(
    "sin cos tan log ln lim max min exp mod gcd arc sec csc cot sup inf det pi phi psi chi eta mu nu xi rho tau "
    "beta zeta iota from to of sum"
)
_OVER = "\x1f"
_ROUNDS = 3
"""How deep nested fractions are resolved."""


def without_latex(text: str, over: str, minus: str) -> str:
    """The text without LaTeX marks. `over`: the word between the two sides of a fraction that are more than numbers;
    `minus`: the word for a minus."""
    if "$" not in text and "\\(" not in text and "\\[" not in text:
        return text
    return _MATH.sub(lambda match: _plain(next(filter(None, match.groups()), ""), over, minus, match[0]), text)


def _plain(math: str, over: str, minus: str, whole: str) -> str:
    if whole[0] == "$" and whole[:2] != "$$" and not _is_math(math):
        return whole
    math = _BOUNDS.sub(_bounded, math)
    for _ in range(_ROUNDS):
        before = math
        math = _WRAPPED.sub(r" \1 ", math)
        math = _RAISED.sub(
            lambda power: f"^{power[1]}" if power[1].isalnum() else f"^({power[1]})", _CIRCLE.sub("°", math)
        )
        math = _LOWERED.sub(lambda index: f" {index[1] or index[2]} ", math)
        math = _FRACTION.sub(lambda parts: _fraction(parts[1], parts[2]), math)
        math = _ROOT.sub(r" √\1 ", math)
        if math == before:
            break
    math = _COMMAND.sub(lambda command: _SIGNS.get(command[1], f" {command[1]} "), math)
    math = _SPACING.sub(" ", math).replace("\\%", "%").replace("\\$", "$")
    math = _VARIABLES.sub(lambda word: word[0] if word[0] in _FUNCTIONS else " ".join(word[0]), math)
    return math.replace(_OVER, over).replace("-", f" {minus} ")


_BOUNDS = re.compile(
    r"\\(int|sum|prod)\s*(?:\\limits)?\s*_\s?(?:\{([^{}]{1,50})\}|(\w))\s*\^\s?(?:\{([^{}]{1,50})\}|(\\?\w+?)(?![a-z]))"
)


def _bounded(match: re.Match[str]) -> str:
    """Sums and integrals with what they run from and to."""
    name = {"int": "integral", "sum": "sum", "prod": "product"}[match[1]]
    return f" {name} from {match[2] or match[3]} to {match[4] or match[5]} of "


def _is_math(math: str) -> bool:
    """True for one letter, or text with a sign of mathematics; not for the "$ and $" between two prices."""
    return bool(re.search(r"[\\^_=+<>×÷]", math)) or re.fullmatch(r"[A-Za-z](?:\([a-z]\))?", math) is not None


def _fraction(top: str, bottom: str) -> str:
    top, bottom = top.strip(), bottom.strip()
    return f" {top}/{bottom} " if top.isdigit() and bottom.isdigit() else f" {top} {_OVER} {bottom} "
