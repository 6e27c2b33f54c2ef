"""The panel that asks both models, in a real browser, over a real HTTP server in the models' place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.faults import Fault
from tests.playground.conftest import SECRET, Playground

if TYPE_CHECKING:
    from playwright.sync_api import Page

BOX = "Ask a question"


def test_both_models_answer_beside_what_the_router_would_do(page: Page, playground: Playground) -> None:
    page.goto("/chat")
    page.get_by_text("strong: strong-model at").wait_for()
    page.get_by_placeholder(BOX).fill("q1 Prove that there are infinitely many primes.")
    page.keyboard.press("Enter")
    page.get_by_text("q1 by strong-model: one two three four five").wait_for()
    page.get_by_text("q1 by weak-model: one two three four five").wait_for()
    page.get_by_text("The router would ask the strong model: win probability").wait_for()
    assert playground.provider.models_asked[-2:] == ["weak-model", "strong-model"]
    assert SECRET not in page.content()


def test_a_cascade_is_shown_step_by_step_and_stops_where_the_weak_answers_agree(
    page: Page, playground: Playground
) -> None:
    page.goto("/chat")
    page.get_by_text("Cascade: the weak model first").click()
    page.get_by_text("The weak model answers up to 3 times").wait_for()
    page.get_by_placeholder(BOX).fill("q2 What is two and two?")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Used: the weak model's answer").wait_for()
    page.get_by_text("Is it good enough? yes").wait_for()
    asked = [each.model for each in playground.provider.asked if each.request == "q2"]
    assert set(asked) == {"weak-model"}
    slider = page.get_by_role("slider")
    slider.focus()
    page.keyboard.press("Home")  # at 0 every weak answer is rejected
    page.get_by_placeholder(BOX).fill("q3 What is two and two?")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Used: the strong model's answer").wait_for()
    page.get_by_text("Is it good enough? no, ask the strong model").wait_for()


def test_a_server_that_fails_is_told_by_class_and_without_the_key(page: Page, playground: Playground) -> None:
    playground.provider.plan.script("weak-model", [Fault("401")])
    page.goto("/chat")
    page.get_by_placeholder(BOX).fill("q4 Hello?")
    page.keyboard.press("Enter")
    error = page.get_by_role("alert").filter(has_text="the weak model's server must answer")
    error.wait_for()
    assert "AuthenticationError (the key is not accepted)" in error.inner_text()
    assert SECRET not in page.content()
    page.get_by_text("Cascade: the weak model first").click()
    page.get_by_text("The weak model answers up to 3 times").wait_for()
    error.wait_for()  # an answer that failed stays as one that came does


def test_a_server_that_sends_no_answer_is_told_in_words(page: Page, playground: Playground) -> None:
    playground.provider.plan.script("weak-model", [Fault("html")])
    page.goto("/chat")
    page.get_by_placeholder(BOX).fill("q5 Hello?")
    page.keyboard.press("Enter")
    page.get_by_role("alert").filter(has_text="its answer is no chat completion").wait_for()


def test_a_server_that_hangs_does_not_hold_the_page(page: Page, playground: Playground) -> None:
    playground.provider.plan.script("weak-model", [Fault("stall")])
    page.goto("/chat")
    page.get_by_placeholder(BOX).fill("q6 Hello?")
    page.keyboard.press("Enter")
    page.get_by_text("Asking the weak model...").wait_for()
    page.get_by_role("link", name="Prompts", exact=True).click()
    page.get_by_role("heading", name="Where do my prompts go?").wait_for()
    page.get_by_role("link", name="Chat", exact=True).click()
    page.get_by_text("Stopped: something else was asked").wait_for()
