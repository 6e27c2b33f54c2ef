"""Turns that carry no question of their own: "why?", "continue", "yes, do it".

Alone they say nothing of what is asked, so `query_of` joins them to the last question that does. A turn is
one only if it is short and every word of it points back or agrees, so that "What is 2+2?" stays a question of
its own. The words are those of fifteen languages; a follow-up in another one is scored by itself.
"""

import re
from unicodedata import category

from shared_router.text import clean

MAX_CHARS = 40
"""A longer turn says something of its own, in characters."""

_CHOICE = re.compile(r"\W*(\d{1,2}|[a-eny])\W*")

_BY_LANGUAGE = {
    "English": (
        "a again ahead all also alright an and another any anything are as be both but can carry continue "
        "correct could course definitely did do does don doing done else elaborate exactly example "
        "examples expand explain fine first for further get give go going good got great have he how i if "
        "in is it its just keep let lets lgtm like longer looks makes me mean meaning more much my nah "
        "next no nope not now of off ok okay on one ones only or other out part perfect please pls "
        "proceed really redo retry right same say second sense she shorter should show so some sounds "
        "still stop sure t tell that the their them then there these they thing third this those to too "
        "try two understand understood up us want was way we well what when where which why will with "
        "works would yeah yep yes yup s d ll m re ve nice cool agreed approved approve confirm confirmed "
        "absolutely"
    ),
    "German": (
        "ja nein doch warum wieso weshalb weiter mach mache machen das es und noch mehr bitte genau gut "
        "klar gern gerne passt stimmt beispiel erklär erkläre nochmal ausführlicher kürzer los"
    ),
    "French": (
        "oui non pourquoi continue continuez vas y allez encore plus d accord fais le la ça cela et alors "
        "exemple explique expliquez svp s il te vous plaît"
    ),
    "Spanish": (
        "sí si por qué porque continúa continua sigue siga adelante hazlo vale más mas ejemplo explica "
        "favor y de acuerdo claro otro otra vez"
    ),
    "Portuguese, Italian": (
        "sim não nao faça porquê mais exemplo e sì perché vai avanti ancora fallo esempio certo bene va"
    ),
    "Dutch, Polish, Turkish": (
        "nee waarom verder ga door meer graag doe het tak nie dlaczego kontynuuj dalej proszę evet hayır "
        "neden devam et lütfen tamam"
    ),
    "Russian, Arabic, Hindi": (
        "да нет почему зачем продолжай продолжайте давай дальше ещё еще пожалуйста хорошо понятно пример "
        "نعم لا لماذا أكمل تابع استمر حسنا المزيد مثال हाँ हां नहीं क्यों जारी रखें रखो और ठीक है"
    ),
    "Chinese, Japanese, Korean": (
        "好 好的 是 是的 对 不 不是 可以 行 继续 请继续 接着 接着说 为什么 怎么 然后呢 还有呢 "
        "举例 举个例子 はい いいえ なぜ どうして 続けて 続けてください お願いします もっと "
        "네 예 아니요 왜 계속 계속해 계속해줘 더"
    ),
}
_WORDS = frozenset(" ".join(_BY_LANGUAGE.values()).split())
"""Words that agree or point back. A turn in a language without spaces is one word."""

_THANKS_AND_GREETINGS = (
    "hi hello hey thank thanks thx danke merci gracias obrigado obrigada grazie bedankt dzięki "
    "teşekkürler спасибо شكرا धन्यवाद 谢谢 ありがとう 고마워"
)
_POLITE = frozenset(_THANKS_AND_GREETINGS.split())
"""Words that make no follow-up alone: who greets or thanks asks for nothing more."""


def is_follow_up(text: str) -> bool:
    """Say whether a user's turn carries no question of its own.

    Args:
        text: The turn's text.

    Returns:
        True for at most `MAX_CHARS` characters of which every word agrees or points back, for one number or
        letter that picks a choice, and for a turn without any word, such as "?" or an emoji.
    """
    text = text.strip()
    if len(text) > MAX_CHARS:
        return False
    lowered = clean(text).casefold()
    if _CHOICE.fullmatch(lowered):
        return True
    words = set("".join(" " if category(char)[0] in "PS" else char for char in lowered).split())
    # an operator makes a sum of what else would be a choice
    if any(char in text for char in "+*/=^<>") or not words - _POLITE:
        return not words
    return words <= _WORDS | _POLITE
