from shared_router.evaluation.near_duplicates import duplicate_groups

LONG = "Explain in simple words how the tides follow the moon and why there are two of them each day"


def test_equal_prompts_are_one_group_whatever_their_case_and_spacing() -> None:
    groups = duplicate_groups(["What is 2+2?", "Name a river.", "  what IS\n2+2?", ""])
    assert groups[0] == groups[2]
    assert len(set(groups.tolist())) == 3


def test_a_prompt_with_one_word_changed_at_its_end_is_a_near_duplicate() -> None:
    """19 words are 17 runs of three; the last word is in one of them: 16 shared of 18, .89."""
    groups = duplicate_groups([LONG, LONG.replace("each day", "each night"), "Quite another question"])
    assert groups[0] == groups[1] != groups[2]


def test_a_template_filled_with_other_words_is_not() -> None:
    """A word in the middle is in three runs: two changed ones leave 11 of 23 shared, .48."""
    groups = duplicate_groups([LONG, LONG.replace("tides", "winds").replace("two", "three")])
    assert groups[0] != groups[1]
