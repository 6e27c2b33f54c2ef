"""Turns that carry no question of their own: "why?", "continue", "yes, do it".

Alone they say nothing of what is asked, so `query_of` joins them to the last question that does. A turn is
one only if it is short and every word of it points back or agrees, so that "What is 2+2?" stays a question of
its own. The words are those of the languages below; a follow-up in another one is scored by itself.
"""

import re
from unicodedata import category

from shared_router.text import clean

MAX_CHARS = 40
"""A longer turn says something of its own, in characters."""

_CHOICE = re.compile(
    r"\W*(?:(?:option|choice|number|step|point|opción|opção|opzione|variante|вариант|第)\W*)?(\d{1,2}|[a-eny])\W*"
)

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
        "absolutely "
        "about agree are clarify make continued deeper detail detailed details does each either fewer hm "
        "hmm huh i "
        "idea ideas interesting left maybe neither none repeat rephrase revert rewrite run see shorten "
        "simple simpler simplify simply such summarise summarize terms undo wait whatever work wrong you "
        "your brief briefly decide from ship fix"
    ),
    "German": (
        "ja nein doch warum wieso weshalb weiter mach mache machen das es und noch mehr bitte genau gut "
        "klar gern gerne passt stimmt beispiel erklär erkläre nochmal ausführlicher kürzer los "
        "auch bist dann davon damit du dies eins einfacher heißt ist mal meinst mir nicht nochmals sicher "
        "warum was weitermachen wie einmal"
    ),
    "French": (
        "oui non pourquoi continue continuez vas y allez encore plus d accord fais le la ça cela et alors "
        "exemple explique expliquez svp s il te vous plaît "
        "après c comment court courte détaille développe ensuite es est moi pas puis quoi reformule résume "
        "simplement suite suivant sûr sûre tu"
    ),
    "Spanish": (
        "sí si por qué porque continúa continua sigue siga adelante hazlo vale más mas ejemplo explica "
        "favor y de acuerdo claro otro otra vez "
        "bien cómo dale después detalla entonces es eso está estás esto explícalo explícame explícamelo la "
        "lo luego no resume segura seguro si"
    ),
    "Portuguese, Italian": (
        "sim não nao faça porquê mais exemplo e sì perché vai avanti ancora fallo esempio certo bene va "
        "assim certeza como depois detalhes explica explique fazer isso melhor pode prossiga que quê "
        "resuma siga "
        "sim tem come mai meglio non più poi procedi riassumi sei sicura sicuro spiega spiegami spiegati"
    ),
    "Dutch, Polish, Turkish": (
        "nee waarom verder ga door meer graag doe het tak nie dlaczego kontynuuj dalej proszę evet hayır "
        "neden devam et lütfen tamam "
        "dat dan een en je keer leg maar niet nog uit weet zeker "
        "a co czemu i jeszcze na pewno raz wyjaśnij zrób "
        "açıkla bunu daha emin fazla misin niye peki tekrar yap"
    ),
    "Russian, Arabic, Hindi": (
        "да нет почему зачем продолжай продолжайте давай дальше ещё еще пожалуйста хорошо понятно пример "
        "а больше вы да-да и как не объясни объясните подробнее раз сделай сделайте так точно ты уверен "
        "уверена уверены что это "
        "اشرح استمر افعل أكثر أنت بعد ثم ذلك فضلك كيف ماذا متأكد من هذا هل "
        "ऐसा करो कैसे जी फिर बताओ समझाओ से "
        "نعم لا لماذا أكمل تابع استمر حسنا المزيد مثال हाँ हां नहीं क्यों जारी रखें रखो और ठीक है"
    ),
    "Korean": (
        "네 예 아니요 왜 계속 계속해 계속해줘 더 그래 그래요 그런가요 그럼 그리고 다시 다음 다음은 "
        "설명해 설명해줘 설명해주세요 "
        "알겠어요 예시 왜요 응 자세히 좋아 좋아요 주세요 해 해줘 해주세요 확실해 확실해요 계속해주세요"
    ),
    "Swedish, Danish, Norwegian, Finnish": (
        "varför fortsätt ja nej mer gör det förklara hvorfor fortsæt fortsett nei mere gør gjør forklar "
        "miksi jatka kyllä ei lisää selitä"
    ),
    "Czech, Slovak, Hungarian, Romanian, Bulgarian, Ukrainian": (
        "proč pokračuj ano ne ještě vysvětli prečo áno nie miért folytasd igen nem még magyarázd de ce "
        "continuă da nu mai mult explică защо продължи чому продовжуй так ні ще зроби це поясни"
    ),
    "Greek, Hebrew, Persian, Catalan": (
        "γιατί συνέχισε ναι όχι εξήγησε למה תמשיך תמשיכי כן לא עוד תסביר בבקשה "
        "چرا ادامه بده بله آره نه لطفا بیشتر توضیح per què continua sí"
    ),
    "Vietnamese, Indonesian, Filipino, Swahili": (
        "tại sao tiếp tục vâng có không thêm giải thích đi kenapa mengapa lanjut lanjutkan ya tidak lagi "
        "jelaskan bakit sige oo kwa nini endelea ndiyo"
    ),
}
_WITHOUT_SPACES = {
    "Chinese": (
        "好 的 是 对 對 不 可以 行 请 請 继续 繼續 接着 接著 说 說 为什么 為什麼 为何 為何 为啥 怎么 "
        "怎麼 然后 然後 还有 還有 "
        "呢 吗 嗎 吧 啊 了 呀 举例 举个例子 再 来 來 一个 一個 一遍 一次 一点 一點 详细 詳細 解释 解釋 "
        "一下 你 确定 確定 做 那 这 這 "
        "就 嗯 没错"
    ),
    "Japanese": (
        "はい いいえ うん なぜ なんで どうして です ます か ね よ の は を も 続けて 続き ください "
        "下さい お願いします お願い もっと "
        "詳しく もう一度 説明して して やって 次 それ これ で 本当 に じゃあ 教えて 例えば 例 了解 "
        "わかりました"
    ),
    "Thai": "ทำไม ต่อ เลย ครับ ค่ะ คะ ล่ะ ใช่ ไม่ ได้ ขอ อีก อธิบาย เพิ่ม หน่อย ทำ",
}
_PIECES = "|".join(sorted(map(re.escape, " ".join(_WITHOUT_SPACES.values()).split()), key=len, reverse=True))
_IN_PIECES = re.compile(f"(?:{_PIECES})+")
_WORDS = frozenset(" ".join(_BY_LANGUAGE.values()).casefold().split())
"""Words that agree or point back; a turn in a language without spaces is made of pieces that do."""

_HELLO = (
    "hi hello hey 你好 您好 こんにちは 안녕 안녕하세요 привет здравствуйте hallo hola salut bonjour ciao olá"
)
_GREETINGS = frozenset(_HELLO.split())
"""Words that a turn begins with which asks for something new."""
_THANKS = (
    "thank thanks thx danke merci gracias obrigado obrigada grazie bedankt dzięki teşekkürler спасибо شكرا "
    "धन्यवाद 谢谢 ありがとう 고마워 tack kiitos"
)
_POLITE = _GREETINGS | frozenset(_THANKS.split())
"""Words that make no follow-up alone: who greets or thanks asks for nothing more."""
_OF_THE_ASSISTANT = re.compile("(how|what|who) (are|can|do) (you|i)( do| doing)?")
"""Questions of such words alone that ask something new."""


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
    in_order = "".join(" " if category(char)[0] in "PS" else char for char in lowered).split()
    words = set(in_order)
    # an operator makes a sum of what else would be a choice
    if any(char in text for char in "+*/=^<>") or not words - _POLITE:
        return not words
    if in_order[0] in _GREETINGS or _OF_THE_ASSISTANT.fullmatch(" ".join(in_order)):
        return False
    return all(word in _WORDS or word in _POLITE or _IN_PIECES.fullmatch(word) for word in words)
