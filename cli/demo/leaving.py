"""The very end: nothing of the persons left the system, by mail or in a log."""

import json

from cli.demo.letters import nothing_but_something_new_was_mailed
from cli.demo.stage import Stage, forbidden_words


async def every_e_mail_of_the_play_said_only_that_something_is_new(stage: Stage) -> None:
    """Every e-mail about a referral, to anybody, since the play began."""
    await nothing_but_something_new_was_mailed(stage)


async def no_log_holds_a_word_of_the_persons(stage: Stage) -> None:
    """Every log of every process: not a word of the persons' records."""
    if stage.logs is None:
        stage.teller.line("   the logs are elsewhere")
        return
    # A log in JSON writes an accent as an escape.
    words = [form.encode() for word in forbidden_words(stage.scenario) for form in (word, json.dumps(word)[1:-1])]
    files = sorted(stage.logs.glob("*.log"))
    told = [file.name for file in files if any(word in file.read_bytes() for word in words)]
    stage.teller.line(f"   read: {', '.join(file.stem for file in files)}")
    stage.hold("no log holds a word of them", told, [])


STEPS = (every_e_mail_of_the_play_said_only_that_something_is_new, no_log_holds_a_word_of_the_persons)
