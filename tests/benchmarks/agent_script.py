"""What the users say and the tools return in the recorded agent traces: ours, written for them.

The local model calls no tools, so which tool is asked for what is part of the script; the words around them
are the model's own. A turn is hard where a small model does not do: a proof, an exact derivation, a design
with constraints that conflict, a subtle fault in code. Greetings, look-ups, rephrasing and thanks are easy.
"""

from __future__ import annotations

from dataclasses import dataclass

SYSTEM = """You are the assistant of an engineering company's help desk. Answer in a few sentences, in
plain words, and say so where you are not sure. You have tools; when one has answered, use
what it returned and do not invent figures. Never show internal identifiers to the user.
Dates are ISO-8601, amounts are in euros, units are SI. When a question is about money, say
which invoice or budget line it concerns. When it is about code, name the file and the
line. When it is about people, give their role and not their private details.

Tools:
{"name": "search_docs", "description": "Full-text search in the handbook, the wiki and the runbooks.
Returns the best passages with their titles. Use it for procedures, policies and definitions.",
"parameters": {"type": "object", "properties": {"query": {"type": "string", "description": "Words to
look for"}, "limit": {"type": "integer", "minimum": 1, "maximum": 5}}, "required": ["query"]}}
{"name": "run_sql", "description": "Run one read-only SQL statement on the warehouse. Tables: orders(id,
customer, day, amount, currency, status), customers(id, name, country, since), tickets(id, customer,
opened, closed, severity), machines(id, site, model, installed, hours). Returns at most 50 rows as
text.", "parameters": {"type": "object", "properties": {"statement": {"type": "string"}}, "required":
["statement"]}}
{"name": "read_file", "description": "Read lines of a file of the main repository. Returns the lines
with their numbers.", "parameters": {"type": "object", "properties": {"path": {"type": "string"},
"first": {"type": "integer"}, "last": {"type": "integer"}}, "required": ["path"]}}
{"name": "run_tests", "description": "Run the tests that match a pattern and return the summary and the
first failure's traceback.", "parameters": {"type": "object", "properties": {"pattern": {"type":
"string"}}, "required": ["pattern"]}}
{"name": "calendar", "description": "List free slots of a person or a room on a day.", "parameters":
{"type": "object", "properties": {"who": {"type": "string"}, "day": {"type": "string"}}, "required":
["who", "day"]}}"""
"""About 700 tokens, as agents' instructions and tools have."""

RUNBOOK = """Runbook: replacing a pump's seal. 1. Announce the stop to the control room and wait for
the acknowledgement. 2. Close the inlet and the outlet, lock both, hang the tags. 3. Open
the drain until the gauge shows less than 0.2 bar. 4. Remove the coupling guard and mark
the position of the coupling. 5. Pull the cartridge; never use a hammer on the sleeve. 6.
Measure the shaft's runout: more than 0.05 mm means that the bearing is replaced too. 7.
Fit the new cartridge with the setting clips in place, tighten crosswise to 45 Nm, then to
90 Nm. 8. Remove the clips, turn the shaft by hand three times, listen. 9. Vent, open the
inlet slowly, look for drops for ten minutes. 10. Remove locks and tags in the reverse
order and log the hours. Spare parts: cartridge 4711-B for models of 2019 and later,
4711-A before. Time needed: two people, ninety minutes. Warm oil burns: wait until the
casing is below 50 degrees."""

ORDERS = """day        | customer | amount   | currency | status
2026-03-02 | 118      |  1240.00 | EUR      | paid
2026-03-02 | 204      |   310.50 | EUR      | paid
2026-03-03 | 118      |  1240.00 | EUR      | refunded
2026-03-05 | 77       | 15800.00 | USD      | open
2026-03-07 | 204      |   310.50 | EUR      | paid
2026-03-09 | 391      |   990.00 | EUR      | cancelled
2026-03-11 | 77       |  2210.75 | EUR      | paid
2026-03-14 | 118      |   480.00 | EUR      | open
2026-03-19 | 512      |  7425.00 | GBP      | paid
2026-03-21 | 204      |   931.50 | EUR      | paid
2026-03-26 | 391      |   990.00 | EUR      | paid
2026-03-30 | 77       |  2210.75 | EUR      | paid
(12 rows)"""

CODE = """ 41 class LeaseTable:
 42     def __init__(self, store, ttl=30):
 43         self.store, self.ttl, self.mine = store, ttl, {}
 44
 45     def acquire(self, key):
 46         now = time.time()
 47         row = self.store.get(key)
 48         if row is None or row.expires < now:
 49             self.store.put(key, Row(owner=ME, expires=now + self.ttl))
 50             self.mine[key] = now + self.ttl
 51             return True
 52         return row.owner == ME
 53
 54     def renew(self):
 55         for key, expires in self.mine.items():
 56             if expires - time.time() < self.ttl / 2:
 57                 self.store.put(key, Row(owner=ME, expires=time.time() + self.ttl))
 58                 self.mine[key] = expires + self.ttl
 59
 60     def release(self, key):
 61         self.store.delete(key)
 62         del self.mine[key]"""

FAILURE = """FAILED tests/test_leases.py::test_two_workers_never_hold_one_lease
    def test_two_workers_never_hold_one_lease(store):
        one, two = LeaseTable(store), LeaseTable(store)
        start = threading.Barrier(2)
        results = run_together(lambda t: (start.wait(), t.acquire("job"))[1], one, two)
>       assert sorted(results) == [False, True]
E       assert [True, True] == [False, True]
1 failed, 14 passed in 3.21s"""

OIL = """id | site | hours
 7 | B    | 4120
 9 | A    | 3988"""

SLOTS = """2026-04-14: 09:00-10:30, 13:00-14:00, 16:30-18:00
2026-04-15: 11:00-12:00, 15:00-18:00"""

POLICY = """Travel policy, section 4. Trains are booked in second class below four hours and may be in
first class above. Flights need an approval above 400 euros. Hotels are paid up to 140
euros a night, 190 in Zurich, London and Paris. A daily allowance of 28 euros is paid for
each whole day and 14 for days of departure and arrival; a breakfast that the hotel's bill
includes takes 5.60 off. Taxis need a reason in words. Receipts are handed in within 30
days; later ones are paid only with the approval of the department's head. Private days
before or after are allowed where they do not raise the fare, which a screenshot of both
fares shows."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing that a user says, and the tools that are asked before the answer.

    Attributes:
        text: The user's words.
        is_hard: Whether a small model does not do.
        tools: Each tool's name and what it returned.
        pause_s: How long the user took to say it, in seconds.
    """

    text: str
    is_hard: bool = False
    tools: tuple[tuple[str, str], ...] = ()
    pause_s: float = 40.0


CONVERSATIONS: tuple[tuple[Turn, ...], ...] = (
    (
        Turn("hi"),
        Turn(
            "Prove that our retry scheme terminates: each attempt doubles its wait up to 60 s, and the "
            "sum of all waits is capped at 10 minutes. Give the largest possible number of attempts when"
            " the first wait is w.",
            is_hard=True,
        ),
        Turn("Thanks! Can you say that in one sentence?"),
        Turn("And where is the retry policy written down?", tools=(("search_docs", RUNBOOK),)),
    ),
    (
        Turn("How do I replace a pump's seal?", tools=(("search_docs", RUNBOOK),)),
        Turn("Which cartridge do I need for a model of 2021?"),
        Turn(
            "The runout is 0.07 mm and the control room gives us only 75 minutes. Which steps can run in"
            " parallel with two people, what is the shortest schedule that keeps every safety "
            "constraint, and can it fit?",
            is_hard=True,
            pause_s=95,
        ),
        Turn("ok, and who has to acknowledge the stop?", pause_s=20),
        Turn("Write that as a two-line message to the control room.", pause_s=620),
    ),
    (
        Turn(
            "This test fails now and then. Why, and what is the smallest change that makes it impossible?",
            is_hard=True,
            tools=(("run_tests", FAILURE), ("read_file", CODE)),
        ),
        Turn(
            "Line 58 looks odd too. Derive by how much a lease drifts after n renewals and what that allows.",
            is_hard=True,
            pause_s=70,
        ),
        Turn("Great, thank you."),
        Turn("Which line was the renewal on again?", pause_s=15),
        Turn("Give me a commit subject for it.", pause_s=30),
    ),
    (
        Turn("Good morning!"),
        Turn("List the orders of March.", tools=(("run_sql", ORDERS),)),
        Turn("Which customers have open orders?", pause_s=25),
        Turn(
            "Customer 118 says we owe 1720 euros, our ledger says 480. Reconstruct both positions from "
            "these rows, find which assumption differs, and say which one holds if refunds are booked on"
            " the day of the refund.",
            is_hard=True,
            pause_s=120,
        ),
        Turn("Put the result in a table with two columns.", pause_s=45),
    ),
    (
        Turn("Is Ms Weber free on 14 April?", tools=(("calendar", SLOTS),)),
        Turn("And room 3?", tools=(("calendar", SLOTS),), pause_s=12),
        Turn("Take the first slot that works for both.", pause_s=15),
        Turn("Thanks"),
    ),
    (
        Turn("What does the travel policy say about hotels?", tools=(("search_docs", POLICY),)),
        Turn("How much is the allowance for a day of arrival?", pause_s=20),
        Turn(
            "I leave Monday 14:00 for Zurich, stay three nights with breakfast on the bill, fly back "
            "Thursday for 385 euros or Saturday for 240 with two private days. Work out what each "
            "variant costs the company to the cent and which of them the policy allows, with the "
            "reasons.",
            is_hard=True,
            pause_s=150,
        ),
        Turn("Can you make that shorter?", pause_s=30),
        Turn("Who approves it?", pause_s=400),
    ),
    (
        Turn("Translate 'the valve is closed' into German."),
        Turn("And into French?", pause_s=8),
        Turn("Now as a label in capitals.", pause_s=10),
    ),
    (
        Turn("hello, are you there?"),
        Turn("Show me the lease table's code.", tools=(("read_file", CODE),), pause_s=15),
        Turn(
            "Assume clocks of two hosts differ by at most d seconds. Prove or refute: with ttl > 2d no "
            "two workers hold one lease at the same real time, given that put is atomic but get and put "
            "together are not.",
            is_hard=True,
            pause_s=200,
        ),
        Turn(
            "Then design a protocol with fencing tokens that is safe for every d, and argue its invariant.",
            is_hard=True,
            pause_s=180,
        ),
        Turn("Nice. Which class did we start from?", pause_s=500),
    ),
    (
        Turn(
            "Which machines need an oil change?",
            tools=(("run_sql", OIL),),
        ),
        Turn("Sort them by hours.", pause_s=10),
        Turn("Thanks, bye", pause_s=9),
    ),
    (
        Turn("Summarise the runbook for the seal in three points.", tools=(("search_docs", RUNBOOK),)),
        Turn(
            "Two crews share one lifting device and three pumps wait. Minimise the total standstill if "
            "crew A needs 90 minutes a pump and crew B 120, the device is needed in steps 4 to 6, and "
            "prove that no order is better.",
            is_hard=True,
            pause_s=160,
        ),
        Turn("Who brings the device?", pause_s=35),
        Turn("Write a friendly reminder to both crews.", pause_s=60),
    ),
)
