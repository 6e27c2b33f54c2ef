"""What people say around a question and not in it: greetings, politeness, a helpful assistant's role.

None of it makes a question harder, so none of it may choose the model. A clause at either end of a text is
small talk if every word of it is one of those such clauses are made of, and one at least marks it as such;
politeness that leads into a question ("could you please tell me") is small talk too. A role with a subject
("You are a physicist") is none: it says what the question is about.
"""

import re
from itertools import islice

MAX_CLAUSE_CHARS = 160
"""A longer clause says more than hello."""

_MARKING = (
    "hi hello hey heya hiya howdy greetings yo goodbye bye cheers regards sincerely welcome",
    "please pls plz kindly thanks thank thx ty tia appreciate appreciated grateful gratitude",
    "sorry pardon excuse apologies apologize bother bothering assistant chatbot helpful",
    "hallo servus moin danke bitte bonjour salut merci hola gracias ciao grazie ola olá obrigado obrigada",
    "namaste salaam aloha привет здравствуйте спасибо пожалуйста مرحبا शुक्रिया नमस्ते",
    "你好 您好 谢谢 请问 こんにちは ありがとう お願いします 안녕하세요 감사합니다",
)
_FILLING = (
    "a about advance afternoon again ahead all also am amazing an and any anyone anything are as at",
    "awesome back be been before best better bit brief busy but by can could d day days dear did do does",
    "doing don earlier effort efforts else enough evening everybody everyone everything excellent few",
    "find fine folks for forward friend friends from get getting give glad going good great guys had have",
    "having hear help helping here hope hoping how i if in input inputs is it its just kind know let like",
    "little ll look looking lot lots lovely m madam many mate may maybe me meet might mind moment morning",
    "most mr mrs ms much my name need needed new nice nicely night no not of off ok okay on one or our",
    "out patience please possible quick re ready really s see sincerely sir so some somebody someone",
    "something soon such support sure t take taking team that the their them then there these they thing",
    "things this time to today together tomorrow tonight too trouble truly try up us use ve very was we",
    "week weekend well were what when whenever who will wish with wonder wonderful wondering would ya you",
    "your yours yourself",
    # of whom is talked to, and what is asked of it
    "ai bot chatgpt claude gemini gpt llama mistral language large model expert fellow friendly harmless",
    "honest intelligent knowledgeable polite professional smart",
    "accurate accurately answer answers ask asking assist assistance below careful carefully concise",
    "concisely correct correctly following human input prompt q query question questions reply request",
    "respond response system talk talking thanking user",
)
_MARKS = frozenset(" ".join(_MARKING).split())
"""A clause of small talk holds one of these."""

_WORDS = frozenset(" ".join((*_MARKING, *_FILLING)).split())
"""A clause of small talk holds no other words."""

_GREETINGS = frozenset(("hi", "hello", "hey", "hiya", "howdy", "dear", "hallo", "hola", "bonjour", "ciao"))
"""They may be followed by somebody's name."""

_PHRASE = re.compile(
    r"how (?:are (?:you|things)|is (?:it|everything|life)|s it)|good (?:morning|afternoon|evening|day|night)"
    r"|hope (?:you|this|all|everything)|(?:nice|good|great) to (?:meet|see)|have a (?:nice|good|great|lovely)"
)
_WORD = re.compile(r"[^\W_]+")
_ENDS = r".?!,;:\n。，！？；：…"
_CLAUSE = re.compile(rf"[^{_ENDS}]*[{_ENDS}]+[\s\"')\]]*|[^{_ENDS}]+$")
_LEAD = re.compile(
    r"\s*(?:(?:(?:user|human|system|question|query|prompt|request|q)[ \t]*:\s*(?=\S))"
    r"|(?:hi|hello|hey|hiya|howdy|good (?:morning|afternoon|evening|day))\b"
    r"(?: (?:there|all|everyone|again)\b)?\W+(?!world)(?=\w)"
    r"|(?:please|pls|plz|kindly)[\s,:]+(?=\w)"
    r"|(?:can|could|would|will) (?:you|u|anyone|someone)\b(?:,? (?:please|kindly|possibly|maybe|just)\b)*"
    r"(?: be (?:so kind|kind enough)(?: as)? to)?\s+(?=\w)"
    r"|i(?: would|['’]d)? (?:like|love|want|need|appreciate it if) you (?:to|could|would)\s+(?=\w)"
    r"|(?:i (?:was|am) |i['’]m |just )?wondering (?:if|whether) you (?:could|can|would)\s+(?=\w)"
    r"|(?:tell me|let me know|help me(?: out)?(?: with)?)[\s,:]+(?=\w))+",
    re.IGNORECASE,
)
_TRAIL = re.compile(
    r"(?:[\s,]+(?:please|pls|plz|kindly|thanks|thank you|thx|if you (?:can|could|would|please)|for me))+"
    r"(?=\W*$)",
    re.IGNORECASE,
)
_SIGNED = re.compile(
    r"\n\s*(?:(?:best|kind|warm) )?(?:regards|wishes|cheers|sincerely|thanks),?\s*\n\s*\w+(?: \w+)?\W*$",
    re.IGNORECASE,
)
_OPENERS = _GREETINGS | frozenset(
    ("user", "human", "system", "question", "query", "prompt", "request", "q", "good", "please", "pls", "plz")
    + ("kindly", "can", "could", "would", "will", "i", "just", "wondering", "tell", "let", "help")
)
"""What leads into a question, and a greeting by name, begin with one of these."""

_CLOSERS = frozenset(
    ("please", "pls", "plz", "kindly", "thanks", "thank", "you", "thx", "can", "could", "would", "me")
)
"""Politeness behind a question ends with one of these."""

_SUSPECTS = _MARKS | _GREETINGS | {"how", "good", "hope", "nice", "great", "have"}
"""A clause that holds none of these is not marked as small talk."""

_SIGNATURES = ("regards", "wishes", "cheers", "sincerely", "thanks", "\u017f", "\u0131", "i\u0307")
"""Where a signature may be; the last are what a pattern that ignores case takes for `s` and `i`."""
_END = re.compile(f"[{_ENDS}]")
_NO_CASE = "\u2e80"  # the scripts from here on have no case
_MAX_ROUNDS = 8
_MAX_CHARS = 300  # looked at from either end in a round
_LINE = 80


def without_small_talk(text: str) -> str:
    """Return the text without the greetings and the politeness at its ends.

    Args:
        text: Any string.

    Returns:
        What is left, or the text itself where there is nothing else in it.
    """
    if _begins_otherwise(text) and _ends_otherwise(text):
        return text  # as most do, and this takes a tenth of the time
    left = text
    for _ in range(_MAX_ROUNDS):  # what one round uncovers may be small talk too
        shorter = _without_end(_without_start(left))
        if shorter == left:
            break
        left = shorter
    return left if _WORD.search(left) else text


def _begins_otherwise(text: str) -> bool:
    """Tell at a glance, where one can, that nothing is to be cut before a question."""
    head = text[:MAX_CLAUSE_CHARS].lower()
    for word in _WORD.finditer(head):
        letters = word[0]
        if letters in _OPENERS:
            return False
        if letters not in _WORDS:
            start = word.start()
            if not letters.isascii():  # a pattern that ignores case takes some letters for ASCII ones
                return start == 0 and letters[0] >= _NO_CASE
            return _END.search(head, 0, start) is None  # so the first clause is none of small talk's
    return False


def _ends_otherwise(text: str) -> bool:
    """Tell at a glance, where one can, that nothing is to be cut behind a question."""
    tail = text[-_LINE:].lower()
    if "\n" in tail:
        for word in _SIGNATURES:  # a generator takes longer than all of this
            if word in tail:
                return False
    backwards = _WORD.finditer(tail[::-1])
    for i, found in enumerate(backwards):
        letters = found[0][::-1]
        if letters not in _WORDS:
            if i == 0:
                return True
            whole = found.end() < len(tail) or len(text) <= _LINE
            return whole and not any(w[0][::-1] in _GREETINGS for w in islice(backwards, 2))
        if letters in _SUSPECTS or (i == 0 and letters in _CLOSERS) or not tail.isascii():
            return False
    return False


def _without_start(text: str) -> str:
    """Cut behind the last marked of the first clauses, then what leads into the question."""
    cut = position = 0
    first = _WORD.match(text)
    # most questions begin with a word that is none of small talk's, and so does their first clause
    end = 0 if first and first[0].lower() not in _WORDS else min(len(text), _MAX_CHARS)
    while (clause := _CLAUSE.match(text, position, end)) and (words := _words(clause[0])) is not None:
        position = clause.end()
        if _is_marked(words) and position < len(text):
            cut = position
    lead = _LEAD.match(text, cut, cut + _MAX_CHARS)
    return text[lead.end() if lead else cut :]


def _without_end(text: str) -> str:
    """Cut before the first marked of the last clauses, or a word of politeness behind the question."""
    if "\n" in text[-_LINE:] and (signed := _SIGNED.search(text, max(0, len(text) - _LINE))):
        text = text[: signed.start()]
    last = _WORD.findall(text[-_LINE:])
    if last and last[-1].lower() not in _WORDS:
        return text  # as most do
    start = max(0, len(text) - _MAX_CHARS)
    clauses = [*_CLAUSE.finditer(text, start)][1:]  # the first may lack its beginning
    cut = len(text)
    for clause in reversed(clauses):
        words = _words(clause[0])
        if words is None:
            break
        if _is_marked(words):
            cut = clause.start()
    text = text[:cut]
    trail = _TRAIL.search(text, max(0, len(text) - _LINE))
    if trail is None:
        return text
    own_sentence = trail[0].lstrip(" ,\n\t")[:1].isupper()  # "D. 14 Thanks!"
    return text[: trail.start()] + ("" if own_sentence else text[trail.end() :])


def _words(clause: str) -> list[str] | None:
    """Return a clause's words if it may be small talk, else None."""
    if len(clause) > MAX_CLAUSE_CHARS:
        return None
    words = _WORD.findall(clause.lower())
    to_somebody = len(words) <= 3 and words[:1] and words[0] in _GREETINGS  # "Hello Anna,"
    return words if to_somebody or _WORDS.issuperset(words) else None


def _is_marked(words: list[str]) -> bool:
    if words[:1] and words[0] in _GREETINGS:
        return True
    return not _MARKS.isdisjoint(words) or _PHRASE.search(" ".join(words)) is not None
