"""Words that say what kind of answer is asked for, in some ten languages: questions, tasks, connectives.

They name the form of a task and no subject; subjects are what an embedding knows. Languages that write no
spaces are searched for the words themselves.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

SPACED: Mapping[str, str] = {
    "what": "what was que qué quoi quel quelle quels quelles cosa che quale quali o quê qual что какой какая "
    "какое какие ما ماذا क्या wat welke vad co ne apa",
    "which": "which welche welcher welches welchen cuál cuáles lequel laquelle quaisquer который أي कौन",
    "who_when_where": "who whom whose when where wer wen wem wann wo quién quiénes cuándo dónde qui quand où "
    "chi quando dove quem onde кто когда где من متى أين कब कहाँ wie wanneer waar",
    "why": "why warum wieso weshalb por porqué pourquoi perché почему зачем لماذا क्यों waarom",
    "how": "how wie cómo como comment come как كيف कैसे hoe",
    "quantity": "many much number count wieviel wieviele viele cuántos cuántas cuánto combien quanti quante "
    "quantos quantas сколько كم कितने hoeveel amount",
    "is_it": "is are was were do does did can could should would will ist sind kann können es son est sont "
    "è sono é são является هل",
    "proof": "prove proof show derive theorem lemma beweise beweisen zeige demuestra demostrar prouve "
    "montrer prouver démontrer dimostra prove demonstre докажи доказать أثبت सिद्ध",
    "computing": "calculate compute solve find evaluate determine simplify estimate berechne löse bestimme "
    "calcula resuelve halla calcule résous trouve calcola risolvi resolva вычисли вычислите найди найдите "
    "реши решите احسب أوجد हल bereken",
    "writing": "write compose draft generate create story poem essay letter email schreibe schreib verfasse "
    "escribe redacta écris rédige scrivi escreva напиши написать اكتب लिखो लिखें schrijf blog article",
    "explaining": "explain describe discuss analyze analyse elaborate erkläre erklären beschreibe explica "
    "describe explique décris spiega descrivi объясни опиши اشرح समझाइए समझाओ",
    "listing": "list name give provide enumerate examples example nenne liste lista nombra enumera énumère "
    "cite elenca перечисли назови اذكر",
    "rewriting": "rewrite summarize summarise shorten paraphrase edit correct improve rephrase translate "
    "übersetze fasse traduce resume traduis résume traduci riassumi traduza переведи перескажи ترجم لخص "
    "अनुवाद translation",
    "comparing": "compare contrast difference differences between versus vs better best worse most least "
    "more less than vergleiche unterschied diferencia compara différence confronta differenza сравни разница "
    "قارن mejor peor besser mieux meilleur migliore melhor лучше",
    "programming": "code function program script python java javascript sql html css algorithm class array "
    "string bug error compile debug api regex implement def return import int void const null true false "
    "print json код функция программа código función funktion",
    "designing": "design plan architecture strategy system build implement develop propose entwirf entwickle "
    "diseña planifica conçois progetta спроектируй صمم optimize",
    "choosing": "option options following choose correct statement statements true false answer select",
    "negation": "not no never except none neither nor without incorrect cannot nicht kein keine nie sin "
    "nunca ni pas jamais sans non mai senza não sem не нет никогда без لا ليس नहीं niet geen",
    "condition": "if then suppose assume given let unless whether such wenn falls angenommen sei si supón "
    "supposons soit se supponi seja если пусть إذا यदि अगर als stel",
    "reason": "because since therefore thus hence so however although while weil daher deshalb jedoch obwohl "
    "porque aunque pero entonces car donc mais perciò però poiché потому поэтому однако لأن क्योंकि but",
    "each": "each every per total all altogether both twice half times remaining left jede jeder cada chaque "
    "ogni каждый каждая كل प्रत्येक average percent sum rest",
    "first_person": "i me my mine we our us ich mein meine wir unser yo mi mis nosotros je mon ma mes nous "
    "io mio mia noi eu meu minha я мой моя мы наш أنا मैं मेरा ik mijn",
    "second_person": "you your du dein deine ihr sie tú tu usted ustedes vous votre lei você ты вы ваш твой "
    "أنت आप तुम u jij",
    "politeness": "please thanks thank hello hi hey bitte danke hallo por favor gracias hola merci bonjour "
    "grazie ciao obrigado olá пожалуйста спасибо привет شكرا مرحبا धन्यवाद नमस्ते ok okay yes",
    "article": "the a an der die das ein eine el la los las un una le les une il lo gli o os as um uma",
    "preposition": "of in on at by for with from to into über von mit für auf de en con para por à dans avec "
    "pour di con per da em com в на с от для من في على إلى",
}
UNSPACED: Mapping[str, str] = {
    "what": "什么 何 무엇 뭐 อะไร",
    "which": "哪个 哪些 哪种 どの どれ 어느 어떤",
    "who_when_where": "谁 何时 哪里 誰 いつ どこ 누구 언제 어디 ใคร ที่ไหน",
    "why": "为什么 为何 なぜ どうして 왜 ทำไม",
    "how": "如何 怎么 怎样 どう どのように 어떻게 อย่างไร",
    "quantity": "多少 几个 いくつ いくら 몇 เท่าไร",
    "is_it": "吗 是否 ですか ますか 습니까",
    "proof": "证明 証明 증명",
    "computing": "计算 求解 解方程 計算 求め 계산 구하",
    "writing": "写 撰写 書いて 作成 써 작성 เขียน",
    "explaining": "解释 说明 描述 説明 教えて 설명",
    "listing": "列出 列举 举例 例を 나열",
    "rewriting": "翻译 总结 改写 翻訳 要約 번역 요약 แปล",
    "comparing": "比较 区别 差异 比べ 違い 비교 차이",
    "programming": "代码 函数 程序 编程 コード 関数 プログラム 코드 함수",
    "designing": "设计 架构 方案 設計 설계",
    "negation": "不 没 ない ません 않 없",
    "condition": "如果 假设 设 もし なら 만약",
    "reason": "因为 所以 因此 但是 ので から しかし 때문 그래서",
    "each": "每 一共 总共 共 毎 合計 각 모두",
    "first_person": "我 私 僕 나는 저는 제",
    "second_person": "你 您 あなた 당신",
    "politeness": "请 谢谢 你好 お願い ありがとう こんにちは 감사 안녕",
}
GROUPS = tuple(SPACED)

_GROUP_OF: dict[str, tuple[int, ...]] = {}
for _place, _group in enumerate(GROUPS):
    for _word in dict.fromkeys(SPACED[_group].split()):
        _GROUP_OF[_word] = (*_GROUP_OF.get(_word, ()), _place)
_FOUND_INSIDE = {word: GROUPS.index(group) for group, words in UNSPACED.items() for word in words.split()}
_WRITES_NO_SPACES = re.compile("[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_SIGNS = {code: chr(code) for code in range(128)} | {
    ord(sign): " " for sign in "\"'`´«»‘’“”„.,:;!?¿¡…()[]{}<>/\\|+*=%^&~#@$-–—。，、！？；：؟،।"
}

Words = tuple[list[int], float, tuple[int, ...]]


def words_of(text: str) -> Words:
    """Look a text's words up.

    Args:
        text: A cleaned text.

    Returns:
        The group of each known word, repetitions left out; the share of its words that are no repetition, 1
        for a text without words; and the groups of its first word.
    """
    words = text.lower().translate(_SIGNS).split()
    distinct = set(words)
    groups = [group for word in distinct & _GROUP_OF.keys() for group in _GROUP_OF[word]]
    if not text.isascii() and _WRITES_NO_SPACES.search(text):
        for word, group in _FOUND_INSIDE.items():
            groups += [group] * (word in text)
    if not words:
        return groups, 1.0, ()
    return groups, len(distinct) / len(words), _GROUP_OF.get(words[0], ())
